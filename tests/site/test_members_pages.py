"""Check-ins, points, applications: what a member does and sees."""

import re
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask

from loyalty import checkins, members, points
from loyalty.points import Credit
from loyalty.policy import Policy
from products import applications
from tests.site.conftest import Phone, World

FORM = {
    "district": "云城区",
    "address": "铁路新村 3 栋 501",
    "visit_on": "2026-11-25",
    "visit_slot": "下午",
    "key": "k" * 24,
}
APPLY = "/site/products/broadband-300m/applications"


def _member_id(world: World) -> int:
    return world.database.read(lambda db: members.get(db, "oAlice").id)


def test_a_check_in_pays_once_a_day(alice: Phone, world: World) -> None:
    assert "签到，得 5 积分" in alice.text("/site/check-ins")

    assert alice.post("/site/check-ins").location == "/site/check-ins"
    assert "签到成功，获得 5 积分" in alice.text("/site/check-ins")
    alice.post("/site/check-ins")

    page = alice.text("/site/check-ins")
    assert "今天已签到过了，已连续签到 1 天" in page
    assert 'aria-label="22日，已签到"' in page
    assert world.database.read(lambda db: points.balance_of(db, _member_id(world))) == 5


def test_the_streak_of_yesterday_lives_until_midnight(alice: Phone, world: World) -> None:
    member_id = _member_id(world)
    for back in range(6, 0, -1):
        at = world.clock.at - timedelta(days=back)
        world.write(partial(checkins.check_in, member_id=member_id, at=at, policy=Policy()))

    page = alice.text("/site/check-ins")

    assert "<b>6</b> 天" in page
    assert "签到，得 10 积分" in page
    world.clock.forward(hours=14)  # past midnight in Shanghai
    assert "<b>0</b> 天" in alice.text("/site/check-ins")


@pytest.mark.parametrize("month", ["2026-12", "2026-13", "1999-01", "x", "2026-1", "٢٠٢٦-١١"])
def test_a_month_that_cannot_be_shown_is_not_found(alice: Phone, month: str) -> None:
    assert alice.get("/site/check-ins", query_string={"month": month}).status_code == 404


def test_the_statement_is_paged_without_loss(alice: Phone, world: World) -> None:
    credits = [Credit(n, f"test:{n}", f"第{n}笔") for n in range(1, 46)]
    expires = world.clock.at + timedelta(days=9)
    member_id = _member_id(world)
    world.write(lambda db: points.earn(db, member_id, credits, world.clock.at, expires))

    seen, path = [], "/site/points"
    while path:
        page = alice.text(path)
        seen += [int(n) for n in re.findall(r"第(\d+)笔", page)]
        older = re.search(r'href="(/site/points\?before=\d+)"', page)
        path = older[1] if older else ""

    assert seen == list(range(45, 0, -1))


@pytest.mark.parametrize("before", ["-1", "1e3", "1;--", "9" * 30, "١٢", ""])
def test_a_made_up_place_in_the_statement_is_not_found(alice: Phone, before: str) -> None:
    assert alice.get("/site/points", query_string={"before": before}).status_code == 404


def test_an_application_is_filed_and_followed(alice: Phone, world: World) -> None:
    filed = alice.post(APPLY, **FORM)

    assert filed.status_code == 302
    page = alice.text(filed.location)
    assert "申请已提交" in page
    assert "云城区 铁路新村 3 栋 501" in page
    assert "2026年11月25日（周三）下午" in page
    assert "三百兆宽带包月" in alice.text("/site/applications")


def test_a_double_tap_files_one_application(alice: Phone, world: World) -> None:
    first, second = alice.post(APPLY, **FORM), alice.post(APPLY, **FORM)

    assert first.location == second.location
    other = alice.post(APPLY, **{**FORM, "address": "另一个地址 1 栋"})
    assert other.status_code == 409
    mine = world.database.read(lambda db: applications.of_member(db, _member_id(world)))
    assert len(mine) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("district", "不存在区"), ("district", ""), ("address", "短"), ("visit_on", ""),
        ("visit_on", "2026-11-22"), ("visit_on", "2026-12-30"), ("visit_on", "明天"),
        ("visit_slot", "半夜"),
    ],
)  # fmt: skip
def test_a_mistake_is_shown_at_its_field_and_the_rest_kept(
    alice: Phone, field: str, value: str
) -> None:
    answer = alice.post(APPLY, **{**FORM, field: value})

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    kept = "铁路新村 3 栋 501" if field != "address" else "2026-11-25"
    assert kept in answer.text


def test_an_empty_form_names_everything_that_is_missing(alice: Phone) -> None:
    page = alice.post(APPLY).text

    for field in ("district", "address", "visit_on", "visit_slot"):
        assert f'id="{field}-error"' in page


def test_a_stranger_s_application_does_not_exist(alice: Phone, bob: Phone) -> None:
    address = alice.post(APPLY, **FORM).location

    assert bob.get(address).status_code == 404
    assert bob.post(f"{address}/cancellations").status_code == 404
    assert "已取消" not in alice.text(address)


def test_the_member_can_take_it_back_once(alice: Phone) -> None:
    address = alice.post(APPLY, **FORM).location

    alice.post(f"{address}/cancellations")
    assert "申请已取消" in alice.text(address)
    alice.post(f"{address}/cancellations")

    assert "不能改为" in alice.text(address)


def test_what_people_type_is_never_markup(app: Flask, world: World) -> None:
    world.join("oEve", "<script>x</script>"[:20])
    eve = Phone(app.test_client())
    eve.sign_in("oEve")
    address = eve.post(APPLY, **{**FORM, "address": '"><img src=x onerror=alert(1)>'}).location

    for path in ("/site/", "/site/me", address):
        page = eve.get(path).text
        assert "<script>x" not in page
        assert "<img src=x" not in page
    failed = eve.post(APPLY, **{**FORM, "address": "<b>", "visit_on": '"><i>'}).text
    assert "<b></textarea>" not in failed
    assert '"><i>' not in failed


@pytest.mark.parametrize("openid", ["oAlice", "oNobody"])
def test_each_page_answers_or_leads_on(app: Flask, world: World, openid: str) -> None:
    world.join("oAlice")
    phone = Phone(app.test_client())
    phone.sign_in(openid)
    pages = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/site") and "GET" in (rule.methods or ()) and not rule.arguments
    ]
    assert len(pages) > 12
    for path in pages:
        assert phone.get(path).status_code in {200, 302, 400, 403}, path


def test_articles_and_products_are_open_to_anybody(phone: Phone) -> None:
    assert "<h2>我们收集什么</h2>" in phone.text("/site/articles/privacy")
    assert "家庭宽带" in phone.text("/site/products/broadband")
    assert "固定电话" in phone.text("/site/products")
    assert "去领券" in phone.text("/site/campaigns/newcomer")
    assert phone.get("/site/articles/none").status_code == 404
    assert phone.get("/site/products/none").status_code == 404
    assert phone.get("/site/campaigns/none").status_code == 404
