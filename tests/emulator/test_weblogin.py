"""Web login: who is asked, what the code is worth, how often."""

from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import requests

from emulator.server import run_in_thread
from emulator.settings import Settings
from tests.emulator.stubs import Callback, Wechat, open_wechat


def ask(wechat: Wechat, scope: str = "snsapi_base", back: str = "http://127.0.0.1:8000/in") -> Any:
    query = {
        "appid": wechat.settings.app_id,
        "redirect_uri": back,
        "response_type": "code",
        "scope": scope,
        "state": "s1",
    }
    return wechat.client.get("/connect/oauth2/authorize", query_string=query)


def hold_phone(wechat: Wechat, **user: Any) -> str:
    openid = str(wechat.control("users", **user)["openid"])
    wechat.client.set_cookie("emulator_user", openid)
    return openid


def take_code(location: str) -> str:
    query = parse_qs(urlsplit(location).query)
    assert query["state"] == ["s1"]
    return query["code"][0]


def exchange(wechat: Wechat, code: str) -> dict[str, Any]:
    return wechat.get_raw(
        "/sns/oauth2/access_token",
        appid=wechat.settings.app_id,
        secret=wechat.settings.app_secret,
        code=code,
        grant_type="authorization_code",
    )


def test_base_scope_is_silent_and_its_code_works_once(wechat: Wechat) -> None:
    openid = hold_phone(wechat)
    response = ask(wechat, back="http://127.0.0.1:8000/in?next=%2Fme")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("http://127.0.0.1:8000/in?next=%2Fme&code=")
    code = take_code(response.headers["Location"])
    answer = exchange(wechat, code)
    assert answer["openid"] == openid
    assert "is_snapshotuser" not in answer
    assert exchange(wechat, code)["errcode"] == 40163
    assert exchange(wechat, "unknown")["errcode"] == 40029
    told = wechat.get_raw("/sns/userinfo", access_token=answer["access_token"], openid=openid)
    assert told["errcode"] == 48001


def test_code_dies_after_five_minutes(wechat: Wechat) -> None:
    hold_phone(wechat)
    code = take_code(ask(wechat).headers["Location"])
    wechat.advance(301)
    assert exchange(wechat, code)["errcode"] == 42003


def test_userinfo_scope_asks_the_person(wechat: Wechat) -> None:
    openid = hold_phone(wechat, nickname="小王")
    page = ask(wechat, "snsapi_userinfo")
    assert "允许" in page.text
    assert "拒绝" in page.text
    target = page.headers["X-Emulator-Consent"]
    refused = wechat.client.post(target, data={"decision": "refuse"})
    assert refused.headers["Location"] == "http://127.0.0.1:8000/in?state=s1"
    allowed = wechat.client.post(target, data={"decision": "allow"})
    tokens = exchange(wechat, take_code(allowed.headers["Location"]))
    query = {"access_token": tokens["access_token"], "openid": openid}
    assert wechat.get_raw("/sns/userinfo", **query)["nickname"] == "小王"
    assert wechat.get_raw("/sns/auth", **query)["errcode"] == 0
    renewed = wechat.get_raw(
        "/sns/oauth2/refresh_token",
        appid=wechat.settings.app_id,
        grant_type="refresh_token",
        refresh_token=tokens["refresh_token"],
    )
    assert renewed["openid"] == openid


def test_snapshot_user_gets_a_virtual_openid(wechat: Wechat) -> None:
    openid = hold_phone(wechat, in_snapshot=True)
    answer = exchange(wechat, take_code(ask(wechat).headers["Location"]))
    assert answer["is_snapshotuser"] == 1
    assert answer["openid"] != openid
    assert len(answer["openid"]) == 28


def test_wrong_host_is_error_10003(wechat: Wechat) -> None:
    hold_phone(wechat)
    assert "redirect_uri 参数错误 10003" in ask(wechat, back="https://evil.example/in").text
    assert "10005" in ask(wechat, "snsapi_login").text


def test_without_a_phone_one_is_chosen(wechat: Wechat) -> None:
    openid = wechat.control("users", nickname="<b>小李</b>")["openid"]
    page = ask(wechat)
    assert "&lt;b&gt;小李&lt;/b&gt;" in page.text
    form = {"openid": openid, "onward": "https://evil.example/"}
    chosen = wechat.client.post("/phone/choose", data=form)
    assert chosen.headers["Location"] == "/"
    assert ask(wechat).status_code == 302


def test_a_visit_goes_through_login_with_the_users_identity(callback: Callback) -> None:
    with run_in_thread(Settings(port=0)) as base, open_wechat() as wechat:
        back = callback.url.replace("/wechat", "/in")
        link = (
            f"{base}/connect/oauth2/authorize?appid={wechat.settings.app_id}"
            f"&redirect_uri={quote(back, safe='')}&response_type=code"
            "&scope=snsapi_userinfo&state=s1#wechat_redirect"
        )
        openid = wechat.control("users", openid="o" + "a" * 27)["openid"]
        import_user(base, openid)
        seen = wechat.control("open", openid=openid, url=link)
    assert seen["status"] == 200
    assert seen["url"].startswith(f"{back}?code=")
    assert seen["text"] == "page"


def import_user(base: str, openid: str) -> None:
    """The same user in the emulator that serves the authorize page."""
    with requests.post(f"{base}/control/users", json={"openid": openid}, timeout=5) as response:
        assert response.json() == {"openid": openid}
