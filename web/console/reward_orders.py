"""Orders of rewards: what is to be shipped, where to, and every move after."""

from dataclasses import dataclass

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from kernel import audit
from kernel.operators import Operator
from kernel.refusals import Invalid, NotFound
from loyalty import members, reward_lists, reward_orders
from loyalty.members import Member
from loyalty.reward_orders import (
    MOVES,
    STATE_NAMES,
    Actor,
    Parcel,
    Receiver,
    RewardOrder,
    RewardOrderEvent,
)
from loyalty.rewards import Reward
from web.console.deeds import carry_out
from web.console.fields import Fields
from web.console.guards import actor, operator_id, operator_required
from web.console.paging import Page, asked_id, page_of
from web.wiring import now, read, transaction, wiring

bp = Blueprint("reward_orders", __name__, url_prefix="/reward-orders")

REVEAL_REASONS = ("发货", "核对地址", "客户来电", "投诉处理")
CARRIERS = ("顺丰速运", "中通快递", "圆通速递", "韵达快递", "京东快递", "邮政 EMS")
_SIZE = 25
_NO_LENGTH = 20

Line = Row[RewardOrder, Reward, str]


@dataclass(frozen=True)
class Sheet:
    """An order with its reward, its member, and its moves with the operators' names."""

    order: RewardOrder
    reward: Reward
    member: Member
    events: list[RewardOrderEvent]
    operators: dict[int, str]


@bp.get("")
@operator_required("rewards.read")
def show_list() -> ResponseReturnValue:
    """Orders in a state, at first those to ship, which begin with the longest wait."""
    state, before = request.args.get("state", "placed"), asked_id()
    page, counts = read(lambda db: (_page(db, state, before), reward_lists.counts(db)))
    return render_template(
        "console/rewards/orders.html",
        page=page,
        counts=counts,
        asked=state,
        state_names=STATE_NAMES,
    )


@bp.get("/<no>")
@operator_required("rewards.read")
def show(no: str) -> ResponseReturnValue:
    """One order with its moves; the receiver stays sealed. Raises NotFound."""
    return _sheet_page(no)


@bp.post("/<no>/reveals")
@operator_required("rewards.ship")
def reveal(no: str) -> ResponseReturnValue:
    """Show the receiver, once, to somebody who says what for. Raises NotFound, Invalid."""
    reason = request.form.get("reason", "")
    if reason not in REVEAL_REASONS:
        raise Invalid(field="reason", reason="请选择查看收件人的原因")

    def work(db: Session) -> Receiver | None:
        order = _get(db, no)[0]
        subject = f"reward_order:{order.no}"
        audit.write(db, "reward_order.revealed", subject, now(), by=actor(), reason=reason)
        return reward_orders.open_receiver(db, wiring().vault, order, now(), by=operator_id())

    receiver = transaction(work)
    if request.headers.get("HX-Request"):
        return render_template("console/rewards/receiver.html", receiver=receiver)
    return _sheet_page(no, receiver)


@bp.post("/<no>/shipments")
@operator_required("rewards.ship")
def ship(no: str) -> ResponseReturnValue:
    """The parcel is on its way. Raises NotFound."""
    fields = Fields(request.form)

    def work(db: Session) -> None:
        parcel = Parcel(fields.text("carrier"), fields.text("tracking_no"))
        reward_orders.ship(db, _get(db, no)[0].id, parcel, now(), by=operator_id())

    return carry_out(work, "order_shipped", url_for(".show", no=no))


@bp.post("/<no>/cancellations")
@operator_required("rewards.ship")
def cancel(no: str) -> ResponseReturnValue:
    """Not to be shipped after all: points and stock go back. Raises NotFound."""

    def work(db: Session) -> None:
        reward_orders.cancel(db, _get(db, no)[0].id, now(), _by())

    return carry_out(work, "order_cancelled", url_for(".show", no=no))


@bp.post("/<no>/returns")
@operator_required("rewards.ship")
def take_back(no: str) -> ResponseReturnValue:
    """The parcel came back: points and stock go back. Raises NotFound."""

    def work(db: Session) -> None:
        reward_orders.take_back(db, _get(db, no)[0].id, now(), _by())

    return carry_out(work, "order_returned", url_for(".show", no=no))


def _by() -> Actor:
    why = Fields(request.form).text("why")
    if not 1 <= len(why) <= 100:
        raise Invalid(field="why", reason="请填写原因（100 字以内），会员可以看到")
    return Actor("operator", operator_id(), why)


def _page(session: Session, state: str, before: int | None) -> Page[Line]:
    query = (
        select(RewardOrder, Reward, Member.name.label("member_name"))
        .join(Reward, Reward.id == RewardOrder.reward_id)
        .join(Member, Member.id == RewardOrder.member_id)
        .limit(_SIZE + 1)
    )
    waits = state == "placed"
    if state in STATE_NAMES:
        query = query.where(RewardOrder.state == state)
    if before is not None:
        query = query.where(RewardOrder.id > before if waits else RewardOrder.id < before)
    query = query.order_by(RewardOrder.id if waits else RewardOrder.id.desc())
    return page_of(session.execute(query).all(), _SIZE, lambda row: int(row.RewardOrder.id))


def _get(session: Session, no: str) -> reward_lists.Line:
    found = reward_lists.find(session, no.replace("\x00", "")[:_NO_LENGTH])
    if found is None:
        raise NotFound
    return found


def _sheet_page(no: str, receiver: Receiver | None = None) -> str:
    sheet = read(lambda db: _sheet(db, no))
    return render_template(
        "console/rewards/order.html",
        sheet=sheet,
        moves=MOVES[sheet.order.state],
        state_names=STATE_NAMES,
        reasons=REVEAL_REASONS,
        carriers=CARRIERS,
        receiver=receiver,
    )


def _sheet(session: Session, no: str) -> Sheet:
    order, reward = _get(session, no)
    events = reward_lists.events_of(session, order.id)
    ids = {event.by_id for event in events if event.by_kind == "operator"}
    named = session.execute(select(Operator.id, Operator.name).where(Operator.id.in_(ids)))
    member = members.get_by_id(session, order.member_id)
    return Sheet(order, reward, member, events, dict(named.all()))
