"""What operators do to a member: points, tags, the blocklist, the person's data, erasure."""

import json
import secrets
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import SHANGHAI
from kernel.refusals import Invalid, NotFound
from loyalty import (
    blocklist,
    erasure,
    member_data,
    members,
    points,
    points_adjustments,
    points_reversals,
    tags,
)
from loyalty.ledger import PointsEntry
from loyalty.points_adjustments import Wish
from loyalty.points_reversals import Because
from products import member_sections
from web.console.deeds import carry_out
from web.console.fields import Fields
from web.console.guards import actor, operator_id, operator_required, recently_confirmed
from web.console.member_sheets import is_reversible
from web.wiring import now, read, transaction, wiring

bp = Blueprint("member_acts", __name__, url_prefix="/members/<row:member_id>")

EXPORT_REASONS = ("会员本人申请", "投诉处理", "监管要求")
ERASE_REASONS = ("会员本人申请", "重复或错误的资料", "监管要求")


@bp.get("/acts")
@operator_required("members.read")
def show(member_id: int) -> ResponseReturnValue:
    """All acts that this operator may do to the member."""
    return render_template(
        "console/members/acts.html",
        member=read(lambda db: members.get_by_id(db, member_id)),
        balance=read(lambda db: points.balance_of(db, member_id)),
        alone=wiring().policy.adjust_alone_limit,
        request_key=secrets.token_urlsafe(18),
        export_reasons=EXPORT_REASONS,
    )


@bp.post("/adjustments")
@operator_required("points.adjust")
def adjust(member_id: int) -> ResponseReturnValue:
    """Give or take points: at once up to the limit, above it by a second person's decision."""
    fields, policy = Fields(request.form), wiring().policy

    def work(db: Session) -> bool:
        members.get_by_id(db, member_id)
        delta = fields.number("points") * (-1 if fields.text("way") == "take" else 1)
        wish = Wish(member_id, delta, fields.text("reason"), fields.text("request_key")[:64])
        row = points_adjustments.propose(db, wish, operator_id(), now(), policy)
        if row.member_id != member_id:
            raise Invalid(field="request_key", reason="请刷新页面后重新填写")
        return row.state == "applied"

    back = url_for(".show", member_id=member_id)
    return carry_out(work, "adjusted", back, otherwise="adjustment_proposed")


@bp.post("/tags")
@operator_required("members.tag")
def put_tag(member_id: int) -> ResponseReturnValue:
    """Put a tag on the member."""
    code = Fields(request.form).text("tag")
    back = url_for("console.members.show", member_id=member_id)
    if not code:
        flash("tag_missing", "danger")
        return redirect(back, 303)

    def work(db: Session) -> None:
        members.get_by_id(db, member_id)
        tags.put(db, member_id, code, now(), by=operator_id())

    return carry_out(work, "tag_put", back)


@bp.post("/tags/<code>/removals")
@operator_required("members.tag")
def take_tag(member_id: int, code: str) -> ResponseReturnValue:
    """Take a tag from the member."""
    return carry_out(
        lambda db: tags.take(db, member_id, code, now(), by=operator_id()),
        "tag_taken",
        url_for("console.members.show", member_id=member_id),
    )


@bp.post("/blocks")
@operator_required("members.block")
def block(member_id: int) -> ResponseReturnValue:
    """Suspend the member, with a reason."""
    reason = Fields(request.form).text("reason")
    return carry_out(
        lambda db: blocklist.block(db, member_id, reason, now(), by=operator_id()),
        "blocked",
        url_for(".show", member_id=member_id),
        otherwise="blocked_already",
    )


@bp.post("/unblocks")
@operator_required("members.block")
def unblock(member_id: int) -> ResponseReturnValue:
    """Let the member act again, with a reason."""
    reason = Fields(request.form).text("reason")
    return carry_out(
        lambda db: blocklist.unblock(db, member_id, reason, now(), by=operator_id()),
        "unblocked",
        url_for(".show", member_id=member_id),
        otherwise="unblocked_already",
    )


