"""Web authorization: the address, and who WeChat says is looking."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from bot.oauth import OAuth, SignInFailed, Visitor
from bot.transport import Transport
from tests.bot.stub import APP_ID, SECRET, Answer, Hang, Page, Platform, Reset

PATH = "/sns/oauth2/access_token"


def oauth(platform: Platform) -> OAuth:
    """The sign-in of one account."""
    return OAuth(APP_ID, SECRET, "https://open.weixin.qq.com", Transport(platform.url))


def test_the_address_keeps_wechat_s_order_and_its_fragment(platform: Platform) -> None:
    address = oauth(platform).authorize_url("https://hall.example/site/x?a=1&b=2#top", "s&t#u =")
    names = re.findall(r"[?&]([a-z_]+)=", address)
    assert names == ["appid", "redirect_uri", "response_type", "scope", "state"]
    parts = urlsplit(address)
    assert (parts.netloc, parts.path) == ("open.weixin.qq.com", "/connect/oauth2/authorize")
    assert parts.fragment == "wechat_redirect"
    query = dict(parse_qsl(parts.query, strict_parsing=True))
    assert query["redirect_uri"] == "https://hall.example/site/x?a=1&b=2#top"
    assert query["state"] == "s&t#u ="
    assert (query["response_type"], query["scope"]) == ("code", "snsapi_base")


def test_a_code_is_exchanged_for_the_openid(platform: Platform) -> None:
    platform.will(PATH, {"openid": "oAnna", "access_token": "web", "expires_in": 7200})
    assert oauth(platform).visitor("c0de&x") == Visitor("oAnna", is_snapshot=False)
    assert platform.last(PATH).query == {
        "appid": APP_ID,
        "secret": SECRET,
        "code": "c0de&x",
        "grant_type": "authorization_code",
    }


@pytest.mark.parametrize(
    ("flag", "snapshot"), [(1, True), ("1", True), (0, False), (None, False), (2, False)]
)
def test_a_snapshot_visitor_is_marked(platform: Platform, flag: object, snapshot: bool) -> None:
    platform.will(PATH, {"openid": "oVirtual", "is_snapshotuser": flag})
    assert oauth(platform).visitor("c").is_snapshot is snapshot


@pytest.mark.parametrize(
    "answer",
    [
        {"errcode": 40029, "errmsg": "invalid code"},
        {"errcode": 40163, "errmsg": "code been used"},
        {"errcode": -1, "errmsg": "system error"},
        {"access_token": "web"},
        {"openid": ""},
        {"openid": None},
        {"openid": ["oAnna"]},
        b"null",
        b"<html>",
        Page(status=302, headers=(("Location", "/away"),)),
        Reset,
        Hang,
    ],
    ids=str,
)
def test_whoever_wechat_does_not_confirm_is_nobody(platform: Platform, answer: Answer) -> None:
    platform.will(PATH, answer)
    with pytest.raises(SignInFailed) as failed:
        oauth(platform).visitor("c0de")
    assert SECRET not in str(failed.value)
    assert "c0de" not in str(failed.value)
