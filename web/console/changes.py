"""Changes of products and branches that wait for a second person: one of them, and its review."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, g, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import branch_changes, changes, opening_hours, reviews
from content.changes import KIND_NAMES, STATE_NAMES, ContentChange
from content.reviews import Review, ReviewClosed, Subject
from products import catalogue_changes
from web.console import review_lists
from web.console.filters import in_yuan
from web.console.guards import operator_id, operator_required
from web.console.review_lists import Desk
from web.console.reviews import hand, written
from web.console.settling import settle
from web.wiring import read

bp = Blueprint("changes", __name__, url_prefix="/changes")

_APPLY = {"product": catalogue_changes.apply, "branch": branch_changes.apply}
TITLES = {
    "product": {
        "family": "类别",
        "name": "名称",
        "speed": "速率",
        "price_fen": "价格",
        "period": "计价周期",
        "summary": "简介",
        "terms": "说明",
    },
    "branch": {
        "name": "名称",
        "district": "区域",
        "address": "地址",
        "phone": "电话",
        "hours": "营业时间（文字）",
        "latitude": "纬度",
        "longitude": "经度",
        "week": "每周营业时间",
        "days": "特殊日期",
        "services": "办理业务",
    },
}


@bp.get("/<row:change_id>")
@operator_required("content.read")
def show(change_id: int) -> ResponseReturnValue:
    """What would change, and the review. Raises NotFound."""

    def work(db: Session) -> tuple[ContentChange, Desk]:
        one = changes.get(db, change_id)
        subject, me = (one.kind, one.id), operator_id()
        return one, review_lists.desk(db, subject, me, frozenset({one.author_id}))

    one, desk = read(work)
    return render_template(
        "console/changes/show.html",
        one=one,
        desk=desk,
        lines=lines_of(one),
        kinds=KIND_NAMES,
        states=STATE_NAMES,
        may=g.operator.may("content.write") and one.author_id == operator_id(),
    )


@bp.post("/<row:change_id>/approve")
@operator_required("content.approve")
def approve(change_id: int) -> ResponseReturnValue:
    """Approve it, and make it so everywhere at once. Raises NotFound."""

    def work(db: Session) -> None:
        one = changes.get(db, change_id)
        review = _review(db, one)
        changes.approve(db, review.id, _APPLY[one.kind], hand(), written())

    return _do(change_id, "change_applied", work)


@bp.post("/<row:change_id>/refuse")
@operator_required("content.approve")
def refuse(change_id: int) -> ResponseReturnValue:
    """Send it back with a reason. Raises NotFound."""

    def work(db: Session) -> None:
        review = _review(db, changes.get(db, change_id))
        changes.refuse(db, review.id, hand(), written(needed="请写明退回的原因"))

    return _do(change_id, "review_refused", work)


@bp.post("/<row:change_id>/withdraw")
@operator_required("content.write")
def withdraw(change_id: int) -> ResponseReturnValue:
    """Take it back before anybody has decided. Raises NotFound."""
    return _do(change_id, "review_withdrawn", lambda db: changes.withdraw(
        db, _review(db, changes.get(db, change_id)).id, hand()))  # fmt: skip


@bp.post("/<row:change_id>/comments")
@operator_required("content.read")
def comment(change_id: int) -> ResponseReturnValue:
    """Say something about it. Raises NotFound."""

    def work(db: Session) -> None:
        one = changes.get(db, change_id)
        body = written("body", needed="请填写留言")
        reviews.comment(db, Subject(one.kind, one.id, one.title), hand(), body)

    return _do(change_id, "commented", work)


def lines_of(change: ContentChange) -> list[tuple[str, str, str]]:
    """(field, before, after) of what it changes, in words."""
    before, after = change.before or {}, change.after or {}
    return [
        (title, _said(name, before), _said(name, after))
        for name, title in TITLES[change.kind].items()
        if before.get(name) != after.get(name)
    ]


def _said(name: str, values: Mapping[str, Any]) -> str:
    value = values.get(name)
    if value is None:
        return ""
    if name == "price_fen":
        return in_yuan(value)
    if name == "week":
        return opening_hours.words(value)
    if name == "days":
        return "；".join(f"{day} {_spans(spans)}" for day, spans in value.items())
    return "、".join(value) if isinstance(value, list) else str(value)


def _spans(spans: list[list[str]]) -> str:
    return "、".join("–".join(span) for span in spans) or "休息"


def _review(session: Session, change: ContentChange) -> Review:
    found = reviews.open_of(session, change.kind, change.id)
    if found is None:
        raise ReviewClosed(state=STATE_NAMES[change.state])
    return found


def _do(change_id: int, done: str, work: Callable[[Session], object]) -> ResponseReturnValue:
    return settle(work, done, url_for(".show", change_id=change_id))
