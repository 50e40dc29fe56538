"""Days of the push calendar: what operators say of one, and the hall's own days."""

from collections.abc import Callable
from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.clock import business_day
from kernel.refusals import Invalid, NotFound
from pushes import calendar_overrides, company_days
from pushes.calendar_overrides import KINDS
from pushes.company_days import RECURRENCES, CompanyDay, Form
from pushes.holidays import FIRST_YEAR, LAST_YEAR
from pushes.pushes import STATE_NAMES
from web.console import push_calendar_sheets
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_required
from web.console.reviews import hand
from web.console.settling import settle
from web.wiring import now, read, transaction

bp = Blueprint("push_calendar_days", __name__, url_prefix="/push-calendar")

_FIELDS = ("name", "recurs", "month", "day", "happens_on", "note")


@bp.get("/days/<day>")
@operator_required("pushes.read")
def show(day: str) -> ResponseReturnValue:
    """One day: what it is and why, what is planned, and the form that overrules the list."""
    on = _day(day)
    return _page(on)


@bp.post("/days/<day>")
@operator_required("pushes.write")
def override(day: str) -> ResponseReturnValue:
    """Say what the day is. Raises NotFound for a day outside of the calendar."""
    on, fields = _day(day), Fields(request.form)
    said = calendar_overrides.Form(fields.text("kind"), fields.text("name"), fields.text("note"))
    try:
        transaction(lambda db: calendar_overrides.put(db, on, said, hand()))
    except Invalid as refused:
        return _page(on, again(request.form, refused)), 422
    flash("calendar_day_saved", "success")
    return redirect(url_for(".show", day=on), 303)


@bp.post("/days/<day>/removals")
@operator_required("pushes.write")
def restore(day: str) -> ResponseReturnValue:
    """Believe the list again."""
    on = _day(day)
    back = url_for(".show", day=on)
    return settle(
        lambda db: calendar_overrides.remove(db, on, hand()), "calendar_day_restored", back
    )


@bp.get("/company-days")
@operator_required("pushes.read")
def show_list() -> ResponseReturnValue:
    """The hall's own days, and a form for another."""
    return _list(Shown({"recurs": "solar"}))


@bp.post("/company-days")
@operator_required("pushes.write")
def create() -> ResponseReturnValue:
    """Put a day into the calendar; faults come back beside their fields."""
    return _saved(lambda db: company_days.add(db, _read(), hand()), _list)


@bp.get("/company-days/<row:company_day_id>")
@operator_required("pushes.read")
def show_form(company_day_id: int) -> ResponseReturnValue:
    """One of the hall's days. Raises NotFound."""
    one = read(lambda db: company_days.get(db, company_day_id))
    return _form(one, Shown({name: getattr(one, name) for name in _FIELDS}))


@bp.post("/company-days/<row:company_day_id>")
@operator_required("pushes.write")
def change(company_day_id: int) -> ResponseReturnValue:
    """Change one of the hall's days. Raises NotFound."""
    one = read(lambda db: company_days.get(db, company_day_id))
    return _saved(
        lambda db: company_days.change(db, company_day_id, _read(), hand()),
        lambda shown: _form(one, shown),
    )


@bp.post("/company-days/<row:company_day_id>/moves")
@operator_required("pushes.write")
def move(company_day_id: int) -> ResponseReturnValue:
    """Take a day out of the calendar, or put it back. Raises NotFound."""
    act = company_days.restore if request.form.get("to") == "active" else company_days.retire
    return settle(
        lambda db: act(db, company_day_id, hand()), "company_day_saved", url_for(".show_list")
    )


def _page(on: date, form: Shown | None = None) -> str:
    sheet = read(lambda db: push_calendar_sheets.day(db, on))
    said = sheet.day.override
    values = {"kind": said.kind, "name": said.name, "note": said.note} if said else {}
    return render_template(
        "console/push-calendar/day.html",
        sheet=sheet,
        day=sheet.day,
        form=form or Shown(values),
        kinds=KINDS,
        state_names=STATE_NAMES,
        today=business_day(now()),
    )


def _day(text: str) -> date:
    """A day of the calendar from an address. Raises NotFound."""
    try:
        on = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        on = None
    if on is None or not FIRST_YEAR <= on.year <= LAST_YEAR:
        raise NotFound
    return on


def _read() -> Form:
    fields = Fields(request.form)
    recurs = fields.text("recurs")
    name, note = fields.text("name"), fields.text("note")
    if recurs == "once":
        return Form(name, recurs, happens_on=fields.day("happens_on"), note=note)
    return Form(name, recurs, fields.number("month", 0), fields.number("day", 0), note=note)


def _saved(work: Callable[[Session], object], form: Callable[[Shown], str]) -> ResponseReturnValue:
    try:
        transaction(work)
    except Invalid as refused:
        return form(again(request.form, refused)), 422
    flash("company_day_saved", "success")
    return redirect(url_for(".show_list"), 303)


def _list(form: Shown) -> str:
    today = business_day(now())
    return render_template(
        "console/push-calendar/company-days.html",
        lines=read(lambda db: push_calendar_sheets.company_lines(db, today)),
        form=form,
        recurrences=RECURRENCES,
    )


def _form(one: CompanyDay, form: Shown) -> str:
    return render_template(
        "console/push-calendar/company-day.html", one=one, form=form, recurrences=RECURRENCES
    )
