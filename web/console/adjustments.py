"""Adjustments of points that wait for a second person, and those decided lately."""

from collections.abc import Sequence

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session, aliased

from kernel.operators import Operator
from kernel.refusals import Invalid
from loyalty import points_adjustments
from loyalty.ledger import PointsAccount
from loyalty.members import Member
from loyalty.points_adjustments import PointsAdjustment
from web.console.deeds import carry_out
from web.console.guards import operator_id, operator_required
from web.wiring import now, read, wiring

bp = Blueprint("adjustments", __name__, url_prefix="/adjustments")

# The adjustment, the member's name and balance, who proposed and who decided.
Line = Row[PointsAdjustment, str, int, str, str]
_WAITING = 50
_DECIDED = 20


@bp.get("")
@operator_required("points.read")
def show_list() -> ResponseReturnValue:
    """What waits, oldest first, and what was decided, newest first."""
    waiting, decided = read(lambda db: (_waiting(db), _decided(db)))
    return render_template(
        "console/adjustments.html",
        waiting=waiting,
        decided=decided,
        alone=wiring().policy.adjust_alone_limit,
    )


@bp.post("/<row:adjustment_id>/decisions")
@operator_required("points.approve")
def decide(adjustment_id: int) -> ResponseReturnValue:
    """Yes or no; whoever asked for the points cannot decide. Raises NotFound, Invalid."""
    said = request.form.get("decision")
    if said not in {"approve", "refuse"}:
        raise Invalid(field="decision", reason="请选择同意或驳回")
    approved = said == "approve"
    decision = (operator_id(), approved)
    policy = wiring().policy
    return carry_out(
        lambda db: points_adjustments.decide(db, adjustment_id, decision, now(), policy),
        "adjustment_approved" if approved else "adjustment_refused",
        url_for(".show_list"),
    )


def count_waiting(session: Session) -> int:
    """How many adjustments wait, for the home page."""
    waiting = select(func.count()).where(PointsAdjustment.state == "proposed")
    return session.scalar(waiting) or 0


def _with_people() -> Select[PointsAdjustment, str, int, str, str]:
    proposer, decider = aliased(Operator), aliased(Operator)
    return (
        select(
            PointsAdjustment,
            Member.name.label("member_name"),
            PointsAccount.balance,
            proposer.name.label("proposer"),
            decider.name.label("decider"),
        )
        .join(Member, Member.id == PointsAdjustment.member_id)
        .join(PointsAccount, PointsAccount.member_id == PointsAdjustment.member_id)
        .join(proposer, proposer.id == PointsAdjustment.proposed_by)
        .outerjoin(decider, decider.id == PointsAdjustment.decided_by)
    )


def _waiting(session: Session) -> Sequence[Line]:
    query = _with_people().where(PointsAdjustment.state == "proposed")
    return session.execute(query.order_by(PointsAdjustment.id).limit(_WAITING)).all()


def _decided(session: Session) -> Sequence[Line]:
    query = _with_people().where(
        PointsAdjustment.state != "proposed", PointsAdjustment.needs_second.is_(True)
    )
    return session.execute(query.order_by(PointsAdjustment.id.desc()).limit(_DECIDED)).all()
