"""Who a push reaches and why not the others, the group held back, and texts by chance."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bot.inbox import InboxMessage
from content.customer_messages import CustomerMessage
from content.reviews import Hand
from handlers.push_actors import start_push
from loyalty.members import Member
from loyalty.tags import MemberTag, Tag
from pushes import attention, drafts
from pushes.audiences import PushList, PushListMember
from pushes.deliveries import Delivery
from tests.jobs.house import House
from tests.pushes.lane import CONTENTS, form


def begun(house: House, *channels: str, **given: object) -> int:
    """A push whose rows stand."""
    house.form = form(*channels, **given)
    push_id = house.approved()
    start_push(house.tools, push_id)
    house.waiting.clear()
    return push_id


def why(house: House, push_id: int) -> list[str]:
    """Each recipient's state, or why he is skipped."""
    return [row.reason or row.state for row in house.rows(push_id)]


def wrote(house: House, openid: str, **ago: float) -> None:
    """A message that came from the follower so long ago."""
    at = house.clock.now() - timedelta(**ago)
    row = {"key": f"{openid}{at}", "kind": "text", "openid": openid, "sent_at": at,
           "received_at": at}  # fmt: skip
    house.do(lambda db: db.execute(insert(InboxMessage), row))


def test_four_mass_messages_a_month_and_no_fifth(house: House) -> None:
    house.audience(3)
    house.rules = replace(house.rules, frequency_most=0)
    for number in range(4):
        house.form = form("mass", title=f"第 {number} 条", audience={"kind": "members"})
        house.approved()
        house.tick()
        house.work()
        house.clock.move(hours=1)
    assert house.channel.sizes == [3, 3, 3, 3]
    push = house.database.transaction(
        lambda db: drafts.write(db, form("mass", "customer"), Hand(1, house.clock.now()))
    )
    moment = attention.Moment(push, house.clock.now(), house.rules)

    def look(session: Session) -> list[Any]:
        found = attention.outlook(session, moment)
        rows = session.execute(select(found.c.channel, found.c.why_mass))
        return [tuple(row) for row in rows]

    assert house.database.read(look) == [(None, "quota_used")] * 3
    house.clock.move(days=11)  # December
    moment = attention.Moment(push, house.clock.now(), house.rules)
    assert house.database.read(look) == [("mass", None)] * 3


def test_a_customer_message_needs_an_open_window_with_room(house: House) -> None:
    fresh, stale, full, silent = house.audience(4)
    wrote(house, fresh, hours=1)
    wrote(house, stale, hours=49)
    wrote(house, full, hours=1)
    rows = [{"reference": f"r{n}", "openid": full, "state": "sent", "posted_at": house.clock.now()}
            for n in range(5)]  # fmt: skip
    house.do(lambda db: db.execute(insert(CustomerMessage), rows))
    push_id = begun(house, "customer")
    assert sorted(why(house, push_id)) == ["pending", *["window_closed"] * 3]
    reached = [row.openid for row in house.rows(push_id) if row.state == "pending"]
    assert reached == [fresh]
    assert silent not in reached


def test_nobody_gets_more_marketing_than_the_house_allows(quick_house: House) -> None:
    house = quick_house
    openids = house.audience(2)
    for openid in openids:
        wrote(house, openid, minutes=1)
    for number in range(3):
        begun(house, "customer", title=f"第 {number} 条")
        house.settle_everything()
    push_id = begun(house, "customer", title="太多")
    assert house.push(push_id).state == "failed"
    assert why(house, push_id) == ["too_often", "too_often"]
    service = begun(house, "template", title="检修")
    assert why(house, service) == ["pending", "pending"]


def test_a_blocked_member_and_one_who_left_are_not_reached(house: House) -> None:
    house.audience(2, unsubscribed=1)
    house.do(lambda db: setattr(db.scalars(select(Member)).first(), "state", "blocked"))
    assert sorted(why(house, begun(house, "template"))) == ["blocked", "pending", "unfollowed"]


@pytest.mark.parametrize("kind", ["tag", "list", "followers"])
def test_each_audience_means_whom_it_says(house: House, kind: str) -> None:
    openids = house.audience(4)

    def choose(session: Session) -> dict[str, Any]:
        ids = list(session.scalars(select(Member.id).order_by(Member.id)))
        at = house.clock.now()
        tag = Tag(code="vip", name="贵宾", kind="hand", active=True, created_at=at)
        listed = PushList(name="名单", size=2, lost=0, created_by=1, created_at=at)
        session.add_all([tag, listed])
        session.flush()
        for member_id in ids[:2]:
            session.add(MemberTag(member_id=member_id, tag_id=tag.id, source="hand", put_at=at))
            session.add(PushListMember(list_id=listed.id, member_id=member_id))
        found: dict[str, dict[str, Any]] = {
            "tag": {"kind": "tag", "tag": "vip"},
            "list": {"kind": "list", "list": listed.id},
            "followers": {"kind": "followers"},
        }
        return found[kind]

    audience = house.database.transaction(choose)
    push_id = begun(house, "template", audience=audience)
    meant = openids if kind == "followers" else openids[:2]
    assert [row.openid for row in house.rows(push_id)] == meant


def test_chance_holds_back_a_share_and_deals_the_texts(house: House) -> None:
    house.audience(600)
    two = [{"share": share, "contents": {"template": CONTENTS["template"]}} for share in (70, 30)]
    push_id = begun(house, "template", holdout_percent=20, variants=two)
    rows = house.rows(push_id)
    counts = Counter((row.state, row.variant if row.state == "pending" else 0) for row in rows)
    held = counts[("held", 0)]
    assert 70 <= held <= 170
    assert 0.6 <= counts[("pending", 0)] / (600 - held) <= 0.8
    house.settle_everything()
    assert house.counts(push_id) == {"held": held, "sent": 600 - held}
    again = begun(house, "template", title="又", holdout_percent=20, variants=two)
    other = {row.openid for row in house.rows(again) if row.state == "held"}
    assert other != {row.openid for row in rows if row.state == "held"}


def test_a_mass_send_has_one_text_a_call(house: House) -> None:
    house.audience(60)
    house.chunk = 7
    texts = ("中秋安康", "月圆人圆")
    two = [{"share": 50, "contents": {"mass": {"kind": "text", "text": text}}} for text in texts]
    push_id = begun(house, "mass", variants=two)
    house.settle_everything()
    assert house.counts(push_id) == {"sent": 60}
    by_chunk: dict[int | None, set[int]] = {}
    for row in house.rows(push_id):
        by_chunk.setdefault(row.chunk_no, set()).add(row.variant)
    assert all(len(variants) == 1 for variants in by_chunk.values())
    assert min(house.channel.sizes) >= 2


def test_everybody_has_one_row_and_the_rows_add_up(house: House) -> None:
    house.audience(25, unsubscribed=5)
    push_id = begun(house, "template", holdout_percent=10)
    push, rows = house.push(push_id), house.rows(push_id)
    assert push.total == len(rows) == 30 == sum(house.counts(push_id).values())
    assert len({row.openid for row in rows}) == 30
    assert {row.chunk_no is None for row in rows if row.state != "pending"} == {True}
    assert isinstance(rows[0], Delivery)
