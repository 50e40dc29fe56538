"""The timeline: two streams merged by time, paged without a gap or a repeat."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.orm import Session

from kernel import activity
from kernel.db import Database
from loyalty import points, timeline
from loyalty.points import Credit
from loyalty.timeline import Event
from tests.loyalty.people import NEXT_YEAR, join
from tests.world import NOON


def note(session: Session, member: int, kind: str, at: datetime, **facts: int) -> None:
    """Something that happened to the member."""
    activity.record(session, kind, at, who=(None, member), **facts)


def read_all(session: Session, member: int, limit: int, group: str | None = None) -> list[Event]:
    """Every page of the timeline."""
    events: list[Event] = []
    cursor = None
    for _ in range(100):
        page = timeline.page(session, member, group=group, cursor=cursor, limit=limit)
        assert len(page.events) <= limit
        events += page.events
        cursor = page.older
        if cursor is None:
            return events
    raise AssertionError("the pages never end")


def test_deeds_and_points_are_one_story(database: Database) -> None:
    def work(session: Session) -> None:
        member, other = join(session), join(session)
        for day in range(1, 4):
            at = NOON + timedelta(days=day)
            note(session, member, "check_in", at, streak=day)
            points.earn(session, member, [Credit(day, f"c:{day}", "每日签到")], at, NEXT_YEAR)
            note(session, other, "check_in", at)
            if day == 2:
                note(session, member, "coupon.claimed", at + timedelta(hours=1), batch_id=4)
        kinds = [found.kind for found in read_all(session, member, 30)]
        assert kinds == [
            "points.earn", "check_in", "coupon.claimed", "points.earn", "check_in",
            "points.earn", "check_in", "register", "consent.granted",
        ]  # fmt: skip
        first = timeline.page(session, member, limit=1).events[0]
        assert first.facts == {"points": 3, "balance": 6, "note": "每日签到"}
        for limit in (1, 2, 3, 8, 9, 10):
            assert [found.kind for found in read_all(session, member, limit)] == kinds

    database.transaction(work)


@pytest.mark.parametrize(
    ("group", "kinds"),
    [
        ("coupon", ["coupon.claimed"]),
        ("check_in", ["check_in.made_up", "check_in"]),
        ("points", ["points.earn"]),
        ("member", ["tier.changed", "register"]),
        ("other", ["check_in_list", "follow"]),
        ("nonsense", []),
    ],
)
def test_a_group_shows_its_own(sqlite: Database, group: str, kinds: list[str]) -> None:
    def work(session: Session) -> list[str]:
        member = join(session)
        later = NOON + timedelta(hours=1)
        for kind in (
            "check_in", "check_in.made_up", "coupon.claimed", "follow", "check_in_list",
            "tier.changed",
        ):  # fmt: skip
            note(session, member, kind, later)
        points.earn(session, member, [Credit(1, "c", "")], later, NEXT_YEAR)
        return [found.kind for found in read_all(session, member, 1, group)]

    assert sqlite.transaction(work) == kinds


@pytest.mark.parametrize(
    "cursor", ["", ".", "x", "1", "1.2.3", "-1.2", "9" * 19 + ".1", "1.1; DROP", "１.２"]
)
def test_a_cursor_from_elsewhere_does_no_harm(sqlite: Database, cursor: str) -> None:
    def work(session: Session) -> int:
        return len(timeline.page(session, join(session), cursor=cursor).events)

    assert sqlite.transaction(work) <= 2


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.booleans(), st.integers(-5, 5)), max_size=25),
    st.integers(1, 7),
)
def test_pages_hold_everything_once_even_when_the_clock_was_set_back(
    sqlite: Database, moments: list[tuple[bool, int]], limit: int
) -> None:
    def work(session: Session) -> None:
        member = join(session)
        for number, (is_points, minutes) in enumerate(moments):
            at = NOON + timedelta(minutes=minutes)
            if is_points:
                reference = f"h:{member}:{number}"
                points.earn(session, member, [Credit(1, reference, str(number))], at, NEXT_YEAR)
            else:
                note(session, member, "check_in", at, number=number)
        found = read_all(session, member, limit)
        told = [one for one in found if one.kind in {"check_in", "points.earn"}]
        numbers = [int(one.facts.get("number", one.facts.get("note", -1))) for one in told]
        assert sorted(numbers) == list(range(len(moments)))

    sqlite.transaction(work)


def test_a_page_is_two_statements(sqlite: Database) -> None:
    member = sqlite.transaction(join)
    seen: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(sqlite.engine, "before_cursor_execute", count)
    try:
        sqlite.read(lambda session: timeline.page(session, member))
    finally:
        event.remove(sqlite.engine, "before_cursor_execute", count)
    assert len([text for text in seen if text.startswith("SELECT")]) == 2
