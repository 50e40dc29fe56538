"""Reversals: a spend goes back to the lots it came from, a credit is clawed back, each once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base
from kernel.refusals import NotFound, Refused
from loyalty import ledger, points
from loyalty.ledger import Account, LotUse, Movement, PointsEntry, PointsLot
from loyalty.policy import ClawBack


class PointsReversal(Base):
    """What became of the points of one reversed entry.

    For a spend: `moved` came back. For a credit: `moved` was taken, `expired` had expired before,
    `owed` became a debt, `forgiven` was let go; the four add up to the entry.
    """

    __tablename__ = "points_reversal"

    origin_id: Mapped[int] = mapped_column(
        ForeignKey("points_entry.id"), primary_key=True, autoincrement=False
    )
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("points_entry.id"), unique=True)
    moved: Mapped[int] = mapped_column(BigInteger)
    expired: Mapped[int] = mapped_column(BigInteger, default=0)
    owed: Mapped[int] = mapped_column(BigInteger, default=0)
    forgiven: Mapped[int] = mapped_column(BigInteger, default=0)
    reason: Mapped[str] = mapped_column(String(60))
    operator_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]


class PointsAlreadySpent(Refused):
    """The credit cannot be reversed: its points are spent; facts: `points`, `missing`."""

    code = "points_already_spent"


class NotReversible(Refused):
    """Only what was earned, released or spent can be reversed; fact: `kind`."""

    code = "not_reversible"


@dataclass(frozen=True)
class Because:
    """Why something is reversed, and by which operator, if by one."""

    reason: str = "退回"
    operator_id: int | None = None


@dataclass(frozen=True)
class Fate:
    """What became of the points of an entry; see PointsReversal."""

    entry_id: int | None
    moved: int
    expired: int = 0
    owed: int = 0
    forgiven: int = 0


def refund(session: Session, reference: str, at: datetime, because: Because | None = None) -> int:
    """Give the points of a spend back to the lots they came from; returns the new balance.

    What had expired meanwhile comes back expired and goes with the next sweep. A second refund
    changes nothing. Raises NotFound, NotReversible.
    """
    origin = _origin(session, reference, {"spend"})
    account = ledger.hold(session, origin.member_id)
    if _stands(session, origin.id):
        return account.balance
    because = because or Because()
    amount = -origin.delta
    ledger.move(session, origin.member_id, amount)
    note = f"退回：{origin.note}"[:60]
    movement = Movement(
        "reverse", amount, f"reverse:{origin.id}", note, at, None, because.operator_id
    )
    entry_id = ledger.enter(session, origin.member_id, movement, account.balance + amount)
    uses = session.execute(
        select(LotUse.lot_id, LotUse.amount).where(LotUse.entry_id == origin.id)
    ).all()
    ledger.use_lots(session, entry_id, [(use.lot_id, -use.amount) for use in uses])
    _note(session, origin, Fate(entry_id, amount), because, at)
    account = Account(account.balance + amount, account.debt, account.qualified)
    return points.repay(session, origin.member_id, account, at).balance


def claw_back(
    session: Session, reference: str, at: datetime, mode: ClawBack, because: Because | None = None
) -> int:
    """Take the points of a credit back; returns the new balance.

    Its own lot gives first, then the lots that expire soonest; what expired by itself is not
    taken again. When points are missing, `mode` decides: `refuse` raises PointsAlreadySpent,
    `debt` lets the next credits pay, `clamp` lets them go. A second time changes nothing. Raises
    NotFound, NotReversible.
    """
    origin = _origin(session, reference, ledger.QUALIFYING)
    account = ledger.hold(session, origin.member_id)
    if _stands(session, origin.id):
        return account.balance
    because = because or Because()
    due = origin.delta - _expired_of(session, origin.id, at)
    lots = [lot for lot in ledger.lots_of(session, origin.member_id) if lot.expires_at > at]
    taken = min(due, sum(lot.remaining for lot in lots))
    missing = due - taken
    if missing and mode == "refuse":
        raise PointsAlreadySpent(points=origin.delta, missing=missing)
    entry_id = None
    ledger.move(session, origin.member_id, -taken, -min(origin.delta, account.qualified))
    if taken:
        note = f"收回：{origin.note}"[:60]
        movement = Movement(
            "reverse", -taken, f"reverse:{origin.id}", note, at, None, because.operator_id
        )
        entry_id = ledger.enter(session, origin.member_id, movement, account.balance - taken)
        own = session.scalar(select(PointsLot.id).where(PointsLot.entry_id == origin.id))
        lots.sort(key=lambda lot: lot.id != own)
        ledger.use_lots(session, entry_id, ledger.take_soonest(lots, taken))
    if missing and mode == "debt":
        ledger.owe(session, origin.member_id, missing)
    owed = missing if mode == "debt" else 0
    fate = Fate(entry_id, taken, origin.delta - due, owed, missing - owed)
    _note(session, origin, fate, because, at)
    return account.balance - taken


def _origin(session: Session, reference: str, kinds: set[str] | frozenset[str]) -> PointsEntry:
    found = session.scalar(select(PointsEntry).where(PointsEntry.reference == reference))
    if found is None:
        raise NotFound
    if found.kind not in kinds:
        raise NotReversible(kind=found.kind)
    return found


def _stands(session: Session, origin_id: int) -> bool:
    return session.get(PointsReversal, origin_id) is not None


def _expired_of(session: Session, origin_id: int, at: datetime) -> int:
    """How much of a credit's own lot has expired, swept or not."""
    lot = session.scalars(select(PointsLot).where(PointsLot.entry_id == origin_id)).one()
    swept = session.scalar(
        select(func.sum(LotUse.amount))
        .join(PointsEntry, PointsEntry.id == LotUse.entry_id)
        .where(LotUse.lot_id == lot.id, PointsEntry.kind == "expire")
    )
    return int(swept or 0) + (lot.remaining if lot.expires_at <= at else 0)


def _note(
    session: Session, origin: PointsEntry, fate: Fate, because: Because, at: datetime
) -> None:
    row = {
        "origin_id": origin.id,
        "member_id": origin.member_id,
        "entry_id": fate.entry_id,
        "moved": fate.moved,
        "expired": fate.expired,
        "owed": fate.owed,
        "forgiven": fate.forgiven,
        "reason": because.reason,
        "operator_id": because.operator_id,
        "created_at": at,
    }
    session.execute(insert(PointsReversal), row)
