"""Partner codes: hostile files, verdicts line by line, one code a coupon."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.refusals import Invalid, Refused
from loyalty import claims, coupon_stock, coupons, partner_codes
from loyalty.claims import Source
from loyalty.partner_codes import PartnerCode
from tests.loyalty import desk
from tests.loyalty.coupon_books import sound
from tests.loyalty.people import join, offer
from tests.world import NOON


def pool(session: Session, *codes: str, per_member: int = 9) -> int:
    """A batch with those codes."""
    batch = offer(session, 0, per_member, kind="partner", amount_fen=0)
    partner_codes.import_codes(session, batch, codes, NOON, by=desk.hire(session))
    return batch


def said(session: Session, batch: int, *codes: str) -> list[str]:
    by = desk.hire(session)
    return [row.said for row in partner_codes.import_codes(session, batch, codes, NOON, by=by)]


def test_every_line_has_a_verdict(database: Database) -> None:
    def work(session: Session) -> None:
        batch = pool(session, "KEEP-01")
        assert said(
            session, batch,
            "NEW-0001", " NEW-0002 ", "NEW-0001", "new-0001", "KEEP-01", "keep-01",
            "AB12", "", "A B C D E", "X" * 65, "CODE　WIDE", "码码码码码码", "=HYPER(1)",
            "NEW\x0003",
        ) == [
            "added", "added", "repeated", "case_twin", "standing", "case_twin",
            "too_short", "too_short", "blank", "too_long", "blank", "bad_character", "added",
            "bad_character",
        ]  # fmt: skip
        assert coupons.get_batch(session, batch).stock == 4

    database.transaction(work)
    sound(database)


def test_a_second_import_adds_nothing(database: Database) -> None:
    def work(session: Session) -> None:
        codes = [f"CODE-{number:05d}" for number in range(1_100)]
        batch = pool(session, *codes)
        assert set(said(session, batch, *codes)) == {"standing"}
        assert coupons.get_batch(session, batch).stock == 1_100

    database.transaction(work)
    sound(database)


def test_each_claim_takes_a_code_and_the_last_ends_it(database: Database) -> None:
    def work(session: Session) -> None:
        batch, member = pool(session, "CODE-A1", "CODE-B2", "CODE-C3"), join(session)
        held = [claims.claim(session, batch, member, NOON) for _ in range(2)]
        gift = claims.give(session, batch, member, NOON, Source("gift", "g"))
        assert gift is not None
        shown = {partner_codes.of_coupon(session, one.id) for one in [*held, gift]}
        assert shown == {"CODE-A1", "CODE-B2", "CODE-C3"}
        with pytest.raises(Refused) as refused:
            claims.claim(session, batch, member, NOON)
        assert refused.value.code == "out_of_stock"
        assert said(session, batch, "CODE-D4") == ["added"]
        fourth = claims.claim(session, batch, member, NOON)
        assert partner_codes.of_coupon(session, fourth.id) == "CODE-D4"

    database.transaction(work)
    sound(database)


def test_only_a_pool_takes_codes(sqlite: Database) -> None:
    with pytest.raises(Invalid):
        sqlite.transaction(
            lambda session: partner_codes.import_codes(
                session, offer(session, 5), ["CODE-01"], NOON, by=desk.hire(session)
            )
        )


def test_stock_lost_to_a_rival_frees_the_code(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise claims.OutOfStock

    def work(session: Session) -> None:
        batch, member = pool(session, "CODE-A1"), join(session)
        monkeypatch.setattr(coupon_stock, "take", gone)
        assert claims.give(session, batch, member, NOON, Source("gift", "g")) is None
        taken = select(PartnerCode.coupon_id, PartnerCode.taken_at)
        assert tuple(session.execute(taken).one()) == (None, None)

    sqlite.transaction(work)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"code\r\nABC123\r\n", ["ABC123"]),
        ("﻿券码\nABC123\n".encode(), ["ABC123"]),
        ("兑换码\nABC123\n".encode("gbk"), ["ABC123"]),
        ("code\nABC123\n".encode("utf-16"), ["ABC123"]),
        (b"ABC123\r\rDEF456", ["ABC123", "DEF456"]),
        (b'"ABC123",7\n\n , \nDEF456,8\n', ["ABC123", "DEF456"]),
        (b'"two\nlines"\nABC123', ["two\nlines", "ABC123"]),
    ],
)
def test_files_in_many_shapes(data: bytes, lines: list[str]) -> None:
    assert partner_codes.lines_of(data) == lines


@pytest.mark.parametrize(
    "data",
    [b"AB\0CD", b'"never closed\nABC123', b"\xff\xff\xff\xff", b"x" * 300_000, b"PK\x03\x04\x00"],
)
def test_what_is_no_such_file_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        partner_codes.lines_of(data)
    assert refused.value.facts["field"] == "file"
