"""Pushes: write one, have it approved by somebody else, watch it go out."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.refusals import Invalid
from pushes import deliveries, drafts, life
from pushes.messages import TEXT_BYTES
from pushes.pushes import STATE_NAMES
from web.console import push_lists, reviews
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_required
from web.console.paging import asked_id
from web.wiring import read, transaction, wiring

bp = Blueprint("pushes", __name__, url_prefix="/pushes")


@bp.get("")
@operator_required("pushes.read")
def show_list() -> ResponseReturnValue:
    """All pushes, the newest first, with what became of them."""
    page = read(lambda db: push_lists.page(db, asked_id()))
    return render_template("console/pushes/list.html", page=page, state_names=STATE_NAMES)


@bp.get("/new")
@operator_required("pushes.write")
def show_form() -> ResponseReturnValue:
    """An empty push."""
    return _form("", "")


@bp.post("")
@operator_required("pushes.write")
def create() -> ResponseReturnValue:
    """Write a push down; what the rules refuse comes back with the text still in the form."""
    title = request.form.get("title", "").replace("\x00", "")
    # Browsers send CRLF, which would cost a byte a line and is not what the counter counted.
    body = request.form.get("body", "").replace("\r\n", "\n").replace("\x00", "")

    def work(db: Session) -> int:
        push = drafts.write(db, drafts.text_form(title, body), reviews.hand())
        life.submit(db, push.id, reviews.hand())
        return push.id

    try:
        push_id = transaction(work)
    except Invalid as refused:
        return _form(title, body, refused), 422
    flash("push_drafted", "success")
    return redirect(url_for(".show", push_id=push_id), 303)


@bp.get("/<row:push_id>")
@operator_required("pushes.read")
def show(push_id: int) -> ResponseReturnValue:
    """One push: its text, who is reached, and how far it is."""
    return _sheet(push_id, "console/pushes/show.html")


@bp.get("/<row:push_id>/progress")
@operator_required("pushes.read")
def show_progress(push_id: int) -> ResponseReturnValue:
    """The part of the page that changes while the push goes out."""
    return _sheet(push_id, "console/pushes/progress.html")


@bp.post("/<row:push_id>/approvals")
@operator_required("pushes.approve")
def approve(push_id: int) -> ResponseReturnValue:
    """Let a push go out. Raises OwnWork, WrongState, NotCompliant."""
    reason = Fields(request.form).text("reason")

    def work(db: Session) -> None:
        life.approve(db, push_id, reviews.hand(), reason)
        life.schedule(db, push_id, None, reviews.hand())

    try:
        transaction(work)
    except Invalid as refused:
        return _sheet(push_id, "console/pushes/show.html", refused), 422
    # Only now do the workers find it approved; should the queue be away, a sweep begins it.
    wiring().nudge("start_push", push_id)
    flash("push_approved", "success")
    return redirect(url_for(".show", push_id=push_id), 303)


def _form(title: str, body: str, refused: Invalid | None = None) -> str:
    return render_template(
        "console/pushes/new.html",
        title=title,
        body=body,
        refused=refused and refused.facts,
        limit=TEXT_BYTES,
        reach=read(push_lists.reach),
    )


def _sheet(push_id: int, template: str, refused: Invalid | None = None) -> str:
    state, after = request.args.get("state", ""), asked_id("after")
    return render_template(
        template,
        sheet=read(lambda db: push_lists.sheet(db, push_id, state, after)),
        form=again(request.form, refused) if refused else Shown({}),
        state_asked=state,
        after=after,
        state_names=STATE_NAMES,
        delivery_names=deliveries.STATE_NAMES,
    )
