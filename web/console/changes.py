"""Changes that wait for a second person, whatever is changed: one of them, and its review."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, g, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import (
    branch_changes,
    branding,
    changes,
    house_facts,
    opening_hours,
    page_html,
    reviews,
    service_phrases,
)
from content.changes import STATE_NAMES, ContentChange
from content.facts import Wanted
from content.reviews import Review, ReviewClosed, Subject
from products import catalogue_changes
from products import facts as product_facts
from web.console import review_lists
from web.console.filters import in_yuan
from web.console.guards import operator_id, operator_required
from web.console.review_lists import Desk
from web.console.reviews import hand, written
from web.console.settling import settle
from web.wiring import now, read

Line = tuple[str, str, str]

bp = Blueprint("changes", __name__, url_prefix="/changes")

KINDS = {
    one.name: one
    for one in (
        catalogue_changes.KIND,
        branch_changes.KIND,
        branding.KIND,
        house_facts.KIND,
        service_phrases.KIND,
    )
}
# The list on which each kind stands.
_LISTS = {
    "product": "console.products.show_list",
    "branch": "console.branches.show_list",
    "branding": "console.branding.show_list",
    "fact": "console.branding.show_list",
    "service_phrase": "console.phrases.show_list",
}


@bp.get("/<row:change_id>")
@operator_required("content.read")
def show(change_id: int) -> ResponseReturnValue:
    """What would change, and the review. Raises NotFound."""

    def work(db: Session) -> tuple[ContentChange, Desk, list[Line]]:
        one = changes.get(db, change_id)
        subject, me = (one.kind, one.id), operator_id()
        desk = review_lists.desk(db, subject, me, frozenset({one.author_id}))
        return one, desk, lines_of(db, one)

    one, desk, lines = read(work)
    return render_template(
        "console/changes/show.html",
        one=one,
        desk=desk,
        lines=lines,
        kind=KINDS[one.kind],
        back=url_for(_LISTS[one.kind]),
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
        changes.approve(db, review.id, KINDS[one.kind], hand(), written())

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


def lines_of(session: Session, change: ContentChange) -> list[Line]:
    """(field, before, after) of what it changes, in words; blocks as readers see them."""
    before, after = change.before or {}, change.after or {}
    said = _drawn(session) if change.kind == "branding" else _said
    return [
        (title, said(name, before), said(name, after))
        for name, title in KINDS[change.kind].titles.items()
        if before.get(name) != after.get(name)
    ]


def _drawn(session: Session) -> Callable[[str, Mapping[str, Any]], str]:
    def said(name: str, values: Mapping[str, Any]) -> str:
        if name != "blocks":
            return _said(name, values)
        body = values.get(name, [])
        return page_html.render(body, product_facts.gather(session, Wanted.of(body), now()))

    return said


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
