"""Members: find one, see what he has and what happened to him, make him staff of a branch."""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import branches
from kernel import audit
from kernel.refusals import Invalid
from loyalty import members, staff, timeline
from loyalty.reward_orders import STATE_NAMES as ORDER_NAMES
from products.applications import STATE_NAMES
from reports.members import CHANNELS
from web.console import member_lists, member_reasons, member_sheets, timeline_names
from web.console.guards import actor, operator_required
from web.console.paging import asked_id
from web.wiring import now, read, transaction, wiring

bp = Blueprint("members", __name__, url_prefix="/members")


@bp.get("")
@operator_required("members.read")
def show_list() -> ResponseReturnValue:
    """All members, the newest first, or those whose name or number was asked for."""
    asked = request.args.get("q", "").strip()
    page, total = read(
        lambda db: (member_lists.page(db, asked, asked_id()), member_lists.total(db, asked))
    )
    return render_template("console/members/list.html", page=page, total=total, asked=asked)


@bp.post("/searches")
@operator_required("members.read")
def search() -> ResponseReturnValue:
    """Find by name, member number or whole phone; a phone never gets into an address or a log."""
    asked = request.form.get("q", "").strip()
    digest = member_lists.phone_digest(wiring().vault, asked)
    if digest is None:
        return redirect(url_for(".show_list", q=asked or None), 303)
    member_id = read(lambda db: member_lists.id_by_phone(db, digest))
    if member_id is None:
        flash("no_such_phone", "warning")
        return redirect(url_for(".show_list"), 303)
    return redirect(url_for(".show", member_id=member_id), 303)


@bp.get("/<row:member_id>")
@operator_required("members.read")
def show(member_id: int) -> ResponseReturnValue:
    """One member: points, tier, tags, check-ins, coupons, orders; personal data masked."""
    before, at = asked_id(), now()
    sheet = read(lambda db: member_sheets.sheet(db, member_id, before, at))
    return render_template(
        "console/members/show.html",
        sheet=sheet,
        member=sheet.person.member,
        channels=CHANNELS,
        state_names=STATE_NAMES,
        order_names=ORDER_NAMES,
    )


@bp.get("/<row:member_id>/timeline")
@operator_required("members.read")
def show_timeline(member_id: int) -> ResponseReturnValue:
    """Everything that happened to the member, newest first, or one group of it."""
    group = request.args.get("group") or None
    cursor = request.args.get("from") or None

    def work(db: Session) -> "_Timeline":
        member = members.get_by_id(db, member_id)
        page = timeline.page(db, member_id, group=group, cursor=cursor)
        return _Timeline(member, page, timeline_names.of_page(db, page))

    found = read(work)
    groups = {key: name for key, (name, _) in timeline.GROUPS.items()}
    return render_template(
        "console/members/timeline.html",
        found=found,
        member=found.member,
        groups=groups | dict([timeline.OTHER]),
        group=group,
    )


@dataclass(frozen=True)
class _Timeline:
    member: members.Member
    page: timeline.TimelinePage
    names: timeline_names.Names


@bp.get("/<row:member_id>/reasons")
@operator_required("members.read")
def show_reasons(member_id: int) -> ResponseReturnValue:
    """Why not this member? The conditions of a batch, a reward or a make-up, each met or not."""
    asked = member_reasons.Asked(
        request.args.get("about", ""), request.args.get("channel", "site"), now()
    )
    policy = wiring().policy
    found = read(lambda db: member_reasons.look(db, member_id, asked, policy))
    return render_template(
        "console/members/reasons.html", found=found, member=found.member, asked=asked
    )


@bp.post("/<row:member_id>/staff")
@operator_required("members.staff")
def appoint(member_id: int) -> ResponseReturnValue:
    """Make the member staff of a branch, who may redeem coupons."""
    name, branch = request.form.get("name", ""), request.form.get("branch", "")

    def work(db: Session) -> bool:
        member = members.get_by_id(db, member_id)
        if branch not in {known.code for known in branches.every(db)}:
            raise Invalid(field="branch", reason="请选择营业厅")
        done = staff.appoint(db, member.openid, members.clean_name(name), branch, now())
        if done:
            subject = f"member:{member_id}"
            audit.write(db, "staff.appointed", subject, now(), by=actor(), branch=branch)
        return done

    flash(*(("appointed", "success") if transaction(work) else ("is_staff", "warning")))
    return redirect(url_for(".show", member_id=member_id), 303)
