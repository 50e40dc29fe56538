"""Registering: a proven phone, a consent, one phone for one member."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import sms
from kernel.db import Database
from kernel.outbox import OutboxMessage
from kernel.refusals import Invalid, Refused
from loyalty import members, phone_codes, phones, registrations
from loyalty.consents import Consent
from loyalty.members import (
    AlreadyRegistered,
    ConsentMissing,
    Member,
    PhoneNotProven,
    PhoneTaken,
    Registration,
)
from loyalty.phone_codes import Claim, CodeExpired, CodeWrong, TooManyCodes
from tests.loyalty.people import VAULT
from tests.world import NOON

PHONE = "13812345678"
CLAIM = Claim("oAnna", PHONE)
FORM = Registration("oAnna", " 李 梅 ", PHONE, "2026-11")


def send_code(session: Session, claim: Claim = CLAIM, after_seconds: int = 0) -> str:
    """Ask for a code and read it from the outbox, as the SMS would carry it."""
    at = NOON + timedelta(seconds=after_seconds)
    phone_codes.send(session, VAULT, claim, at, "验证码 {code}")
    message = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id.desc())).first()
    assert message is not None
    phone, text = sms.unseal(VAULT, message.payload["sealed"])
    assert (phone, text.template) == (claim.phone, "code")
    assert text.text == f"验证码 {text.params['code']}"
    return text.params["code"]


def prove(session: Session, claim: Claim = CLAIM, at: datetime = NOON) -> None:
    """A claim that holds."""
    code = send_code(session, claim, after_seconds=int((at - NOON).total_seconds()))
    assert phone_codes.prove(session, VAULT, claim, code, at) is None


def test_a_proven_phone_makes_a_member_with_consent(database: Database) -> None:
    def work(session: Session) -> tuple[str, str | None, str]:
        prove(session)
        member = registrations.register(session, VAULT, FORM, NOON)
        consent = session.scalars(select(Consent)).one()
        assert member.phone_sealed is not None
        assert PHONE not in member.phone_sealed
        opened = VAULT.open(member.phone_sealed, members.PHONE_PLACE)
        assert opened == PHONE
        return member.name, member.phone_hint, consent.version

    assert database.transaction(work) == ("李 梅", "138****5678", "2026-11")


@pytest.mark.parametrize(
    ("form", "refusal"),
    [
        (Registration("oAnna", "李梅", PHONE, None), ConsentMissing),
        (Registration("oAnna", "李梅", "13900000000", "v1"), PhoneNotProven),
        (Registration("oAnna", "李梅", "1381234567", "v1"), Invalid),
        (Registration("oAnna", "   ", PHONE, "v1"), Invalid),
        (Registration("oAnna", "很" * 21, PHONE, "v1"), Invalid),
        (Registration("oOther", "李梅", PHONE, "v1"), PhoneNotProven),
    ],
)
def test_an_incomplete_registration_is_refused(
    sqlite: Database, form: Registration, refusal: type[Refused]
) -> None:
    sqlite.transaction(prove)
    with pytest.raises(refusal):
        sqlite.transaction(lambda session: registrations.register(session, VAULT, form, NOON))
    assert sqlite.read(lambda session: session.scalars(select(Member)).all()) == []


def test_one_phone_is_one_member_for_ever(database: Database) -> None:
    def register(claim: Claim, minute: int) -> None:
        at = NOON + timedelta(minutes=2 * minute)
        database.transaction(lambda session: prove(session, claim, at))
        form = Registration(claim.openid, "李梅", claim.phone, "v1")
        database.transaction(lambda session: registrations.register(session, VAULT, form, at))

    register(CLAIM, 0)
    with pytest.raises(PhoneTaken):
        register(Claim("oBoris", PHONE), 1)
    with pytest.raises(AlreadyRegistered):
        register(Claim("oAnna", "13900000001"), 2)


def test_five_wrong_codes_are_all_one_gets(database: Database) -> None:
    code = database.transaction(send_code)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"

    def attempt(text: str) -> Refused | None:
        return database.transaction(
            lambda session: phone_codes.prove(session, VAULT, CLAIM, text, NOON)
        )

    tries = [attempt(wrong) for _ in range(5)]
    assert [error.facts["tries_left"] for error in tries if error] == [4, 3, 2, 1, 0]
    assert all(isinstance(error, CodeWrong) for error in tries)
    assert isinstance(attempt(code), CodeExpired)


def test_a_code_is_good_for_five_minutes_and_once(sqlite: Database) -> None:
    code = sqlite.transaction(send_code)
    late = NOON + timedelta(minutes=5, seconds=1)

    def attempt(session: Session) -> Refused | None:
        return phone_codes.prove(session, VAULT, CLAIM, code, late)

    assert isinstance(sqlite.transaction(attempt), CodeExpired)


def test_codes_come_once_a_minute_and_five_times_a_day(sqlite: Database) -> None:
    sqlite.transaction(send_code)
    with pytest.raises(TooManyCodes) as refused:
        sqlite.transaction(lambda session: send_code(session, after_seconds=10))
    wait = refused.value.facts["wait_seconds"]
    assert isinstance(wait, int)
    assert 49 <= wait <= 51
    for number in range(1, 5):
        sqlite.transaction(partial(send_code, after_seconds=61 * number))
    with pytest.raises(Refused):
        sqlite.transaction(lambda session: send_code(session, after_seconds=61 * 6))


@pytest.mark.parametrize(
    "text", ["138 1234 5678", "+8613812345678", "0086 138-1234-5678", "１３８１２３４５６７８"]
)
def test_a_phone_is_read_as_people_write_it(text: str) -> None:
    assert phones.normalise(text) == PHONE


@pytest.mark.parametrize("text", ["1381234567", "12345678901", "", "'; DROP", "138123456789"])
def test_what_is_no_mobile_number_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        phones.normalise(text)