@bp.post("/exports")
@operator_required("members.export")
def export(member_id: int) -> ResponseReturnValue:
    """The member's data as a file, for a reason that is written down. Raises Invalid."""
    reason = _one_of(EXPORT_REASONS)

    def work(db: Session) -> dict[str, Any]:
        found = member_data.export(
            db, wiring().vault, member_id, now(), more=member_sections.SECTIONS
        )
        subject = f"member:{member_id}"
        audit.write(db, "member.exported", subject, now(), by=actor(), reason=reason)
        return found

    text = json.dumps(transaction(work), ensure_ascii=False, indent=2)
    name = f"member-{member_id}-{now().astimezone(SHANGHAI):%Y%m%d}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, mimetype="application/json", headers=headers)


@bp.get("/erasures/new")
@operator_required("members.erase")
@recently_confirmed
def show_erasure(member_id: int) -> ResponseReturnValue:
    """What erasing means, and the form. Raises NotFound, for an ended member too."""
    member = read(lambda db: members.get_by_id(db, member_id))
    if member.state not in {"active", "blocked"}:
        raise NotFound
    return render_template(
        "console/members/erasure.html", member=member, erase_reasons=ERASE_REASONS
    )


@bp.post("/erasures")
@operator_required("members.erase")
@recently_confirmed
def erase(member_id: int) -> ResponseReturnValue:
    """Erase the member for ever; the number must be typed. Raises Invalid without a reason."""
    reason, typed = _one_of(ERASE_REASONS), Fields(request.form).text("typed")

    def work(db: Session) -> bool:
        if typed != str(member_id):
            raise Invalid(field="typed", reason="输入的会员号不一致，没有注销")
        steps = wiring().erase_steps
        done = erasure.erase(db, member_id, now(), by=operator_id(), steps=steps)
        if done:
            subject = f"member:{member_id}"
            audit.write(db, "member.erase_reason", subject, now(), by=actor(), reason=reason)
        return done

    back = url_for("console.members.show", member_id=member_id)
    return carry_out(work, "erased", back, otherwise="erased_already")


@bp.get("/entries/<row:entry_id>/reversal")
@operator_required("points.reverse")
def show_reversal(member_id: int, entry_id: int) -> ResponseReturnValue:
    """What undoing the entry would do. Raises NotFound."""
    member, entry = read(
        lambda db: (members.get_by_id(db, member_id), _entry(db, member_id, entry_id))
    )
    mode = wiring().policy.claw_back
    return render_template(
        "console/members/reversal.html", member=member, entry=entry, claw_back=mode
    )


@bp.post("/entries/<row:entry_id>/reversal")
@operator_required("points.reverse")
def reverse(member_id: int, entry_id: int) -> ResponseReturnValue:
    """Give a spend back to its lots, or take a credit back. Raises NotFound."""
    reason = Fields(request.form).text("reason")

    def work(db: Session) -> None:
        members.refuse_ended(db, member_id)
        entry = _entry(db, member_id, entry_id)
        because = Because(blocklist.clean_reason(reason)[:60], operator_id())
        if entry.kind == "spend":
            points_reversals.refund(db, entry.reference, now(), because)
        else:
            mode = wiring().policy.claw_back
            points_reversals.claw_back(db, entry.reference, now(), mode, because)
        facts = {"entry": entry_id, "delta": -entry.delta, "reason": because.reason}
        audit.write(db, "points.reversed", f"member:{member_id}", now(), by=actor(), **facts)

    return carry_out(work, "reversed", url_for("console.members.show", member_id=member_id))


def _entry(session: Session, member_id: int, entry_id: int) -> PointsEntry:
    found = session.get(PointsEntry, entry_id)
    if found is None or found.member_id != member_id or not is_reversible(found):
        raise NotFound
    return found


def _one_of(reasons: tuple[str, ...]) -> str:
    reason = request.form.get("reason", "")
    if reason not in reasons:
        raise Invalid(field="reason", reason="请选择原因")
    return reason
