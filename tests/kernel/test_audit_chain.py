"""The chain of the audit log: sealed under load, and every kind of tampering found."""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import Session

from handlers import audit_jobs
from kernel import audit, audit_chain, audit_checks
from kernel.audit import AuditEntry
from kernel.audit_chain import GENESIS, AuditHead
from kernel.audit_checks import Verdict
from kernel.db import Database
from tests.world import NOON

ENTRIES = 12
LATER = NOON + timedelta(hours=1)


def write(session: Session, number: int, minutes: int = 0) -> None:
    audit.write(
        session,
        "tier.defined",
        f"tier:{number}",
        NOON + timedelta(minutes=minutes, microseconds=number),
        changes={
            "name": ["银卡", "金卡 ✨"],
            "ratio": [1.5, None],
            "rule": [{"b": 1, "a": [2]}, 0],
        },
    )


def write_many(session: Session, count: int, minutes: int = 0) -> None:
    for number in range(count):
        write(session, number, minutes)


@pytest.fixture
def sealed(database: Database) -> Database:
    """A database whose audit log has a dozen sealed entries."""
    database.transaction(partial(write_many, count=ENTRIES))
    audit_jobs.seal(database, NOON)
    return database


def look(database: Database) -> Verdict:
    return database.read(audit_checks.verify)


def broken(database: Database) -> tuple[str, int] | None:
    found = look(database).broken
    return (found.code, found.position) if found else None


def test_an_empty_log_is_whole(database: Database) -> None:
    assert look(database) == Verdict(0, 0, GENESIS)
    assert database.read(audit_chain.head) == (GENESIS, 0)


def test_what_was_written_is_sealed_in_the_order_of_the_ids(sealed: Database) -> None:
    def places(session: Session) -> list[tuple[int | None, str | None]]:
        rows = session.execute(
            select(AuditEntry.position, AuditEntry.hash).order_by(AuditEntry.id)
        )
        return [(row.position, row.hash) for row in rows]

    found = sealed.read(places)
    assert [position for position, _ in found] == list(range(1, ENTRIES + 1))
    assert all(re.fullmatch("[0-9a-f]{64}", hash_ or "") for _, hash_ in found)
    assert look(sealed) == Verdict(ENTRIES, ENTRIES, str(found[-1][1]))


def test_the_same_log_has_the_same_head_on_every_database(sealed: Database) -> None:
    ids = "UPDATE audit_entry SET position = NULL, hash = NULL, id = id + 1000"
    renumber = "UPDATE audit_entry SET id = {place} WHERE subject = 'tier:{number}'"

    def again(session: Session) -> None:
        session.execute(text(ids))
        for number in range(ENTRIES):
            session.execute(text(renumber.format(place=number + 1, number=number)))
        session.execute(delete(AuditHead))

    sealed.transaction(again)
    audit_jobs.seal(sealed, NOON)

    # What people kept elsewhere was reckoned so: it must stay so.
    head = "53634fa5786ab349f471c4922a1acc623d9d50a0ff6885db57a033e64c4ef866"
    assert sealed.read(audit_chain.head) == (head, ENTRIES)


def test_a_chain_goes_on_over_pages_and_days(sealed: Database) -> None:
    more = audit_chain.PAGE + 3
    sealed.transaction(partial(write_many, count=more))
    audit_jobs.seal(sealed, LATER)

    assert look(sealed).position == ENTRIES + more
    assert broken(sealed) is None


def change(session: Session) -> None:
    session.execute(update(AuditEntry).where(AuditEntry.position == 5).values(address="10.0.0.9"))


def change_details(session: Session) -> None:
    session.execute(update(AuditEntry).where(AuditEntry.position == 5).values(details={"a": 1}))


def change_instant(session: Session) -> None:
    later = AuditEntry.at == NOON + timedelta(microseconds=4)
    session.execute(update(AuditEntry).where(later).values(at=NOON))


def change_and_rehash(session: Session) -> None:
    entry = session.scalars(select(AuditEntry).where(AuditEntry.position == 5)).one()
    before = session.scalars(select(AuditEntry.hash).where(AuditEntry.position == 4)).one()
    entry.operator_id = None
    entry.action = "tier.retired"
    entry.hash = audit_chain.hash_of(str(before), 5, entry)


def delete_one(session: Session) -> None:
    session.execute(delete(AuditEntry).where(AuditEntry.position == 5))


