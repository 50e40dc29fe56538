"""Orders of rewards: every move is an event, and illegal moves cannot be made."""

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import activity, audit
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import Invalid, NotFound, Refused
from kernel.vault import Vault
from loyalty import notices, points_reversals, rewards
from loyalty.phones import normalise
from loyalty.policy import Policy

RECEIVER_PLACE = "reward_order.receiver"
STATE_NAMES = {
    "placed": "待发货",
    "shipped": "已发货",
    "received": "已收货",
    "cancelled": "已取消",
    "returned": "已退回",
}
STANDING = ("placed", "shipped", "received")
# state → states it may move to, of what is shipped; a coupon is received at once and stays so.
MOVES: dict[str, frozenset[str]] = {
    "placed": frozenset({"shipped", "cancelled"}),
    "shipped": frozenset({"received", "returned"}),
    "received": frozenset({"returned"}),
    "cancelled": frozenset(),
    "returned": frozenset(),
}
# No letter or digit that could be read as another.
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class RewardOrder(Base):
    """One piece of one reward for one member.

    `seq` counts the member's standing orders of the reward; it is NULL, and its number free
    again, once the order is cancelled or returned. The receiver is personal data and sealed.
    """

    __tablename__ = "reward_order"
    __table_args__ = (
        UniqueConstraint("reward_id", "member_id", "seq"),
        UniqueConstraint("member_id", "request_key"),
        Index("ix_reward_order_state_changed_at", "state", "changed_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    no: Mapped[str] = mapped_column(String(20), unique=True)
    reward_id: Mapped[int] = mapped_column(ForeignKey("reward.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    seq: Mapped[int | None] = mapped_column(Integer)
    request_key: Mapped[str] = mapped_column(String(64))
    points: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(10))
    receiver_sealed: Mapped[str | None] = mapped_column(Text)
    carrier: Mapped[str | None] = mapped_column(String(20))
    tracking_no: Mapped[str | None] = mapped_column(String(40))
    coupon_id: Mapped[int | None] = mapped_column(ForeignKey("coupon.id"), unique=True)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class RewardOrderEvent(Base):
    """One move: from where to where, when, by whom (`member`, `operator`, `system`), why."""

    __tablename__ = "reward_order_event"

    order_id: Mapped[int] = mapped_column(
        ForeignKey("reward_order.id"), primary_key=True, autoincrement=False
    )
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    from_state: Mapped[str | None] = mapped_column(String(10))
    to_state: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime]
    by_kind: Mapped[str] = mapped_column(String(10))
    by_id: Mapped[int | None] = mapped_column(BigInteger)
    why: Mapped[str | None] = mapped_column(String(100))


class OrderIllegalMove(Refused):
    """The order cannot move so; facts: `state`, `wanted`, in Chinese."""

    code = "order_illegal_move"


@dataclass(frozen=True)
class Receiver:
    """Where a physical reward goes."""

    name: str
    phone: str
    address: str


@dataclass(frozen=True)
class Parcel:
    """With whom a reward is on its way, and under which number."""

    carrier: str
    tracking_no: str


@dataclass(frozen=True)
class Actor:
    """Who moves an order: a `member`, an `operator` or the `system`, and why."""

    kind: str
    id: int | None = None
    why: str | None = None


def reference_of(no: str) -> str:
    """The business fact under which an order's points were spent."""
    return f"reward:{no}"


def new_no() -> str:
    """A number that can be read out on the phone and neither guessed nor counted: 60 bits."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(12))
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def seal(vault: Vault, receiver: Receiver) -> str:
    """The receiver, checked and sealed. Raises Invalid with the field."""
    name, address = receiver.name.strip(), receiver.address.strip()
    if not 1 <= len(name) <= 20 or not name.isprintable():
        raise Invalid(field="name", reason="请填写收件人姓名（20 字以内）")
    if not 4 <= len(address) <= 100 or not address.isprintable():
        raise Invalid(field="address", reason="请填写详细地址（4 至 100 字）")
    kept = Receiver(name, normalise(receiver.phone), address)
    return vault.seal(json.dumps(asdict(kept), ensure_ascii=False), RECEIVER_PLACE)


def open_receiver(
    session: Session, vault: Vault, order: RewardOrder, at: datetime, *, by: int
) -> Receiver | None:
    """The receiver, for the operator who ships; the look is logged. None when there is none."""
    if order.receiver_sealed is None:
        return None
    audit.write(
        session, "reward_order.receiver_read", f"reward_order:{order.no}", at, by=(by, None)
    )
    return receiver_of(vault, order)


def receiver_of(vault: Vault, order: RewardOrder) -> Receiver | None:
    """The receiver, for the member whose own order it is. None when there is none."""
    if order.receiver_sealed is None:
        return None
    return Receiver(**json.loads(vault.open(order.receiver_sealed, RECEIVER_PLACE)))


def ship(session: Session, order_id: int, parcel: Parcel, at: datetime, *, by: int) -> RewardOrder:
    """It is on its way. Raises NotFound, Invalid, OrderIllegalMove."""
    label = {"carrier": parcel.carrier.strip(), "tracking_no": parcel.tracking_no.strip()}
    for field, longest in (("carrier", 20), ("tracking_no", 40)):
        if not 1 <= len(label[field]) <= longest or not label[field].isprintable():
            raise Invalid(field=field, reason="请填写快递公司和单号")
    order = _move(session, get(session, order_id), "shipped", at, Actor("operator", by), **label)
    reference = f"{reference_of(order.no)}:shipped"
    notices.post(session, order.member_id, "reward.shipped", reference, at, **label)
    return order


def mark_received(session: Session, order_id: int, at: datetime, by: Actor) -> RewardOrder:
    """It has arrived. Raises NotFound, OrderIllegalMove."""
    return _move(session, get(session, order_id), "received", at, by)


def cancel(session: Session, order_id: int, at: datetime, by: Actor) -> RewardOrder:
    """Not wanted after all, before it was shipped: the points go back to the lots they came from.

    Raises NotFound, OrderIllegalMove.
    """
    return _undo(session, order_id, "cancelled", at, by)


def take_back(session: Session, order_id: int, at: datetime, by: Actor) -> RewardOrder:
    """A parcel came back: points and stock too. Raises NotFound, OrderIllegalMove."""
    return _undo(session, order_id, "returned", at, by)


def _undo(session: Session, order_id: int, wanted: str, at: datetime, by: Actor) -> RewardOrder:
    order = get(session, order_id)
    _refuse_illegal(order, wanted)
    # The member's account first and the shared stock last, as in an exchange.
    points_reversals.refund(session, reference_of(order.no), at)
    moved = _move(session, order, wanted, at, by, seq=None)
    rewards.put_back_one(session, order.reward_id)
    return moved


def _refuse_illegal(order: RewardOrder, wanted: str) -> None:
    # A coupon was received at once: it may be void by now, or used, and never comes back.
    if wanted not in MOVES[order.state] or order.coupon_id is not None:
        raise OrderIllegalMove(state=STATE_NAMES[order.state], wanted=STATE_NAMES[wanted])


def _move(
    session: Session, order: RewardOrder, wanted: str, at: datetime, by: Actor, **also: Any
) -> RewardOrder:
    _refuse_illegal(order, wanted)
    before = order.state
    moved = session.execute(
        update(RewardOrder)
        .where(RewardOrder.id == order.id, RewardOrder.state == before)
        .values(state=wanted, changed_at=at, **also)
        .execution_options(synchronize_session=False)
    )
    session.refresh(order)
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise OrderIllegalMove(state=STATE_NAMES[order.state], wanted=STATE_NAMES[wanted])
    log_event(session, order, before, at, by)
    who = (None, order.member_id)
    activity.record(session, f"reward.{wanted}", at, who=who, order_id=order.id)
    if by.kind == "operator":
        subject = f"reward_order:{order.no}"
        audit.write(session, f"reward_order.{wanted}", subject, at, by=(by.id, None), why=by.why)
    return order


def log_event(
    session: Session, order: RewardOrder, before: str | None, at: datetime, by: Actor
) -> None:
    """Append the event of a move that was just made, whose row is therefore locked."""
    last = session.scalar(
        select(func.max(RewardOrderEvent.seq)).where(RewardOrderEvent.order_id == order.id)
    )
    session.execute(
        insert(RewardOrderEvent),
        {
            "order_id": order.id,
            "seq": (last or 0) + 1,
            "from_state": before,
            "to_state": order.state,
            "at": at,
            "by_kind": by.kind,
            "by_id": by.id,
            "why": by.why,
        },
    )


def receive_due(session: Session, at: datetime, policy: Policy, limit: int = 200) -> int:
    """Call received what was shipped long enough ago; how many. Run it until it returns 0."""
    before = at - timedelta(days=policy.receive_after_days)
    due = session.scalars(
        select(RewardOrder)
        .where(RewardOrder.state == "shipped", RewardOrder.changed_at <= before)
        .order_by(RewardOrder.changed_at, RewardOrder.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for order in due:
        _move(session, order, "received", at, Actor("system", why="到期自动收货"))
    return len(due)


def forget(session: Session, member_id: int) -> int:
    """Erase the receivers of a member who is no longer there; how many orders held one."""
    erased = session.execute(
        update(RewardOrder)
        .where(RewardOrder.member_id == member_id, RewardOrder.receiver_sealed.is_not(None))
        .values(receiver_sealed=None)
        .execution_options(synchronize_session=False)
    )
    return int(erased.rowcount)  # type: ignore[attr-defined]


def get(session: Session, order_id: int) -> RewardOrder:
    """The order with that id. Raises NotFound."""
    order = session.get(RewardOrder, order_id)
    if order is None:
        raise NotFound
    return order
