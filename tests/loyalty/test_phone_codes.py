"""Limits on codes: by phone, by visitor, by network address."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.outbox import OutboxMessage
from loyalty import phone_codes
from loyalty.code_quota import CodeQuota
from loyalty.phone_codes import Claim, NoMoreCodesToday, PhoneCode, TooManyCodes
from tests.loyalty.people import VAULT
from tests.world import NOON


def ask(session: Session, claim: Claim, minutes: float = 0) -> None:
    """Ask for a code."""
    phone_codes.send(session, VAULT, claim, NOON + timedelta(minutes=minutes), "{code}")


def claims(address: str | None, count: int, start: int = 0) -> list[Claim]:
    """Visitors with phones of their own, all from one address."""
    return [
        Claim(f"o{number}", f"137{number:08d}", address) for number in range(start, start + count)
    ]


def granted(session: Session, wanted: list[Claim]) -> int:
    """How many of them get a code."""
    count = 0
    for claim in wanted:
        try:
            ask(session, claim)
        except NoMoreCodesToday:
            continue
        count += 1
    return count


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.4", False),
        ("10.1.2.3", "::ffff:10.1.2.3", True),
        ("2001:db8::1", "2001:db8::ffff:0:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2", True),
    ],
)
def test_an_address_gets_twenty_codes_a_day(
    sqlite: Database, first: str, second: str, is_one: bool
) -> None:
    def work(session: Session) -> tuple[int, int]:
        return granted(session, claims(first, 21)), granted(session, claims(second, 1, 50))

    assert sqlite.transaction(work) == (20, 0 if is_one else 1)


@pytest.mark.parametrize("address", [None, "", "unknown", "10.1.2.3, 10.1.2.4"])
def test_without_an_address_the_other_limits_stand(sqlite: Database, address: str | None) -> None:
    assert sqlite.transaction(lambda session: granted(session, claims(address, 25))) == 25


def test_the_day_is_twenty_four_hours(sqlite: Database) -> None:
    def work(session: Session) -> None:
        claim = Claim("oAnna", "13712345678", "10.1.2.3")
        for number in range(5):
            ask(session, claim, minutes=2 * number)
        for minutes in (10, 24 * 60 - 0.01):
            with pytest.raises(NoMoreCodesToday):
                ask(session, claim, minutes=minutes)
        ask(session, claim, minutes=24 * 60)

    sqlite.transaction(work)


def test_a_visitor_gets_ten_for_whatever_phones(sqlite: Database) -> None:
    def work(session: Session) -> None:
        for number in range(10):
            ask(session, Claim("oAnna", f"137{number:08d}"))
        with pytest.raises(NoMoreCodesToday):
            ask(session, Claim("oAnna", "13700000099"))

    sqlite.transaction(work)


def test_a_refused_wish_leaves_no_code_and_no_message(database: Database) -> None:
    claim = Claim("oAnna", "13712345678", "10.1.2.3")
    database.transaction(lambda session: ask(session, claim))
    with pytest.raises(TooManyCodes):
        database.transaction(lambda session: ask(session, claim, minutes=0.9))
    count = select(func.count(PhoneCode.id))
    assert database.read(lambda session: session.scalar(count)) == 1


def test_the_quota_names_nobody(sqlite: Database) -> None:
    def work(session: Session) -> list[str]:
        ask(session, Claim("oAnna", "13712345678", "10.1.2.3"))
        return list(session.scalars(select(CodeQuota.subject)))

    subjects = sqlite.transaction(work)
    assert len(subjects) == 3
    assert VAULT.digest("13712345678") not in subjects
    assert not any("Anna" in subject for subject in subjects)


def test_who_left_and_comes_back_gets_a_code_again(database: Database) -> None:
    """The codes that went with him must not lend their messages' names to new ones."""

    def work(session: Session) -> tuple[int, int]:
        ask(session, Claim("oAnna", "13700000000"))
        sent = select(OutboxMessage.id).where(OutboxMessage.state == "waiting")
        (first,) = session.scalars(sent)
        phone_codes.drop(session, PhoneCode.openid == "oAnna", NOON)
        assert session.scalars(sent).all() == []
        ask(session, Claim("oAnna", "13700000000"), 5)
        (second,) = session.scalars(sent)
        return first, second

    first, second = database.transaction(work)
    assert first != second