def delete_and_close_up(session: Session) -> None:
    delete_one(session)
    for place in range(6, ENTRIES + 1):
        moved = update(AuditEntry).where(AuditEntry.position == place)
        session.execute(moved.values(position=place - 1))
    session.execute(update(AuditHead).values(position=ENTRIES - 1))


def take_out(session: Session) -> None:
    hidden = update(AuditEntry).where(AuditEntry.position == 5)
    session.execute(hidden.values(position=None, hash=None))


def swap(session: Session) -> None:
    for old, new in ((5, 1005), (6, 5), (1005, 6)):
        moved = update(AuditEntry).where(AuditEntry.position == old)
        session.execute(moved.values(position=new))


def insert_between(session: Session) -> None:
    for place in range(ENTRIES, 4, -1):
        moved = update(AuditEntry).where(AuditEntry.position == place)
        session.execute(moved.values(position=place + 1))
    forged = {"at": NOON, "action": "sign_in", "subject": "operator:1", "position": 5}
    session.execute(insert(AuditEntry).values(**forged, hash="0" * 64))


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (change, ("changed", 5)),
        (change_details, ("changed", 5)),
        (change_instant, ("changed", 5)),
        (change_and_rehash, ("changed", 6)),
        (delete_one, ("missing", 5)),
        (delete_and_close_up, ("changed", 5)),
        (take_out, ("missing", 5)),
        (swap, ("changed", 5)),
        (insert_between, ("changed", 5)),
    ],
)
def test_tampering_is_found_where_it_was_done(
    sealed: Database, tamper: Callable[[Session], None], expected: tuple[str, int]
) -> None:
    sealed.transaction(tamper)

    assert broken(sealed) == expected


def test_an_end_that_is_cut_off_is_found(sealed: Database) -> None:
    sealed.transaction(lambda s: s.execute(delete(AuditEntry).where(AuditEntry.position > 9)))

    assert broken(sealed) == ("missing", 10)


def test_an_end_that_is_put_on_is_found(sealed: Database) -> None:
    end, position = sealed.read(audit_chain.head)

    def forge(session: Session) -> None:
        entry = AuditEntry(at=NOON, action="sign_in", subject="operator:1", position=position + 1)
        session.add(entry)
        session.flush()
        entry.hash = audit_chain.hash_of(end, position + 1, entry)

    sealed.transaction(forge)
    assert broken(sealed) == ("beyond_head", position + 1)


def test_a_log_that_was_written_anew_is_found_by_the_head_that_was_kept(sealed: Database) -> None:
    kept = sealed.read(audit_chain.head)
    sealed.transaction(lambda session: write(session, 99))
    audit_jobs.seal(sealed, LATER)
    assert audit_jobs.verify(sealed, LATER, expect=kept).broken is None

    def rewrite(session: Session) -> None:
        session.execute(delete(AuditEntry).where(AuditEntry.position == 3))
        session.execute(update(AuditEntry).values(position=None, hash=None))
        session.execute(delete(AuditHead))

    sealed.transaction(rewrite)
    audit_jobs.seal(sealed, LATER)

    assert broken(sealed) is None
    found = audit_jobs.verify(sealed, LATER, expect=kept).broken
    assert found is not None
    assert (found.code, found.position) == ("not_expected", ENTRIES)


def test_an_entry_that_the_sealer_passes_over_is_found(sealed: Database) -> None:
    sealed.transaction(lambda session: write(session, 99))

    assert sealed.read(lambda s: audit_checks.overlooked(s, NOON)) is None
    found = audit_jobs.verify(sealed, LATER).broken
    assert found is not None
    assert found.code == "unsealed"
    assert audit_jobs.verify(sealed, LATER).broken is None


def test_an_entry_with_an_old_date_is_told(sealed: Database) -> None:
    sealed.transaction(lambda session: write(session, 98, minutes=300))
    audit_jobs.seal(sealed, LATER)
    sealed.transaction(lambda session: write(session, 99))
    found = audit_jobs.verify(sealed, NOON)

    assert (found.broken, found.back_dated) == (None, 1)


def test_a_check_may_begin_on_a_day(sealed: Database) -> None:
    day = timedelta(days=1)
    sealed.transaction(partial(write_many, count=3, minutes=24 * 60))
    audit_jobs.seal(sealed, LATER)
    assert audit_jobs.verify(sealed, LATER, since=NOON + day).checked == 3
    sealed.transaction(change)

    assert audit_jobs.verify(sealed, LATER, since=NOON + day).broken is None
    assert audit_jobs.verify(sealed, LATER, since=NOON).broken is not None
    assert audit_jobs.verify(sealed, LATER, since=NOON + 9 * day).checked == 0
