"""Registration through the form, as a visitor does it."""

import pytest

from kernel.outbox import OutboxMessage
from loyalty import members
from tests.site.conftest import Phone, World

FORM = {"name": "王芳", "phone": "13700137000", "consent": "yes", "next": "/site/coupons"}


@pytest.fixture
def visitor(phone: Phone) -> Phone:
    phone.sign_in("oNew")
    return phone


def _member(world: World, openid: str = "oNew") -> members.Member | None:
    return world.database.read(lambda db: members.find(db, openid))


def test_a_visitor_becomes_a_member_and_goes_where_he_was_going(
    visitor: Phone, world: World
) -> None:
    sent = visitor.post("/site/registration/codes", headers={"HX-Request": "true"}, **FORM)
    assert "137****7000" in sent.text
    assert "<html" not in sent.text
    assert world.nudges == [("sweep_outbox", 0)]

    answer = visitor.post("/site/registration", code=world.sms_code(), **FORM)

    assert (answer.status_code, answer.location) == (302, "/site/coupons")
    member = _member(world)
    assert member is not None
    assert (member.name, member.phone_hint) == ("王芳", "137****7000")
    assert "注册成功" in visitor.text("/site/coupons")


def test_the_page_asks_for_a_code_without_htmx_too(visitor: Phone) -> None:
    page = visitor.post("/site/registration/codes", **FORM).text

    assert "<html" in page
    assert 'value="王芳"' in page


def test_members_are_led_to_register_first(visitor: Phone) -> None:
    led = visitor.get("/site/coupons")

    assert led.location.startswith("/site/registration?next=/site/coupons")
    assert visitor.post("/site/check-ins").status_code == 403


def test_the_consent_box_is_never_ticked_beforehand(visitor: Phone) -> None:
    page = visitor.text("/site/registration")

    assert 'name="consent"' in page
    assert "checked" not in page
    assert "/site/articles/privacy" in page


def test_without_consent_nobody_is_registered(visitor: Phone, world: World) -> None:
    visitor.post("/site/registration/codes", **FORM)
    form = {**FORM, "consent": ""}

    answer = visitor.post("/site/registration", code=world.sms_code(), **form)

    assert answer.status_code == 422
    assert "请先阅读并同意" in answer.text
    assert 'value="王芳"' in answer.text
    assert _member(world) is None


def test_all_mistakes_are_shown_at_once_and_cost_no_try(visitor: Phone) -> None:
    page = visitor.post("/site/registration", name="", phone="12345", code="").text

    for field in ("name", "phone", "code", "consent"):
        assert f'id="{field}-error"' in page


def test_five_wrong_codes_spend_the_code(visitor: Phone, world: World) -> None:
    visitor.post("/site/registration/codes", **FORM)
    right = world.sms_code()
    wrong = "000000" if right != "000000" else "111111"
    for left in (4, 3, 2, 1, 0):
        page = visitor.post("/site/registration", code=wrong, **FORM).text
        assert f"还可以再试 {left} 次" in page

    last = visitor.post("/site/registration", code=right, **FORM)

    assert last.status_code == 422
    assert "验证码已失效" in last.text
    assert _member(world) is None


def test_a_second_code_within_a_minute_is_refused(visitor: Phone, world: World) -> None:
    visitor.post("/site/registration/codes", **FORM)
    world.clock.forward(seconds=20)

    again = visitor.post("/site/registration/codes", headers={"HX-Request": "true"}, **FORM)

    assert again.status_code == 429
    assert "过于频繁" in again.text
    count = world.database.read(lambda db: db.query(OutboxMessage).count())
    assert count == 1


def test_a_day_has_so_many_codes(visitor: Phone, world: World) -> None:
    for _ in range(5):
        visitor.post("/site/registration/codes", **FORM)
        world.clock.forward(seconds=61)

    page = visitor.post("/site/registration/codes", headers={"HX-Request": "true"}, **FORM).text

    assert "次数已用完" in page
    assert 'data-wait="0"' in page


def test_a_taken_phone_is_said_at_the_phone(visitor: Phone, world: World) -> None:
    world.join("oOther", phone=FORM["phone"])
    visitor.post("/site/registration/codes", **FORM)

    page = visitor.post("/site/registration", code=world.sms_code(), **FORM).text

    assert 'id="phone-error"' in page
    assert _member(world) is None


def test_next_of_the_form_is_cleaned_too(visitor: Phone, world: World) -> None:
    form = {**FORM, "next": "//evil.cn"}
    visitor.post("/site/registration/codes", **form)

    assert visitor.post("/site/registration", code=world.sms_code(), **form).location == "/site/"


def test_a_member_has_no_business_with_the_form(alice: Phone, world: World) -> None:
    assert alice.get("/site/registration?next=/site/me").location == "/site/me"
    assert alice.post("/site/registration/codes", **FORM).location == "/site/"
    assert world.nudges == []


def test_extra_fields_are_not_looked_at(visitor: Phone, world: World) -> None:
    visitor.post("/site/registration/codes", **FORM)
    extra = {"openid": "oEve", "member_id": "1", "balance": "999", "channel": "console"}

    visitor.post("/site/registration", code=world.sms_code(), **FORM, **extra)

    member = _member(world)
    assert member is not None
    assert member.channel == "site"
    assert _member(world, "oEve") is None
