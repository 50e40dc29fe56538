"""Invitations: a newcomer who registers by a member's link; sharing alone pays nobody."""

import re

import pytest
from flask import Flask

from loyalty import members, points
from tests.site.conftest import Phone, World

FORM = {"name": "王芳", "phone": "13700137000", "consent": "yes"}


def _code(phone: Phone) -> str:
    found = re.search(r"registration\?invite=([0-9A-Z]{9})", phone.text("/site/invitation"))
    assert found
    return found[1]


def _balance(world: World, openid: str) -> int:
    return world.database.read(lambda db: points.balance_of(db, members.get(db, openid).id))


def _register(app: Flask, world: World, openid: str, **fields: str) -> Phone:
    phone = Phone(app.test_client())
    phone.sign_in(openid)
    form = {**FORM, **fields}
    phone.post("/site/registration/codes", **form)
    phone.post("/site/registration", code=world.sms_code(), **form)
    return phone


def test_the_page_shows_code_link_and_both_rewards(alice: Phone) -> None:
    page = alice.text("/site/invitation")

    assert "您得 30 积分" in page
    assert "好友注册另得 20 积分" in page
    assert "分享本身没有奖励" in page
    assert _code(alice) == _code(alice)
    assert 'style="' not in alice.get("/site/invitation").text


def test_the_link_leads_through_wechat_to_the_form(phone: Phone, alice: Phone) -> None:
    address = f"/site/registration?invite={_code(alice)}"
    led = phone.get(address)
    assert "/site/sign-in" in led.location

    back = phone.sign_in("oNew", address)

    assert back.location == address
    page = phone.text(address)
    assert "好友邀请您成为会员，新会员注册另得 20 积分" in page
    assert f'name="invite" value="{_code(alice)}"' in page


def test_a_newcomer_pays_both_once(app: Flask, alice: Phone, world: World) -> None:
    _register(app, world, "oNew", invite=_code(alice))

    assert _balance(world, "oNew") == 50 + 20
    assert _balance(world, "oAlice") == 30
    assert "已成功邀请 1 位好友" in alice.text("/site/invitation")
    assert "您邀请的好友已注册" in alice.text("/site/")


@pytest.mark.parametrize("invite", ["", "XXXXXXXXX", "' OR 1=1", "A" * 300])
def test_a_code_that_leads_nowhere_keeps_nobody_out(
    app: Flask, alice: Phone, world: World, invite: str
) -> None:
    newcomer = _register(app, world, "oNew", invite=invite)

    assert _balance(world, "oNew") == 50
    assert _balance(world, "oAlice") == 0
    assert "好友邀请" not in newcomer.text("/site/registration")


def test_a_member_who_opens_a_link_is_shown_home(alice: Phone, bob: Phone) -> None:
    assert bob.get(f"/site/registration?invite={_code(alice)}").location == "/site/"
