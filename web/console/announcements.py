"""Announcements: written by one, approved by another, shown within their window."""

from collections.abc import Callable

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import announcements, reviews
from content.announcements import KIND, STATE_NAMES, Announcement, Form
from content.reviews import Review, Subject
from kernel.clock import SHANGHAI
from kernel.refusals import Invalid, Refused
from web.console import review_lists
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_id, operator_required
from web.console.paging import asked_id, page_of
from web.console.review_lists import Desk
from web.console.reviews import hand, written
from web.console.settling import settle, words_of
from web.wiring import now, read, transaction

bp = Blueprint("announcements", __name__, url_prefix="/announcements")

SIZE = 30
_FLAGS = ("pinned", "in_chat", "on_site")


@bp.get("")
@operator_required("content.read")
def show_list() -> ResponseReturnValue:
    """All of them, newest first."""
    before = asked_id()
    rows = read(lambda db: announcements.every(db, before, SIZE + 1))
    page = page_of(rows, SIZE, lambda row: row.id)
    return render_template(
        "console/announcements/list.html", page=page, names=STATE_NAMES, at=now()
    )


@bp.get("/new")
@operator_required("content.write")
def show_new() -> ResponseReturnValue:
    """An empty one."""
    return _form(Shown({"in_chat": True, "on_site": True}))


@bp.post("")
@operator_required("content.write")
def create() -> ResponseReturnValue:
    """Begin one as a draft; faults come back beside their fields."""
    return _saved(lambda db: announcements.draft(db, _read(), hand()).id)


@bp.get("/<row:announcement_id>")
@operator_required("content.read")
def show(announcement_id: int) -> ResponseReturnValue:
    """One with its review. Raises NotFound."""

    def work(db: Session) -> tuple[Announcement, Desk]:
        one = announcements.get(db, announcement_id)
        found = announcements.findings(one) if one.state in {"draft", "review"} else []
        subject, me = (KIND, one.id), operator_id()
        return one, review_lists.desk(db, subject, me, frozenset(one.editors), found)

    one, desk = read(work)
    return render_template(
        "console/announcements/show.html",
        one=one,
        desk=desk,
        names=STATE_NAMES,
        at=now(),
        may=g.operator.may("content.write"),
    )


@bp.get("/<row:announcement_id>/edit")
@operator_required("content.write")
def show_form(announcement_id: int) -> ResponseReturnValue:
    """The form filled in. Raises NotFound."""
    one = read(lambda db: announcements.get(db, announcement_id))
    return _form(_filled(one), one)


@bp.post("/<row:announcement_id>")
@operator_required("content.write")
def change(announcement_id: int) -> ResponseReturnValue:
    """Save it; what was approved needs a new approval then. Raises NotFound."""
    one = read(lambda db: announcements.get(db, announcement_id))

    def work(db: Session) -> int:
        version = Fields(request.form).number("version")
        return announcements.save(db, announcement_id, version, _read(), hand()).id

    return _saved(work, one)


@bp.post("/<row:announcement_id>/review")
@operator_required("content.write")
def ask(announcement_id: int) -> ResponseReturnValue:
    """Hand it to the approvers."""
    return _do(announcement_id, "announcement_asked", lambda db: announcements.submit(
        db, announcement_id, hand(), written("note")))  # fmt: skip


@bp.post("/<row:announcement_id>/approve")
@operator_required("content.approve")
def approve(announcement_id: int) -> ResponseReturnValue:
    """Approve: it shows within its window."""
    return _do(announcement_id, "announcement_approved", lambda db: announcements.approve(
        db, _review(db, announcement_id).id, hand(), written()))  # fmt: skip


@bp.post("/<row:announcement_id>/refuse")
@operator_required("content.approve")
def refuse(announcement_id: int) -> ResponseReturnValue:
    """Send it back with a reason."""
    return _do(announcement_id, "review_refused", lambda db: announcements.refuse(
        db, _review(db, announcement_id).id, hand(),
        written(needed="请写明退回的原因")))  # fmt: skip


@bp.post("/<row:announcement_id>/withdrawals")
@operator_required("content.write")
def withdraw(announcement_id: int) -> ResponseReturnValue:
    """Take it down, or back from review."""
    return _do(announcement_id, "announcement_withdrawn", lambda db: announcements.withdraw(
        db, announcement_id, hand()))  # fmt: skip


@bp.post("/<row:announcement_id>/comments")
@operator_required("content.read")
def comment(announcement_id: int) -> ResponseReturnValue:
    """Say something about it."""

    def work(db: Session) -> None:
        one = announcements.get(db, announcement_id)
        body = written("body", needed="请填写留言")
        reviews.comment(db, Subject(KIND, one.id, one.title), hand(), body)

    return _do(announcement_id, "commented", work)


def _review(session: Session, announcement_id: int) -> Review:
    one = announcements.get(session, announcement_id)
    found = reviews.open_of(session, KIND, one.id)
    if found is None:
        raise announcements.AnnouncementState(state=STATE_NAMES[one.state])
    return found


def _do(announcement_id: int, done: str, work: Callable[[Session], object]) -> ResponseReturnValue:
    return settle(work, done, url_for(".show", announcement_id=announcement_id))


def _read() -> Form:
    fields = Fields(request.form)
    return Form(
        title=fields.text("title"),
        text=fields.text("text"),
        starts_at=fields.moment("starts_at"),
        ends_at=fields.moment("ends_at"),
        link=fields.text("link")[:500],
        **{name: fields.flag(name) for name in _FLAGS},
    )


def _filled(one: Announcement) -> Shown:
    values = {name: getattr(one, name) for name in ("title", "text", "link", "version", *_FLAGS)}
    for name in ("starts_at", "ends_at"):
        values[name] = f"{getattr(one, name).astimezone(SHANGHAI):%Y-%m-%dT%H:%M}"
    return Shown(values)


def _saved(work: Callable[[Session], int], one: Announcement | None = None) -> ResponseReturnValue:
    try:
        made = transaction(work)
    except Invalid as refused:
        return _form(again(request.form, refused), one), 422
    except announcements.AnnouncementChanged as refused:
        typed = {**request.form, "version": refused.facts["version"]}
        return _form(Shown(typed), one, _newer(refused)), 409
    except announcements.AnnouncementState as refused:
        return _form(Shown(dict(request.form)), one, words_of(refused)), 409
    flash("announcement_saved", "success")
    return redirect(url_for(".show", announcement_id=made), 303)


def _newer(_refused: Refused) -> str:
    return "同事刚改过这条公告，您的修改还没有保存。您填写的都在下面，核对后再按保存就以您的为准。"


def _form(form: Shown, one: Announcement | None = None, warning: str = "") -> str:
    return render_template("console/announcements/form.html", form=form, one=one, warning=warning)
