"""Values that must come back as they went in, on three databases."""

from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import StatementError

from kernel import activity, lease
from kernel.activity import Activity
from kernel.db import Database, insert_once
from kernel.lease import Lease
from loyalty import followers
from loyalty.followers import Follower
from loyalty.members import Member
from tests.kernel.races import at_once

LAST = datetime(2026, 11, 20, 15, 59, 59, 999999, tzinfo=UTC)


@pytest.mark.parametrize(
    "instant",
    [
        LAST,
        LAST.astimezone(timezone(timedelta(hours=8))),
        LAST.astimezone(timezone(timedelta(hours=-9, minutes=-30))),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2100, 12, 31, 23, 59, 59, 1, tzinfo=UTC),
    ],
    ids=str,
)
def test_an_instant_keeps_its_microseconds_and_its_zone_is_utc(
    database: Database, instant: datetime
) -> None:
    database.transaction(lambda db: activity.record(db, "x", instant, n=1))
    stored = database.read(lambda db: db.scalars(select(Activity)).one())
    assert stored.at == instant
    assert stored.at.utcoffset() == timedelta(0)
    found = select(Activity.id).where(Activity.at == instant)
    assert database.read(lambda db: db.scalar(found)) == stored.id
    after = select(Activity.id).where(Activity.at > instant)
    assert database.read(lambda db: db.scalar(after)) is None


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    naive = LAST.replace(tzinfo=None)
    with pytest.raises(StatementError, match="without a time zone"):
        database.transaction(
            lambda db: db.execute(insert(Lease).values(name="n", holder="h", until_at=naive))
        )


def test_openids_that_differ_in_case_or_accent_are_different_people(database: Database) -> None:
    openids = ["oAbC1", "oabc1", "OABC1", "oÀbC1"]
    for openid in openids:
        assert database.transaction(partial(followers.follow, openid=openid, at=LAST))
    stored = database.read(lambda db: list(db.scalars(select(Follower.openid))))
    assert sorted(stored) == sorted(openids)
    for openid in openids:
        found = database.read(partial(followers.find, openid=openid))
        assert found is not None
        assert found.openid == openid
    assert database.read(lambda db: followers.find(db, "oAbc1")) is None


@pytest.mark.parametrize(
    "facts",
    [{}, {"n": 0}, {"name": "张三 👋 'quoted' %s :x"}, {"deep": {"list": [1, None, "é"]}}],
    ids=str,
)
def test_facts_come_back_as_they_were(database: Database, facts: dict[str, Any]) -> None:
    database.transaction(lambda db: activity.record(db, "x", LAST, **facts))
    stored = database.read(lambda db: db.scalars(select(Activity.facts)).one())
    assert stored == (facts or None)


def row(name: str, holder: str = "h") -> dict[str, Any]:
    """A lease to be inserted."""
    return {"name": name, "holder": holder, "until_at": LAST}


def test_of_eight_who_insert_one_key_exactly_one_did(database: Database) -> None:
    def insert_as(number: int) -> bool:
        values = row("n", f"h{number}")
        return database.transaction(lambda db: insert_once(db, Lease, values, "name"))

    for _ in range(3):
        answers = at_once(8, insert_as)
        assert sorted(answers, key=str) == [False] * 7 + [True], answers
        holder = database.read(lambda db: db.get_one(Lease, "n").holder)
        assert holder == f"h{answers.index(True)}"
        database.transaction(partial(lease.release, name="n", holder=holder))


def test_a_star_stands_for_any_unique_key_of_the_table(database: Database) -> None:
    def person(openid: str, digest: str) -> bool:
        columns = {
            **{"name": "x", "phone_sealed": "x", "phone_hint": "x", "channel": "site"},
            **{"state": "active", "tier_level": 0, "wants_check_in_reminder": False},
        }
        values = {"openid": openid, "phone_digest": digest, "registered_at": LAST, **columns}
        return database.transaction(lambda db: insert_once(db, Member, values, "*"))

    assert [person("o1", "d1"), person("o1", "d2"), person("o2", "d1"), person("o2", "d2")] == [
        True, False, False, True,
    ]  # fmt: skip


def test_a_rival_that_rolls_back_leaves_the_key_free(database: Database) -> None:
    def undone(session: Any) -> None:
        assert insert_once(session, Lease, row("n"), "name")
        raise KeyError

    with pytest.raises(KeyError):
        database.transaction(undone)
    assert database.transaction(lambda db: insert_once(db, Lease, row("n"), "name"))


def test_a_transaction_stays_usable_after_the_key_was_there(database: Database) -> None:
    def work(session: Any) -> list[bool]:
        did = [insert_once(session, Lease, row(name), "name") for name in ("a", "a", "b", "a")]
        activity.record(session, "x", LAST)
        return did

    assert database.transaction(work) == [True, False, True, False]
    assert database.read(lambda db: len(list(db.scalars(select(Activity.id))))) == 1


def test_a_value_that_is_too_long_is_an_error_not_a_cut(server_database: Database) -> None:
    database = server_database
    with pytest.raises(StatementError):
        database.transaction(lambda db: insert_once(db, Lease, row("n" * 41), "name"))
    assert database.read(lambda db: list(db.scalars(select(Lease.name)))) == []
