"""What holds for every route of the mini-site."""

import re

import pytest
from flask import Flask
from werkzeug.routing import Rule

from tests.site.conftest import BASE_URL, Phone, World
from web.limits import LIMITS


def _rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("site.")]


def _path(rule: Rule) -> str:
    return re.sub(r"<[^>]*>", "1", rule.rule)


def test_every_route_says_who_may_call_it(app: Flask) -> None:
    for rule in _rules(app):
        guard = getattr(app.view_functions[rule.endpoint], "guard", None)
        assert guard in {"public", "visitor", "member", "staff"}, rule.endpoint


def test_a_post_without_a_token_is_refused(app: Flask, alice: Phone) -> None:
    posts = [rule for rule in _rules(app) if "POST" in (rule.methods or ())]
    assert len(posts) == 21
    for rule in posts:
        assert alice.post_bare(_path(rule)).status_code == 400, rule.rule
        assert alice.post_bare(_path(rule), csrf_token="x.y.z").status_code == 400, rule.rule


def test_every_post_is_limited(app: Flask) -> None:
    posts = {rule.endpoint for rule in _rules(app) if "POST" in (rule.methods or ())}

    assert posts - set(LIMITS) == set()
    assert {name for name in LIMITS if name.startswith("site.")} <= set(app.view_functions)


def test_a_token_of_another_session_is_refused(alice: Phone, bob: Phone) -> None:
    with bob.client.session_transaction(base_url=BASE_URL) as session:
        session["csrf_token"] = "b" * 40
    alice.token()

    assert alice.post_bare("/site/check-ins", csrf_token=bob.token()).status_code == 400


def test_what_changes_something_cannot_be_got(app: Flask, alice: Phone) -> None:
    for path in (
        "/site/registration/codes",
        "/site/coupon-batches/1/coupons",
        "/site/products/broadband-100m/applications",
        "/site/applications/1/cancellations",
        "/site/rewards/bill-10/orders",
        "/site/reward-orders/1/cancellations",
        "/site/consents/marketing/withdrawals",
    ):
        assert alice.get(path).status_code == 405, path


def test_who_is_signed_out_cannot_post(phone: Phone) -> None:
    for path in ("/site/check-ins", "/site/registration", "/site/redemptions"):
        assert phone.post(path).status_code == 401, path


@pytest.mark.parametrize(
    "path",
    [
        "/site/", "/site/check-ins", "/site/coupons", "/site/products/phone-home/apply",
        "/site/rewards", "/site/rewards/bill-10", "/site/points", "/site/tier", "/site/invitation",
        "/site/profile", "/site/phone", "/site/consents", "/site/my-data", "/site/leaving",
    ],
)  # fmt: skip
def test_pages_hold_nothing_that_the_policy_forbids(alice: Phone, path: str) -> None:
    answer = alice.get(path)

    assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|<style", answer.text)


def test_every_posting_form_carries_the_token(alice: Phone, world: World) -> None:
    for path in (
        "/site/", "/site/check-ins", "/site/coupons", "/site/products/phone-home/apply",
        "/site/profile", "/site/phone", "/site/consents", "/site/leaving",
    ):  # fmt: skip
        forms = re.findall(r'<form[^>]*method="post".*?</form>', alice.get(path).text, re.DOTALL)
        assert forms, path
        assert all('name="csrf_token"' in form for form in forms), path


def test_an_unknown_page_is_told_in_chinese(phone: Phone) -> None:
    answer = phone.get("/site/nothing/here")

    assert answer.status_code == 404
    assert "页面不存在或已下线" in answer.text
    assert "返回首页" in answer.text
