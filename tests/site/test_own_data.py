"""The member's phone, data and way out."""

import json

import pytest
from sqlalchemy import select, update

from loyalty import consents, members
from loyalty.members import Member
from tests.loyalty import desk
from tests.site.conftest import POLICY, START, Phone, World

NEW = "13700137000"


def _change(phone: Phone, world: World, number: str = NEW) -> object:
    phone.post("/site/phone/codes", phone=number)
    return phone.post("/site/phone", phone=number, code=world.sms_code())


def test_a_phone_is_changed_by_its_code_and_then_rests(alice: Phone, world: World) -> None:
    _change(alice, world)

    page = alice.text("/site/me")
    assert "手机号已更换" in page
    assert "137****7000" in page
    assert "30 天后可以再换" in alice.text("/site/phone")
    assert "您的手机号已更换" in alice.text("/site/notices")
    world.clock.forward(days=POLICY.rebind_wait_days)
    assert 'name="code"' in alice.text("/site/phone")


def test_a_wrong_code_changes_nothing(alice: Phone, world: World) -> None:
    alice.post("/site/phone/codes", phone=NEW)
    wrong = "000000" if world.sms_code() != "000000" else "111111"

    answer = alice.post("/site/phone", phone=NEW, code=wrong)

    assert answer.status_code == 422
    assert "还可以再试 4 次" in answer.text
    assert "138****8000" in alice.text("/site/phone")


@pytest.mark.parametrize(
    ("number", "code", "field"),
    [("123", "123456", "phone"), (NEW, "", "code"), (NEW, "123456", "code")],
)
def test_a_mistake_is_shown_at_its_field(alice: Phone, number: str, code: str, field: str) -> None:
    answer = alice.post("/site/phone", phone=number, code=code)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_a_code_for_one_phone_proves_no_other(alice: Phone, world: World) -> None:
    alice.post("/site/phone/codes", phone=NEW)

    other = alice.post("/site/phone", phone="13600136000", code=world.sms_code())

    assert other.status_code == 422
    assert "138****8000" in alice.text("/site/phone")


def test_another_member_s_phone_stays_his(alice: Phone, bob: Phone, world: World) -> None:
    alice.post("/site/phone/codes", phone="13900139000")

    page = alice.post("/site/phone", phone="13900139000", code=world.sms_code())

    assert "已被其他会员使用" in page.text
    assert "139****9000" in bob.text("/site/phone")


def test_the_code_s_message_says_what_it_is_for(alice: Phone, world: World) -> None:
    line = alice.post("/site/phone/codes", phone=NEW, headers={"HX-Request": "true"})

    assert "137****7000" in line.text
    assert "<html" not in line.text
    assert "更换手机号" in world.texts.phrases["sms_code_phone"]


def test_everything_is_shown_and_taken_along(alice: Phone, bob: Phone, world: World) -> None:
    alice.post("/site/check-ins")

    page = alice.text("/site/my-data")
    file = alice.get("/site/my-data/file")

    assert "13800138000" in page
    assert "13900139000" not in page
    assert file.headers["Content-Disposition"].startswith("attachment")
    found = json.loads(file.text)
    assert found["会员"]["手机"] == "13800138000"
    assert [row["积分"] for row in found["签到"]] == [5]
    assert "oBob" not in file.text


def test_who_leaves_types_it_and_is_gone(alice: Phone, world: World) -> None:
    world.grant(world.database.read(lambda db: members.get(db, "oAlice").id), 77)
    assert "77 积分" in alice.text("/site/leaving")
    for typed in ("", "注 销", "delete", "注销" * 30):
        assert alice.post("/site/leaving", word=typed).status_code == 422

    left = alice.post("/site/leaving", word=" 注销 ")

    assert left.location == "/site/leaving/farewell"
    assert "个人数据已删除" in alice.text("/site/leaving/farewell")
    assert alice.openid() is None
    assert alice.post("/site/leaving", word="注销").status_code == 401
    row = world.database.read(lambda db: db.execute(select(Member)).scalar_one())
    assert (row.state, row.phone_hint) == ("erased", None)


def test_who_left_and_comes_back_is_a_stranger(alice: Phone) -> None:
    alice.post("/site/leaving", word="注销")

    alice.sign_in("oAlice")

    assert alice.get("/site/").location.startswith("/site/registration")


def test_a_blocked_member_may_read_his_data_and_leave(alice: Phone, world: World) -> None:
    world.write(lambda db: db.execute(update(Member).values(state="blocked")))

    assert alice.get("/site/my-data/file").status_code == 200
    assert alice.post("/site/leaving", word="注销").location == "/site/leaving/farewell"


def test_registering_agrees_to_the_wording_that_was_shown(phone: Phone, world: World) -> None:
    wording = consents.Wording("phone", "2026-12", "新的说明")
    world.write(lambda db: consents.publish(db, wording, START, by=desk.hire(db)))
    phone.sign_in("oNew")
    form = {"name": "王芳", "phone": NEW, "consent": "yes", "marketing": "yes"}
    page = phone.text("/site/registration")
    assert 'name="version" value="2026-12"' in page
    assert "/site/consents/phone/text" in page
    phone.post("/site/registration/codes", **form)
    code = world.sms_code()

    old = phone.post("/site/registration", code=code, version="2026-11", **form)
    assert "说明刚刚更新" in old.text
    phone.post("/site/registration", code=code, version="2026-12", **form)

    member_id = world.database.read(lambda db: members.get(db, "oNew").id)
    found = world.database.read(lambda db: consents.history(db, member_id))
    assert {(row.purpose, row.version) for row in found} == {
        ("phone", "2026-12"),
        ("marketing", "2026-11"),
    }
