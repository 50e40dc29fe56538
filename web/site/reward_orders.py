"""Orders of rewards: the member's own, each with a timeline as a parcel has."""

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.refusals import NotFound, Refused
from loyalty import reward_lists, reward_orders
from loyalty.phones import mask
from loyalty.reward_orders import MOVES, STATE_NAMES, Actor, RewardOrder
from web.guards import member_required
from web.site.messages import tell, tell_refused
from web.site.paths import before_id
from web.wiring import now, read, transaction, wiring

bp = Blueprint("reward_orders", __name__, url_prefix="/reward-orders")

PAGE = 20
Deed = Callable[[Session, int, datetime, Actor], RewardOrder]


@bp.get("")
@member_required
def show_all() -> ResponseReturnValue:
    """The member's orders, newest first, a page at a time."""
    member_id, before = g.member_id, before_id(request.args.get("before"))
    lines = read(
        lambda db: reward_lists.of_member(db, member_id, before=before, limit=PAGE + 1)
    )  # one more than is shown says whether there is a next page
    older = lines[PAGE - 1][0].id if len(lines) > PAGE else None
    return render_template(
        "site/reward_orders/list.html", lines=lines[:PAGE], older=older, names=STATE_NAMES
    )


@bp.get("/<no>")
@member_required
def show(no: str) -> ResponseReturnValue:
    """One order: where it stands, and how it came there."""
    member_id = g.member_id
    order, reward = read(lambda db: reward_lists.get_of_member(db, no[:20], member_id))
    events = read(lambda db: reward_lists.events_of(db, order.id))
    receiver = reward_orders.receiver_of(wiring().vault, order)
    return render_template(
        "site/reward_orders/order.html",
        order=order,
        reward=reward,
        events=events,
        receiver=receiver,
        phone=mask(receiver.phone) if receiver else "",
        names=STATE_NAMES,
        moves=MOVES[order.state] if order.coupon_id is None else (),
    )


@bp.post("/<no>/cancellations")
@member_required
def cancel(no: str) -> ResponseReturnValue:
    """Take the order back before it is shipped; the points come back."""
    return _move(no, reward_orders.cancel, "site_order_cancelled")


@bp.post("/<no>/receipts")
@member_required
def receive(no: str) -> ResponseReturnValue:
    """Say that it has arrived."""
    return _move(no, reward_orders.mark_received, "site_order_received")


def _move(no: str, deed: Deed, phrase: str) -> ResponseReturnValue:
    member_id, at = g.member_id, now()

    def work(session: Session) -> None:
        order, _ = reward_lists.get_of_member(session, no[:20], member_id)
        deed(session, order.id, at, Actor("member", member_id))

    try:
        transaction(work)
    except NotFound:
        raise
    except Refused as refused:
        tell_refused(refused)
    else:
        tell(phrase)
    return redirect(url_for("site.reward_orders.show", no=no))
