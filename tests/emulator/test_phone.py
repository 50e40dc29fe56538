"""The phone page: whose it is, what it shows, what it never does with a text."""

import threading
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import emulator
from emulator.chats import split_links
from tests.emulator.stubs import Wechat

STATIC = Path(emulator.__file__).parent / "static"


def read_view(wechat: Wechat, since: str = "") -> Any:
    return wechat.client.get("/phone/view", query_string={"since": since}).get_json()


def test_first_visit_makes_a_user(wechat: Wechat) -> None:
    response = wechat.client.get("/")
    cookie = SimpleCookie(response.headers["Set-Cookie"])["emulator_user"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    user = read_view(wechat)["user"]
    assert user["openid"] == cookie.value
    assert user["nickname"] == "小李"
    assert "Set-Cookie" not in wechat.client.get("/").headers


def test_page_runs_only_its_own_scripts(wechat: Wechat) -> None:
    response = wechat.client.get("/")
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    for marked in (" style=", " onclick=", "<script>", "<style"):
        assert marked not in response.text
    assert "输入消息" in response.text
    assert "关注公众号" in response.text


def test_scripts_never_build_markup_from_texts() -> None:
    for script in STATIC.glob("*.js"):
        content = script.read_text()
        for danger in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert danger not in content, script.name


def test_only_links_are_markup_in_texts() -> None:
    text = (
        'a<a href="https://x.cn/?a=1&amp;b=2">看</a><b>b</b><script>c</script>'
        "<a href='javascript:alert(1)'>坏</a>"
        '<a href="weixin://bizmsgmenu?msgmenucontent=签到&msgmenuid=7">签到</a>'
    )
    assert split_links(text) == [
        {"text": "a"},
        {"text": "看", "href": "https://x.cn/?a=1&b=2"},
        {"text": "<b>b</b><script>c</script>"},
        {"text": "坏"},
        {"text": "签到", "say": "签到", "menu_id": "7"},
    ]


def test_view_waits_for_a_change(wechat: Wechat) -> None:
    wechat.client.get("/")
    first = read_view(wechat)
    threading.Timer(0.05, wechat.platform.store.touch).start()
    assert read_view(wechat, first["revision"])["revision"] != first["revision"]


def test_unfollowing_clears_the_chat_of_the_phone(wechat: Wechat) -> None:
    wechat.client.get("/")
    wechat.client.post("/phone/follow", json={"scene": "hall-01"})
    wechat.client.post("/phone/say", json={"text": "你好", "client_id": "c1"})
    item = read_view(wechat)["items"][0]
    assert (item["text"], item["client_id"], item["from"]) == ("你好", "c1", "user")
    wechat.client.post("/phone/unfollow", json={})
    assert read_view(wechat)["user"]["subscribed"] is False
    wechat.client.post("/phone/follow", json={})
    assert read_view(wechat)["items"] == []


def test_another_user_gets_a_clean_web_view(wechat: Wechat) -> None:
    wechat.client.get("/")
    wechat.client.set_cookie("session", "of-the-mini-site")
    response = wechat.client.post("/phone/users", json={"nickname": "阿芳"})
    cleared = [each for each in response.headers.getlist("Set-Cookie") if "session=;" in each]
    assert len(cleared) == 1
    assert "Path=/" in cleared[0]
    assert read_view(wechat)["user"]["nickname"] == "阿芳"


def test_phone_of_a_user_who_is_gone_starts_anew(wechat: Wechat) -> None:
    wechat.client.get("/")
    wechat.control("reset")
    assert wechat.client.get("/phone/view").status_code == 409
    wechat.client.get("/")
    assert read_view(wechat)["user"]["subscribed"] is False


def test_sms_inbox(wechat: Wechat) -> None:
    sent = {"phone": "13800138000", "text": "【微厅】验证码 123456"}
    assert wechat.client.post("/sms/send", json=sent).get_json() == {"ok": True}
    assert wechat.client.post("/sms/send", json={"phone": "1"}).status_code == 400
    wechat.client.post("/sms/send", json={"phone": "13900139000", "text": "另一条"})
    assert [each["text"] for each in wechat.read("sms")] == ["另一条", sent["text"]]
    assert len(wechat.read("sms", phone="13800138000")) == 1
    assert "短信" in wechat.client.get("/sms").text


def test_control_refuses_in_words(wechat: Wechat) -> None:
    response = wechat.client.post("/control/say", json={"openid": "oNobody", "text": "x"})
    assert response.status_code == 400
    assert "oNobody" in response.get_json()["error"]
    stranger = wechat.control("users")["openid"]
    assert "follow" in wechat.control("say", openid=stranger, text="x")["error"]
