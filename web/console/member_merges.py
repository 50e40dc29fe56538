"""Merges: two members are one person; seen before, and decided with a reason."""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.refusals import Invalid, NotFound, Refused
from loyalty import members, merges, points
from loyalty.members import Member
from loyalty.merges import Decision, Preview
from web.console.deeds import carry_out, sentence
from web.console.fields import Fields
from web.console.guards import operator_id, operator_required, recently_confirmed
from web.wiring import now, read, wiring

bp = Blueprint("member_merges", __name__, url_prefix="/members/<row:member_id>/merge")


@dataclass(frozen=True)
class Plan:
    """Both members, their points, and what would go over."""

    source: Member
    target: Member
    balances: tuple[int, int]
    preview: Preview


@bp.get("")
@operator_required("members.merge")
@recently_confirmed
def show(member_id: int) -> ResponseReturnValue:
    """What would go into the member `into`. What cannot be merged is said on the page of acts."""
    try:
        plan = read(lambda db: _plan(db, member_id, Fields(request.args)))
    except NotFound:
        flash("merge_nobody", "danger")
    except Refused as refused:
        flash(sentence(refused), "danger")
    else:
        return render_template("console/members/merge.html", plan=plan, member=plan.source)
    return redirect(url_for("console.member_acts.show", member_id=member_id), 303)


@bp.post("")
@operator_required("members.merge")
@recently_confirmed
def merge(member_id: int) -> ResponseReturnValue:
    """Merge the member into another. Raises NotFound."""
    fields = Fields(request.form)
    try:
        into = fields.row_id("into")
    except Invalid:
        raise NotFound from None

    def work(db: Session) -> None:
        decision = Decision(member_id, into, fields.text("reason"))
        merges.merge(db, decision, now(), by=operator_id(), steps=wiring().merge_steps)

    return carry_out(work, "merged", url_for("console.members.show", member_id=into))


def _plan(session: Session, member_id: int, fields: Fields) -> Plan:
    decision = Decision(member_id, fields.row_id("into"), "")
    preview = merges.preview(session, decision, now())
    ids = decision.source_id, decision.target_id
    source, target = (members.get_by_id(session, one) for one in ids)
    first, second = (points.balance_of(session, one) for one in ids)
    return Plan(source, target, (first, second), preview)
