"""The menu as WeChat shows it now, what is on its way there, and all its versions."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.clock import business_day
from kernel.outcomes import CallFailed
from kernel.refusals import NotFound, Refused
from menus import imports, publications, reasons, versions
from menus.conditional import Face
from menus.tree import Menu
from web.console import menu_lists
from web.console.fields import Fields
from web.console.guards import operator_required
from web.console.menu_acts import words
from web.console.paging import asked_id
from web.console.reviews import hand
from web.wiring import now, read, transaction, wiring

bp = Blueprint("menu", __name__, url_prefix="/menu")

_DAYS = timedelta(days=6)


@bp.get("")
@operator_required("menus.read")
def show() -> ResponseReturnValue:
    """The live version in a drawing of a phone, and the list of versions."""
    at = now()
    since, code = business_day(at) - _DAYS, wiring().menu_rules.trial_tag

    def work(db: Session) -> dict[str, object]:
        page = menu_lists.page(db, asked_id())
        ids = [line.MenuVersion.id for line in page.rows]
        status = menu_lists.status(db, at)
        return {
            "page": page,
            "taps": menu_lists.taps(db, ids, since) if ids else {},
            "status": status,
            "shown": versions.face_of(status.live) if status.live else None,
            "news": menu_lists.news(db, at),
            "tag": menu_lists.trial_tag(db, code),
            "trial_code": code,
        }

    found = read(work)
    return render_template("console/menu/list.html", **found, **names(), at=at)


@bp.get("/status")
@operator_required("menus.read")
def show_status() -> ResponseReturnValue:
    """How the last publication stands, as a fragment."""
    at = now()
    status = read(lambda db: menu_lists.status(db, at))
    return render_template("console/menu/status.html", status=status, **names(), at=at)


@bp.post("/drafts")
@operator_required("menus.write")
def begin() -> ResponseReturnValue:
    """A draft of what another version shows, or of nothing. Raises NotFound."""
    fields = Fields(request.form)

    def work(db: Session) -> int:
        note = fields.text("note")
        if not fields.text("base"):
            return versions.draft(db, Face(Menu(())), note, hand()).id
        return versions.draft_from(db, fields.row_id("base"), note, hand()).id

    try:
        made = transaction(work)
    except Refused as refused:
        return _stay(refused)
    flash("menu_drafted", "success")
    return redirect(url_for("console.menu_editor.show", version_id=made), 303)


@bp.post("/imports")
@operator_required("menus.write")
def take_over() -> ResponseReturnValue:
    """A draft of what WeChat has; what could not be taken over stands in its remarks."""
    platform = wiring().menus
    try:
        answers = (platform.read(), platform.read_current(), platform.tags())
    except CallFailed as failed:
        flash(f"没能读到微信上的菜单：{reasons.explain(failed.outcome.reason)}。", "danger")
        return redirect(url_for(".show"), 303)
    base_url = wiring().hall.base_url
    try:
        made = transaction(lambda db: imports.take_over(db, answers, hand(), base_url).id)
    except Refused as refused:
        return _stay(refused)
    flash("menu_imported", "success")
    return redirect(url_for("console.menu_versions.show", version_id=made), 303)


def names() -> dict[str, object]:
    """What people call the states of versions and of publications."""
    return {
        "state_names": versions.STATE_NAMES,
        "why_names": publications.WHY_NAMES,
        "sent_names": publications.STATE_NAMES,
    }


def _stay(refused: Refused) -> ResponseReturnValue:
    if isinstance(refused, NotFound):
        raise refused
    flash(words(refused), "danger")
    return redirect(url_for(".show"), 303)
