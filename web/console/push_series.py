"""Series of pushes: written, approved as a whole by somebody else, switched on and off."""

from collections.abc import Callable

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import reviews
from content.reviews import Subject
from kernel.refusals import Invalid
from pushes import series
from pushes.pushes import STATE_NAMES as PUSH_STATES
from pushes.series import REVIEW, Edition, SeriesChanged, SeriesState
from pushes.series_runs import STATE_NAMES as RUN_STATES
from web.console import series_forms, series_sheets
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_required
from web.console.reviews import hand, written
from web.console.settling import settle, words_of
from web.wiring import now, read, transaction

bp = Blueprint("push_series", __name__, url_prefix="/push-series")


@bp.get("")
@operator_required("pushes.read")
def show_list() -> ResponseReturnValue:
    """All series, those that run first, each with its next time."""
    lines = read(lambda db: series_sheets.lines(db, now()))
    return render_template("console/push_series/list.html", lines=lines, names=series.STATE_NAMES)


@bp.get("/new")
@operator_required("pushes.write")
def show_new() -> ResponseReturnValue:
    """An empty one; `?push=` takes over what that push says."""
    begun = {"kind": "daily", "at": "09:30", "push": request.args.get("push", "")}
    return _form(Shown(series_forms.typed(begun)))


@bp.post("")
@operator_required("pushes.write")
def create() -> ResponseReturnValue:
    """Write one down as a draft; faults come back beside their fields."""

    def work(db: Session) -> int:
        plan = series_forms.read_plan(db, Fields(request.form), None)
        return series.write(db, plan, series_forms.house(), hand()).id

    return _saved(work)


@bp.get("/<row:series_id>")
@operator_required("pushes.read")
def show(series_id: int) -> ResponseReturnValue:
    """One with its review and its runs. Raises NotFound."""
    sheet = read(lambda db: series_sheets.sheet(db, series_id, now()))
    return render_template(
        "console/push_series/show.html",
        sheet=sheet,
        names=series.STATE_NAMES,
        run_names={**RUN_STATES, **PUSH_STATES},
        may=g.operator.may("pushes.write"),
    )


@bp.get("/<row:series_id>/edit")
@operator_required("pushes.write")
def show_form(series_id: int) -> ResponseReturnValue:
    """The form filled in. Raises NotFound."""
    one = read(lambda db: series.get(db, series_id))
    return _form(series_forms.filled(one), series_id)


@bp.post("/<row:series_id>")
@operator_required("pushes.write")
def change(series_id: int) -> ResponseReturnValue:
    """Save it; what was approved rests until it is approved again. Raises NotFound."""

    def work(db: Session) -> int:
        fields = Fields(request.form)
        edition = Edition(series_id, fields.number("version"))
        plan = series_forms.read_plan(db, fields, series.get(db, series_id))
        return series.revise(db, edition, plan, series_forms.house(), hand()).id

    return _saved(work, series_id)


@bp.post("/<row:series_id>/review")
@operator_required("pushes.write")
def ask(series_id: int) -> ResponseReturnValue:
    """Hand it to the approvers."""
    return _do(series_id, "series_asked", lambda db: series.submit(
        db, series_id, series_forms.house(), hand(), written("note")))  # fmt: skip


@bp.post("/<row:series_id>/withdrawals")
@operator_required("pushes.write")
def withdraw(series_id: int) -> ResponseReturnValue:
    """Take it back from review."""
    return _do(series_id, "review_withdrawn", lambda db: series.withdraw(db, series_id, hand()))


@bp.post("/<row:series_id>/approve")
@operator_required("pushes.approve")
def approve(series_id: int) -> ResponseReturnValue:
    """Approve it with all its runs."""
    return _do(series_id, "series_approved", lambda db: series.approve(
        db, series_id, hand(), written()))  # fmt: skip


@bp.post("/<row:series_id>/refuse")
@operator_required("pushes.approve")
def refuse(series_id: int) -> ResponseReturnValue:
    """Send it back with a reason."""
    return _do(series_id, "review_refused", lambda db: series.refuse(
        db, series_id, hand(), written(needed="请写明退回的原因")))  # fmt: skip


@bp.post("/<row:series_id>/on")
@operator_required("pushes.write")
def switch_on(series_id: int) -> ResponseReturnValue:
    """Let it run."""
    return _do(series_id, "series_on", lambda db: series.switch(db, series_id, True, hand()))


@bp.post("/<row:series_id>/off")
@operator_required("pushes.write")
def switch_off(series_id: int) -> ResponseReturnValue:
    """Let it rest; pushes that have begun go on."""
    return _do(series_id, "series_off", lambda db: series.switch(db, series_id, False, hand()))


@bp.post("/<row:series_id>/comments")
@operator_required("pushes.read")
def comment(series_id: int) -> ResponseReturnValue:
    """Say something about it."""

    def work(db: Session) -> None:
        one = series.get(db, series_id)
        body = written("body", needed="请填写留言")
        reviews.comment(db, Subject(REVIEW, one.id, one.title), hand(), body)

    return _do(series_id, "commented", work)


def _do(series_id: int, done: str, work: Callable[[Session], object]) -> ResponseReturnValue:
    return settle(work, done, url_for(".show", series_id=series_id))


def _saved(work: Callable[[Session], int], series_id: int | None = None) -> ResponseReturnValue:
    try:
        made = transaction(work)
    except Invalid as refused:
        return _form(again(series_forms.typed(request.form), refused), series_id), 422
    except (SeriesState, SeriesChanged) as refused:
        form = Shown(series_forms.typed(request.form))
        return _form(form, series_id, words_of(refused)), 409
    flash("series_saved", "success")
    return redirect(url_for(".show", series_id=made), 303)


def _form(form: Shown, series_id: int | None = None, warning: str = "") -> str:
    return render_template(
        "console/push_series/form.html",
        form=form,
        series_id=series_id,
        warning=warning,
        **read(lambda db: series_forms.options(db, series_id, now())),
    )
