"""Consents: a wording in force, one standing answer a purpose, and a history that stays."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.refusals import Invalid
from loyalty import consents
from loyalty.consents import ConsentNeeded, Wording
from loyalty.members import Member
from tests.loyalty.desk import hire
from tests.loyalty.people import join
from tests.world import NOON

LATER = NOON + timedelta(days=1)
NEWER = "2027-01"


def publish(session: Session, version: str, at: datetime = NOON) -> None:
    """A published wording for the phone."""
    wording = Wording("phone", version, f"说明 {version}")
    consents.publish(session, wording, at, by=hire(session))


def test_the_newest_wording_is_in_force_from_its_instant(database: Database) -> None:
    def work(session: Session) -> list[str | None]:
        publish(session, "2026-11")
        publish(session, NEWER, LATER)
        instants = (NOON - timedelta(seconds=1), NOON, LATER - timedelta(seconds=1), LATER)
        found = [consents.current(session, "phone", at) for at in instants]
        return [text.version if text else None for text in found]

    assert database.transaction(work) == [None, "2026-11", "2026-11", NEWER]


def test_a_wording_never_changes(sqlite: Database) -> None:
    def work(session: Session) -> None:
        by = hire(session)
        first = consents.publish(session, Wording("phone", "v1", "甲"), NOON, by=by)
        again = consents.publish(session, Wording("phone", "v1", "甲"), LATER, by=by)
        assert (again.id, again.published_at) == (first.id, NOON)
        assert len(session.scalars(select(AuditEntry)).all()) == 1
        with pytest.raises(Invalid) as refused:
            consents.publish(session, Wording("phone", "v1", "乙"), LATER, by=by)
        assert refused.value.facts["field"] == "version"

    sqlite.transaction(work)


@pytest.mark.parametrize(
    ("wording", "field"),
    [
        (Wording("blood", "v1", "甲"), "purpose"),
        (Wording("phone", "", "甲"), "version"),
        (Wording("phone", "v" * 21, "甲"), "version"),
        (Wording("phone", "v1", "  \n"), "body"),
    ],
)
def test_what_is_no_wording_is_refused(sqlite: Database, wording: Wording, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        sqlite.transaction(lambda session: consents.publish(session, wording, NOON, by=1))
    assert refused.value.facts["field"] == field


def test_agreeing_again_ends_the_older_consent(database: Database) -> None:
    def work(session: Session) -> None:
        member = join(session)
        publish(session, NEWER)
        assert [text.version for text in consents.due_again(session, member, NOON)] == [NEWER]
        agreed = ("phone", NEWER)
        assert consents.grant(session, member, agreed, LATER, channel="site")
        assert not consents.grant(session, member, agreed, LATER, channel="site")
        assert consents.due_again(session, member, LATER) == []
        newest, first = consents.history(session, member)
        session.refresh(first)
        assert (newest.version, newest.withdrawn_at) == (NEWER, None)
        assert (first.version, first.withdrawn_at) == ("v1", LATER)

    database.transaction(work)


def test_nobody_agrees_to_a_wording_that_is_not_in_force(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member = join(session)
        publish(session, NEWER)
        with pytest.raises(Invalid):
            consents.grant(session, member, ("phone", "v1"), LATER, channel="site")
        with pytest.raises(Invalid):
            consents.grant(session, member, ("blood", NEWER), LATER, channel="site")

    sqlite.transaction(work)


def test_marketing_is_given_and_taken_back_at_will(database: Database) -> None:
    def work(session: Session) -> None:
        member, other = join(session), join(session)
        wanted = ("marketing", "v1")
        assert not consents.withdraw(session, member, "marketing", NOON)
        assert consents.grant(session, member, wanted, NOON, channel="site")
        stands = select(Member.id).where(consents.stands(Member.id, "marketing"))
        assert session.scalars(stands).all() == [member]
        assert session.scalars(consents.holders("marketing")).all() == [member]
        assert consents.withdraw(session, member, "marketing", LATER)
        assert not consents.withdraw(session, member, "marketing", LATER)
        assert session.scalars(stands).all() == []
        assert consents.grant(session, member, wanted, LATER, channel="site")
        purposes = [row.purpose for row in consents.history(session, member)]
        assert purposes == ["marketing", "marketing", "phone"]
        assert consents.find(session, other, "marketing") is None

    database.transaction(work)


def test_membership_rests_on_the_phone(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member = join(session)
        with pytest.raises(ConsentNeeded):
            consents.withdraw(session, member, "phone", NOON)
        with pytest.raises(Invalid):
            consents.withdraw(session, member, "blood", NOON)
        assert consents.find(session, member, "phone") is not None

    sqlite.transaction(work)


def test_who_holds_an_older_wording_is_found(sqlite: Database) -> None:
    def work(session: Session) -> None:
        old, new = join(session), join(session)
        publish(session, NEWER)
        consents.grant(session, new, ("phone", NEWER), NOON, channel="site")
        assert session.scalars(consents.outdated("phone", NEWER)).all() == [old]

    sqlite.transaction(work)
