"""What is done to the members that were chosen in the list, or with the list itself."""

from collections.abc import Iterator

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import audit, operator_preferences
from kernel.clock import SHANGHAI
from kernel.refusals import Invalid
from loyalty import tags
from loyalty.members import LIVE, STATE_NAMES, Member
from reports.files import Cell
from reports.members import CHANNELS
from web.console import csv_files, member_lists
from web.console.filters import full_time
from web.console.guards import actor, operator_id, operator_required
from web.console.member_lists import COLUMNS, MemberLine
from web.console.member_search import wanted_of
from web.wiring import now, read, transaction, wiring

bp = Blueprint("member_bulk", __name__, url_prefix="/members/bulk")

HEADER = ("会员号", "姓名", "手机", "等级", "积分", "关注", "渠道", "状态", "注册时间")
PREFERENCE = "members.columns"
MOST = 100
_ID_DIGITS = 18


@bp.post("/columns")
@operator_required("members.read")
def choose_columns() -> ResponseReturnValue:
    """Keep which columns the operator wants to see."""
    chosen = [name for name in COLUMNS if request.form.get(f"column-{name}")]
    transaction(lambda db: operator_preferences.put(db, operator_id(), PREFERENCE, chosen))
    said = wanted_of(request.form).said()
    return redirect(url_for("console.members.show_list", **said), 303)


@bp.post("/tags")
@operator_required("members.tag")
def confirm_tags() -> ResponseReturnValue:
    """Who was chosen and what would be done to them; nothing is done yet. Raises Invalid."""
    numbers, code, takes = _asked()

    def work(db: Session) -> tuple[list[Member], str]:
        query = select(Member).where(Member.id.in_(numbers)).order_by(Member.id)
        return list(db.scalars(query)), tags.get(db, code).name

    members, name = read(work)
    return render_template(
        "console/members/bulk.html",
        members=members,
        live=[member for member in members if member.state in LIVE],
        tag=(code, name),
        takes=takes,
        said=wanted_of(request.form).said(),
    )


@bp.post("/tags/confirmed")
@operator_required("members.tag")
def change_tags() -> ResponseReturnValue:
    """Put the tag on those members, or take it from them; each is an act of its own.

    Raises Invalid, NotFound for an unknown tag, TagKeptByRule.
    """
    numbers, code, takes = _asked()

    def work(db: Session) -> int:
        living = select(Member.id).where(Member.id.in_(numbers), Member.state.in_(LIVE))
        change = tags.take if takes else tags.put
        return sum(
            change(db, number, code, now(), by=operator_id())
            for number in sorted(db.scalars(living))
        )

    done = transaction(work)
    flash("bulk_done" if done else "bulk_nothing", "success" if done else "warning")
    said = wanted_of(request.form).said()
    return redirect(url_for("console.members.show_list", **said), 303)


def _asked() -> tuple[list[int], str, bool]:
    typed = request.form.getlist("member")
    numbers = {int(one) for one in typed if _is_id(one)}
    if not numbers:
        raise Invalid(field="member", reason="请先在列表里勾选会员")
    if len(numbers) > MOST:
        raise Invalid(field="member", reason=f"一次最多 {MOST} 位会员")
    code = request.form.get("with_tag", "").replace("\x00", "")[:40]
    if not code:
        raise Invalid(field="with_tag", reason="请选择标签")
    return sorted(numbers), code, request.form.get("deed") == "take"


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS


@bp.post("/exports")
@operator_required("members.export")
def export() -> ResponseReturnValue:
    """Those who are listed, as a file with masked phones; an act that is written down."""
    wanted, at = wanted_of(request.form), now()
    find = wanted.said()
    transaction(
        lambda db: audit.write(db, "members.exported", "members:list", at, by=actor(), find=find)
    )
    rows = _cells(member_lists.every(wiring().database, wanted))
    return csv_files.answer(f"members-{at.astimezone(SHANGHAI):%Y%m%d-%H%M}.csv", HEADER, rows)


def _cells(lines: Iterator[MemberLine]) -> Iterator[list[Cell]]:
    for line in lines:
        yield [
            line.id,
            line.name,
            line.phone_hint or "",
            line.tier,
            line.balance or 0,
            "是" if line.subscribed else "否",
            CHANNELS.get(line.channel, line.channel),
            STATE_NAMES[line.state],
            full_time(line.registered_at),
        ]
