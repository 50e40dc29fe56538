"""Preflight: its numbers add up to the audience, and it says what stands in the way."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from kernel.db import Database
from loyalty import consents
from loyalty.members import Member
from pushes import credits, drafts, preflight, switches
from pushes.deliveries import Delivery
from pushes.drafts import Form
from pushes.preflight import Preflight
from pushes.pushes import Push
from pushes.settings import PushRules
from tests.console import push_desk, seeds
from tests.console.house import NOON, House
from tests.console.push_desk import MASS, NOTICE, SMS, TEMPLATE, form

RULES = PushRules(sms_signature="大连铁通", sms_fen=5)
CONTENTS = {"notice": NOTICE, "mass": MASS, "sms": SMS}
PEOPLE = 40


def people(house: House) -> None:
    """Some with a credit, some who left, some who agreed to short messages."""

    def work(db: Session) -> None:
        for number in range(1, PEOPLE + 1):
            one = seeds.add_member(db, house.vault, number, follows=number % 4 != 0)
            if number % 3 == 0:
                credits.allow(db, one.openid, TEMPLATE, NOON)
            if number % 8 == 0:
                consents.enter(db, one.id, ("marketing", "1"), NOON, channel="site")

    house.database.transaction(work)


def written(house: House, **changes: Any) -> Push:
    given = Form("预检", list(CONTENTS), [{"share": 70, "contents": CONTENTS},
                                       {"share": 30, "contents": CONTENTS}],
                 holdout_percent=10, link="/site/coupons")  # fmt: skip
    given = replace(given, **changes)
    return house.database.transaction(
        lambda db: drafts.write(db, given, seeds.hand_of(db, "marketer"))
    )


def look(house: House, push: Push, rules: PushRules = RULES) -> Preflight:
    return house.database.read(
        lambda db: preflight.look(db, db.get_one(Push, push.id), NOON, rules)
    )


def test_the_numbers_add_up_to_the_audience(house: House) -> None:
    people(house)
    found = look(house, written(house))

    assert found.everybody == PEOPLE
    assert sum(one.chosen for one in found.channels) + found.nobody == PEOPLE
    for one in found.channels:
        assert one.reachable + sum(one.reasons.values()) == PEOPLE, one
    assert sum(found.nobody_reasons.values()) == found.nobody
    assert found.leaving + found.held == found.chosen
    assert sum(found.variants) == found.leaving
    by_name = {one.channel: one for one in found.channels}
    assert by_name["notice"].reasons == {"no_credit": 27}
    assert by_name["mass"].reasons == {"unfollowed": 10}
    assert by_name["sms"].chosen == 4  # of the ten who left one in two agreed, one has a credit
    assert found.cost.sms_pieces == by_name["sms"].chosen
    assert found.cost.sms_fen == found.cost.sms_pieces * 5


def test_what_was_promised_is_what_is_frozen(house: House) -> None:
    people(house)
    push = written(house, holdout_percent=0)
    found = look(house, push)

    house.database.transaction(lambda db: seeds.let_go(db, push.id))
    rows = house.database.read(
        lambda db: db.execute(
            select(Delivery.channel, func.count())
            .where(Delivery.state == "pending").group_by(Delivery.channel)
        ).all()
    )  # fmt: skip
    assert {row[0]: row[1] for row in rows} == {
        one.channel: one.chosen for one in found.channels if one.chosen
    }


def test_it_asks_once_whatever_the_number_of_people(house: House) -> None:
    people(house)
    push = written(house)
    sent: list[str] = []

    def note(*args: Any) -> None:
        sent.append(args[2])

    event.listen(house.database.engine, "before_cursor_execute", note)
    look(house, push)
    event.remove(house.database.engine, "before_cursor_execute", note)
    of_people = [one for one in sent if "FROM member" in one]
    assert len(of_people) == 1
    assert len(sent) <= 8


@pytest.mark.parametrize(
    ("changes", "words", "stops"),
    [
        ({"send_at": NOON + timedelta(hours=10)}, "免打扰时段", False),
        ({"channels": ["mass"]}, "至少要 2 位", True),
        ({"link": ""}, "{链接}", False),
        (
            {"channels": ["mass"], "variants": [{"share": 100, "contents": {
                "mass": {"kind": "article", "article_id": 9, "title": "冬至"}}}]},
            "草稿箱", True,
        ),
    ],
)  # fmt: skip
def test_it_warns(house: House, changes: dict[str, Any], words: str, stops: bool) -> None:
    house.database.transaction(lambda db: seeds.add_member(db, house.vault, 1))
    found = look(house, written(house, **changes)).warnings

    assert [one.stops for one in found if words in one.text] == [stops]


def test_a_stopped_channel_is_said(house: House) -> None:
    people(house)
    push = written(house)
    house.database.transaction(
        lambda db: switches.stop(db, "sms", "投诉增多", seeds.hand_of(db, "operations"))
    )

    assert "短信已被停用：投诉增多" in [one.text for one in look(house, push).warnings]


def test_the_rate_decides_how_long_it_takes(house: House) -> None:
    people(house)
    push = written(house, channels=["notice"], variants=[
        {"share": 100, "contents": {"notice": NOTICE}}], rate=2)  # fmt: skip

    assert look(house, push).seconds == 7  # thirteen people, two a second
    windowed = replace(RULES, window_most=60, window_minutes=1)
    assert look(house, push, windowed).rate == 1


def test_the_pages_show_it(house: House) -> None:
    people(house)
    push = written(house)
    marketer = house.enter("marketer")

    fragment = marketer.get(f"/console/pushes/{push.id}/preflight", **{"HX-Request": "true"})
    assert "<html" not in fragment.text
    assert "没有允许订阅通知" in fragment.text
    assert "王*" in fragment.text
    assert "王芳" not in fragment.text
    assert "<html" in marketer.text(f"/console/pushes/{push.id}/preflight")
    typed = marketer.post("/console/pushes/preflights", **form())
    assert "名单共" in typed.text
    assert "请填写标题" in marketer.post("/console/pushes/preflights", **form(title="")).text
    assert len(push_desk.every(house)) == 1


def test_every_database_counts_alike(database: Database) -> None:
    """The one query is SQL that three databases read in their own ways."""

    def work(db: Session) -> Preflight:
        for number in range(1, 7):
            db.add(Member(openid=f"o{number}", name="王芳", channel="site", registered_at=NOON))
        db.flush()
        seeds.add_operators(db)
        db.flush()
        given = Form("预检", list(CONTENTS), [{"share": 100, "contents": CONTENTS}])
        push = drafts.write(db, given, seeds.hand_of(db, "marketer"))
        return preflight.look(db, push, NOON, RULES)

    found = database.transaction(work)
    assert (found.everybody, found.nobody) == (6, 6)
    assert found.nobody_reasons == {"no_credit": 6}
    assert [one.reasons for one in found.channels] == [
        {"no_credit": 6}, {"unfollowed": 6}, {"no_phone": 6},
    ]  # fmt: skip
