"""Coupons counted: before a void, of a batch, where the stock runs low; and what a file lacks."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.activity import Activity
from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.refusals import Invalid, NotFound
from loyalty import (
    claims,
    coupon_batches,
    coupon_figures,
    coupon_locks,
    coupon_stock,
    coupon_voids,
    partner_codes,
)
from loyalty.claims import Source
from loyalty.coupon_figures import BranchFigures
from loyalty.coupon_voids import Preview, Target
from loyalty.redemptions import Redemption
from tests.loyalty import desk
from tests.loyalty.coupon_books import enrich, redeem, sound
from tests.loyalty.people import join, offer
from tests.world import NOON

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


def spread(session: Session) -> int:
    """A batch with a coupon of each kind: free, locked, used and void; each cost 7 points."""
    batch = offer(session, 9, per_member=9, price_points=7, valid_days=1)
    member = join(session)
    enrich(session, member, 100)
    _, held, used, gone = (claims.claim(session, batch, member, NOON) for _ in range(4))
    order = coupon_locks.Order(f"order:{member}", 10_000)
    coupon_locks.lock(session, held.id, member, order, NOON, ttl=DAY)
    redeem(session, used)
    gone.state = "void"
    session.flush()
    return batch


def test_a_void_says_beforehand_what_it_would_meet(sqlite: Database) -> None:
    def work(session: Session) -> None:
        spread(session)
        target = Target("batch", spread(session))
        now = coupon_voids.preview(session, target, NOON)
        assert now == Preview(free=1, locked=1, used=1, expired=0, void=1, points=7)
        assert coupon_voids.preview(session, target, NOON + DAY - TICK) == now
        late = coupon_voids.preview(session, target, NOON + DAY)
        assert late == Preview(free=0, locked=0, used=1, expired=2, void=1, points=0)
        nothing = coupon_voids.preview(session, Target("batch", 999_999), NOON)
        assert nothing == Preview(0, 0, 0, 0, 0, 0)
        with pytest.raises(Invalid) as refused:
            coupon_voids.preview(session, Target("all", 1), NOON)
        assert refused.value.facts == {"field": "scope", "reason": "请选择作废的范围"}

    sqlite.transaction(work)


def test_what_was_taken_back_is_listed_page_by_page(sqlite: Database) -> None:
    def start(session: Session, batch: int, why: str = " 发错了 ") -> int:
        operator, target = desk.hire(session), Target("batch", batch)
        return coupon_voids.start(session, target, NOON, by=operator, reason=why).id

    def work(session: Session) -> None:
        batch, other = (offer(session, 5, per_member=5) for _ in range(2))
        member = join(session)
        ids = [claims.claim(session, batch, member, NOON).id for _ in range(3)]
        claims.claim(session, other, member, NOON)
        for why in (" ", "长" * 61):
            with pytest.raises(Invalid) as refused:
                start(session, batch, why)
            said = {"field": "reason", "reason": "请填写作废原因（60 字以内）"}
            assert refused.value.facts == said
        void = start(session, batch)
        for one in (void, start(session, other, "长" * 60)):
            while coupon_voids.run_page(session, one, NOON, 2):
                pass
        with pytest.raises(NotFound):
            coupon_voids.run_page(session, 999_999, NOON)
        shown = [coupon.id for coupon in coupon_voids.taken_back(session, void)]
        assert shown == ids
        rest = coupon_voids.taken_back(session, void, after_id=ids[0], limit=1)
        assert [coupon.id for coupon in rest] == [ids[1]]
        written = select(AuditEntry).where(AuditEntry.subject == f"batch:{batch}")
        row = session.scalars(written).one()
        assert (row.action, row.details) == ("coupon.void_started", {"void_id": void})
        told = session.scalars(select(Activity).where(Activity.kind == "coupon.voided")).all()
        assert [row.facts for row in told[:3]] == [
            {"coupon_id": one, "batch_id": batch, "void_id": void} for one in ids
        ]
        assert {row.member_id for row in told} == {member}

    sqlite.transaction(work)
    sound(sqlite)


def test_figures_by_branch_and_state(sqlite: Database) -> None:
    def work(session: Session) -> None:
        batch, member = offer(session, 20, per_member=20, valid_days=1), join(session)
        held = [claims.claim(session, batch, member, NOON) for _ in range(7)]
        claims.give(session, batch, member, NOON, Source("test", "given:1"))
        other = claims.claim(session, offer(session, 5), member, NOON)
        redeem(session, held[0], order_fen=5_000)
        for coupon in held[1:3]:
            number = redeem(session, coupon)
            session.get_one(Redemption, number).branch = "binjiang"
        undone = redeem(session, held[3], order_fen=7_000)
        session.get_one(Redemption, undone).standing_coupon_id = None
        redeem(session, other, order_fen=9_000)
        held[4].state = "void"
        order = coupon_locks.Order("order:1", 10_000)
        coupon_locks.lock(session, held[5].id, member, order, NOON, ttl=DAY)
        session.flush()
        found = coupon_figures.of_batch(session, batch, NOON)
        assert (found.claimed, found.given, found.issued) == (7, 1, 8)
        assert (found.used, found.undone, found.void, found.expired) == (4, 1, 1, 0)
        assert found.use_rate == 0.5
        branches = [(one.branch, one.used, one.order_fen) for one in found.by_branch]
        assert branches == [("binjiang", 2, 0), ("zhongshan", 1, 5_000)]
        assert (found.order_fen, found.saved_fen) == (5_000, 1_000)
        assert coupon_figures.of_batch(session, batch, NOON + DAY - TICK).expired == 0
        assert coupon_figures.of_batch(session, batch, NOON + DAY).expired == 3
        assert isinstance(found.by_branch[0], BranchFigures)

    sqlite.transaction(work)


def test_low_stock_names_open_batches_that_want_to_be_named(sqlite: Database) -> None:
    def work(session: Session) -> None:
        one = offer(session, 100, alert_percent=1, per_member=99)
        silent, paused = offer(session, 1, alert_percent=0), offer(session, 0, alert_percent=20)
        member = join(session)
        claims.claim(session, silent, member, NOON)
        coupon_batches.move(session, paused, "paused", NOON)
        empty = offer(session, 0, alert_percent=20)
        for _ in range(99):
            claims.claim(session, one, member, NOON)
        session.flush()
        assert [(batch.id, left) for batch, left in coupon_stock.low(session)] == [
            (one, 1), (empty, 0),
        ]  # fmt: skip
        assert coupon_stock.alert(session, NOON) == [one, empty]
        told = session.scalars(select(Activity).where(Activity.kind == "coupon.stock_low")).all()
        assert [row.facts for row in told] == [
            {"batch_id": one, "left": 1}, {"batch_id": empty, "left": 0},
        ]  # fmt: skip

    sqlite.transaction(work)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"CODE-01\0", "文件不是文本，请另存为 CSV"),
        (b'"CODE-01', "文件中有未闭合的引号或过长的内容"),
        (b"\xff\xff\xff", "无法识别文件的编码，请用 UTF-8 保存"),
        (b"\xff\xfeA", "无法识别文件的编码，请用 UTF-8 保存"),
    ],
)
def test_it_is_said_what_is_wrong_with_a_file(data: bytes, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        partner_codes.lines_of(data)
    assert refused.value.facts == {"field": "file", "reason": reason}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16-le", "utf-16-be"])
def test_a_file_of_codes_is_read_in_its_encoding(encoding: str) -> None:
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    text = "券码,备注\r\nCODE-01,甲\r\n\r\n ,\r\nCODE-02,乙\r\n"
    assert partner_codes.lines_of(mark + text.encode(encoding)) == ["CODE-01", "CODE-02"]


def test_codes_go_to_partner_batches_and_are_written_down(sqlite: Database) -> None:
    def work(session: Session) -> None:
        operator = desk.hire(session)
        with pytest.raises(Invalid) as refused:
            partner_codes.import_codes(session, offer(session, 5), ["A" * 6], NOON, by=operator)
        assert refused.value.facts == {"field": "kind", "reason": "只有合作方券才有券码池"}
        batch = offer(session, 0, kind="partner", amount_fen=0)
        lines = ["A" * 6, "B" * 64, "C" * 5, "D" * 65]
        made = partner_codes.import_codes(session, batch, lines, NOON, by=operator)
        assert [(one.line, one.said) for one in made] == [
            (1, "added"), (2, "added"), (3, "too_short"), (4, "too_long"),
        ]  # fmt: skip
        assert partner_codes.pool_size(session, batch) == 2
        session.flush()
        written = select(AuditEntry).where(AuditEntry.action == "coupon.codes_imported")
        row = session.scalars(written).one()
        assert (row.subject, row.operator_id) == (f"coupon_batch:{batch}", operator)
        assert row.details == {"lines": 4, "added": 2}

    sqlite.transaction(work)
    sound(sqlite)
