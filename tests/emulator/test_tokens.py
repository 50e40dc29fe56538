"""The two token families, which know nothing of each other."""

import pytest

from tests.emulator.stubs import Wechat


def test_each_plain_token_is_new_and_the_last_one_works_five_minutes(wechat: Wechat) -> None:
    first, second = wechat.ask_token()["access_token"], wechat.ask_token()["access_token"]
    assert first != second
    assert wechat.errcode(first) == 0
    wechat.advance(301)
    assert wechat.errcode(first) == 40001
    assert wechat.errcode(second) == 0


def test_families_do_not_touch_each_other(wechat: Wechat) -> None:
    stable = wechat.ask_stable()["access_token"]
    wechat.ask_token()
    wechat.advance(600)
    assert wechat.errcode(stable) == 0
    plain = wechat.ask_token()["access_token"]
    wechat.ask_stable(force=True)
    assert wechat.errcode(plain) == 0
    assert wechat.errcode(stable) == 40001


def test_stable_token_stays_until_its_last_five_minutes(wechat: Wechat) -> None:
    first = wechat.ask_stable()
    wechat.advance(6800)
    again = wechat.ask_stable()
    assert again["access_token"] == first["access_token"]
    assert 395 <= again["expires_in"] <= 400
    wechat.advance(150)
    renewed = wechat.ask_stable()
    assert renewed["access_token"] != first["access_token"]
    assert renewed["expires_in"] == 7200
    wechat.advance(290)
    assert wechat.errcode(first["access_token"]) == 0
    wechat.advance(20)
    assert wechat.errcode(first["access_token"]) == 40001


def test_forcing_kills_at_once_but_not_twice_in_thirty_seconds(wechat: Wechat) -> None:
    first = wechat.ask_stable()["access_token"]
    forced = wechat.ask_stable(force=True)["access_token"]
    assert wechat.errcode(first) == 40001
    assert wechat.ask_stable(force=True)["access_token"] == forced
    for _ in range(19):
        wechat.advance(31)
        assert "access_token" in wechat.ask_stable(force=True)
    wechat.advance(31)
    assert wechat.ask_stable(force=True)["errcode"] == 45009


def test_dead_tokens_are_told_apart(wechat: Wechat) -> None:
    token = wechat.ask_token()["access_token"]
    wechat.advance(7201)
    assert wechat.errcode(token) == 42001
    assert wechat.errcode("90_" + "x" * 133) == 40001
    assert wechat.errcode("nonsense") == 40014
    assert wechat.errcode("") == 41001


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"grant_type": "password"}, 40002),
        ({"appid": ""}, 41002),
        ({"appid": "wx-other"}, 40013),
        ({"secret": ""}, 41004),
        ({"secret": "wrong"}, 40125),
    ],
)
def test_token_call_is_refused(wechat: Wechat, changes: dict[str, str], errcode: int) -> None:
    answer = wechat.ask_token(**changes)
    assert answer["errcode"] == errcode
    assert " rid: " in answer["errmsg"]


def test_token_call_by_the_wrong_method_or_address(wechat: Wechat) -> None:
    assert wechat.get_raw("/cgi-bin/stable_token")["errcode"] == 43002
    wechat.control("account", allowed_ips=["203.0.113.7"])
    answer = wechat.ask_token()
    assert answer["errcode"] == 40164
    assert answer["errmsg"].startswith("invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1")


def test_daily_and_minute_quotas_and_clearing_them(wechat: Wechat) -> None:
    wechat.control("limits", **{"/cgi-bin/tags/get": 2, "/cgi-bin/user/info#minute": 1})
    openid = wechat.add_follower().openid
    assert [wechat.get("/cgi-bin/tags/get").get("errcode", 0) for _ in range(3)] == [0, 0, 45009]
    quota = wechat.call("/cgi-bin/openapi/quota/get", cgi_path="/cgi-bin/tags/get")["quota"]
    assert quota == {"daily_limit": 2, "used": 2, "remain": 0}
    assert wechat.call("/cgi-bin/clear_quota", appid=wechat.settings.app_id)["errcode"] == 0
    assert "tags" in wechat.get("/cgi-bin/tags/get")
    assert "openid" in wechat.get("/cgi-bin/user/info", openid=openid)
    assert wechat.get("/cgi-bin/user/info", openid=openid)["errcode"] == 45011
    wechat.advance(61)
    assert "openid" in wechat.get("/cgi-bin/user/info", openid=openid)


def test_gate_refuses_before_the_business(wechat: Wechat) -> None:
    assert wechat.get("/cgi-bin/no/such/thing")["errcode"] == 40066
    assert wechat.post_bytes("/cgi-bin/tags/create", b"")["errcode"] == 44002
    assert wechat.post_bytes("/cgi-bin/tags/create", b"{")["errcode"] == 47001
    assert wechat.post_bytes("/cgi-bin/tags/create", b"[1]")["errcode"] == 47001
    wechat.control("account", withdrawn=["/cgi-bin/tags/get"])
    assert wechat.get("/cgi-bin/tags/get")["errcode"] == 48001


def test_answers_carry_the_platforms_content_type(wechat: Wechat) -> None:
    response = wechat.client.get("/cgi-bin/token")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json; encoding=utf-8"


def test_jsapi_ticket_is_the_same_while_it_lasts(wechat: Wechat) -> None:
    first = wechat.get("/cgi-bin/ticket/getticket", type="jsapi")
    assert wechat.get("/cgi-bin/ticket/getticket", type="jsapi")["ticket"] == first["ticket"]
    wechat.advance(7200)
    assert wechat.get("/cgi-bin/ticket/getticket", type="jsapi")["ticket"] != first["ticket"]
    assert wechat.get("/cgi-bin/ticket/getticket", type="wx_card")["errcode"] == 40097
