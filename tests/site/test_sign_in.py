"""Signing in: what WeChat says is believed, what the client says is not."""

import pytest
from flask import Flask

from tests.site.conftest import BASE_URL, Phone, World
from web.site.paths import HOME, clean_next


def test_a_visitor_is_led_to_wechat_and_back_to_the_page_he_wanted(phone: Phone) -> None:
    led = phone.get("/site/points?before=7")
    assert led.location.startswith("/site/sign-in?next=/site/points?before")

    back = phone.sign_in("oAlice", "/site/points?before=7")

    assert (back.status_code, back.location) == (302, "/site/points?before=7")
    assert phone.openid() == "oAlice"


def test_the_callback_address_is_ours(phone: Phone) -> None:
    assert f"redirect_uri={BASE_URL}/site/oauth/callback" in phone.get("/site/sign-in").location


@pytest.mark.parametrize("state", ["", "f" * 32, "0" * 129])
def test_a_state_that_was_not_given_here_signs_nobody_in(phone: Phone, state: str) -> None:
    phone.begin()

    answer = phone.get("/site/oauth/callback", query_string={"code": "oEve.1", "state": state})

    assert answer.status_code == 400
    assert phone.openid() is None


def test_the_state_of_another_browser_signs_nobody_in(phone: Phone, app: Flask) -> None:
    state = Phone(app.test_client()).begin()

    assert phone.get(f"/site/oauth/callback?code=oEve.1&state={state}").status_code == 400
    assert phone.openid() is None


@pytest.mark.parametrize(("minutes", "status"), [(9.9, 302), (11, 400)])
def test_a_state_lives_ten_minutes(
    phone: Phone, world: World, minutes: float, status: int
) -> None:
    state = phone.begin()
    world.clock.forward(minutes=minutes)

    assert phone.get(f"/site/oauth/callback?code=oAlice.1&state={state}").status_code == status


def test_a_state_is_good_once(phone: Phone) -> None:
    state = phone.begin()
    phone.get(f"/site/oauth/callback?code=oAlice.1&state={state}")
    with phone.client.session_transaction(base_url=BASE_URL) as session:
        del session["openid"]

    assert phone.get(f"/site/oauth/callback?code=oEve.2&state={state}").status_code == 400
    assert phone.openid() is None


def test_reload_of_the_callback_just_goes_on(phone: Phone) -> None:
    state = phone.begin("/site/coupons")
    address = f"/site/oauth/callback?code=oAlice.1&state={state}"
    phone.get(address)

    again = phone.get(address)

    assert (again.status_code, again.location) == (302, "/site/coupons")
    assert phone.openid() == "oAlice"


def test_a_refused_code_is_tried_once_more_and_then_explained(phone: Phone) -> None:
    first = phone.get(f"/site/oauth/callback?code=bad&state={phone.begin('/site/me')}")
    assert first.location == "/site/sign-in?next=/site/me&again=1"
    state = phone.get(first.location).location.rsplit("state=", 1)[1]

    second = phone.get(f"/site/oauth/callback?code=bad&state={state}")

    assert second.status_code == 400
    assert "重新登录" in second.text
    assert phone.openid() is None


def test_no_code_means_the_visitor_declined(phone: Phone) -> None:
    assert phone.get(f"/site/oauth/callback?state={phone.begin()}").status_code == 400


def test_a_snapshot_visitor_is_nobody(phone: Phone, world: World) -> None:
    world.wechat.snapshots.add("oGhost")

    answer = phone.sign_in("oGhost")

    assert answer.status_code == 403
    assert "使用完整服务" in answer.text
    assert phone.openid() is None


def test_signing_in_forgets_what_was_planted_before(phone: Phone) -> None:
    with phone.client.session_transaction(base_url=BASE_URL) as session:
        session["planted"] = "x"

    phone.sign_in("oAlice")

    with phone.client.session_transaction(base_url=BASE_URL) as session:
        assert "planted" not in session


def test_who_is_signed_in_is_not_sent_to_wechat_again(alice: Phone) -> None:
    assert alice.get("/site/sign-in?next=/site/me").location == "/site/me"


def test_an_openid_in_the_address_changes_nothing(alice: Phone) -> None:
    alice.get("/site/me?openid=oEve&member_id=99")

    assert alice.openid() == "oAlice"


@pytest.mark.parametrize(
    "asked",
    [
        None, "", "/", "/console/", "//evil", "///evil", "https:evil", "https://evil.cn/site/",
        "/\\evil", "/site\\evil", "/%09/evil", "javascript:alert(1)", "/site//evil.cn",
        "https://hall.example.cn@evil", "https://hall.example.cn.evil", "%2f%2fevil",
        "/site/\r\nSet-Cookie: a=b", "/site/../console/", "/site/%2e%2e/console/", "/sitemap",
        "/site/me#x", "/site/" + "a" * 300, "/site/sign-in?next=/site/", "/site/oauth/callback",
        "/site/\u0661", "\t/site/", "/site/ ",
    ],
)  # fmt: skip
def test_nobody_is_sent_off_the_site(asked: str | None, phone: Phone) -> None:
    assert clean_next(asked) == HOME
    if asked and "\r" not in asked:
        assert phone.sign_in("oAlice", asked).location == HOME


@pytest.mark.parametrize(
    ("asked", "cleaned"),
    [
        ("/site/", "/site/"),
        ("/site/?", "/site/"),
        ("/site/points?before=7", "/site/points?before=7"),
        ("/site/redemptions/new?code=12-345678", "/site/redemptions/new?code=12-345678"),
    ],
)
def test_own_pages_are_returned_to(asked: str, cleaned: str) -> None:
    assert clean_next(asked) == cleaned
