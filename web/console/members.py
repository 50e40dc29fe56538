"""Members: find one, see what he has and what happened to him, make him staff of a branch."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import branches
from kernel import audit, operator_preferences
from kernel.refusals import Invalid
from loyalty import members, staff, timeline
from reports.members import CHANNELS
from web.console import member_lists, member_pages, member_reasons, timeline_names
from web.console.guards import actor, operator_id, operator_required
from web.console.member_bulk import PREFERENCE
from web.console.member_lists import COLUMNS, COUNTED, USUAL, Choices, Listed
from web.console.member_search import NEWEST, SORTS, wanted_of
from web.wiring import now, read, transaction, wiring

bp = Blueprint("members", __name__, url_prefix="/members")


@bp.get("")
@operator_required("members.read")
def show_list() -> ResponseReturnValue:
    """Members who were asked for, page by page in the order that was chosen."""
    wanted, token, me = wanted_of(request.args), request.args.get("from", ""), operator_id()

    def work(db: Session) -> tuple[Listed, Choices, Any]:
        kept = operator_preferences.find(db, me, PREFERENCE)
        return member_lists.listed(db, wanted, token), member_lists.choices(db), kept

    found, choices, kept = read(work)
    return render_template(
        "console/members/list.html",
        found=found,
        page=found.page,
        choices=choices,
        wanted=wanted,
        said=wanted.said(),
        columns=COLUMNS,
        shown=USUAL if kept is None else kept,
        counted=COUNTED,
        newest=NEWEST,
        channels=CHANNELS,
        sorts=SORTS,
        state_names=members.STATE_NAMES,
    )


@bp.post("/searches")
@operator_required("members.read")
def search() -> ResponseReturnValue:
    """Find by name, member number or whole phone; a phone never gets into an address or a log."""
    wanted = wanted_of(request.form)
    digest = member_lists.phone_digest(wiring().vault, wanted.q)
    if digest is None:
        return redirect(url_for(".show_list", **wanted.said()), 303)
    member_id = read(lambda db: member_lists.id_by_phone(db, digest))
    if member_id is None:
        flash("no_such_phone", "warning")
        return redirect(url_for(".show_list"), 303)
    return redirect(url_for(".show", member_id=member_id), 303)


@bp.get("/<row:member_id>")
@operator_required("members.read")
def show(member_id: int) -> ResponseReturnValue:
    """One member: points, tier, tags, check-ins, coupons, orders; personal data masked."""
    return member_pages.sheet_page(member_id)


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
