"""The calendar of pushes: a month and a year, and years whose official list is not out."""

from datetime import date

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kernel.clock import business_day
from kernel.refusals import NotFound
from pushes import calendar_overrides
from pushes.calendar_entries import GAP_DAYS, MASS_SLOTS
from pushes.holidays import FIRST_YEAR, LAST_YEAR
from pushes.pushes import STATE_NAMES
from web.console import push_calendar_sheets
from web.console.guards import operator_required
from web.console.reviews import hand
from web.console.settling import settle
from web.wiring import now, read

bp = Blueprint("push_calendar", __name__, url_prefix="/push-calendar")


@bp.get("")
@operator_required("pushes.read")
def show() -> ResponseReturnValue:
    """A month: festivals, days off, what is planned, and what is missing."""
    today = business_day(now())
    first = _month(request.args.get("month", ""), today)
    return render_template(
        "console/push-calendar/month.html",
        sheet=read(lambda db: push_calendar_sheets.month(db, first, today)),
        today=today,
        slots_of_month=MASS_SLOTS,
        gap_days=GAP_DAYS,
        state_names=STATE_NAMES,
        years=(FIRST_YEAR, LAST_YEAR),
    )


@bp.get("/year")
@operator_required("pushes.read")
def show_year() -> ResponseReturnValue:
    """Twelve months at a glance."""
    today = business_day(now())
    text = request.args.get("year", "")
    wanted = int(text) if text.isascii() and text.isdigit() and len(text) == 4 else today.year
    wanted = min(max(wanted, FIRST_YEAR), LAST_YEAR)
    return render_template(
        "console/push-calendar/year.html",
        sheet=read(lambda db: push_calendar_sheets.year(db, wanted)),
        today=today,
        slots_of_month=MASS_SLOTS,
        years=(FIRST_YEAR, LAST_YEAR),
    )


@bp.post("/years/<row:year>/confirmations")
@operator_required("pushes.write")
def confirm_year(year: int) -> ResponseReturnValue:
    """Say that the year's official list has been entered by hand. Raises NotFound."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise NotFound
    return settle(
        lambda db: calendar_overrides.confirm_year(db, year, hand()),
        "calendar_year_confirmed",
        url_for(".show_year", year=year),
    )


def _month(text: str, today: date) -> date:
    """The first day of the month that was asked for; this month's when that cannot be."""
    try:
        first = date.fromisoformat(f"{text[:7]}-01")
    except ValueError:
        return today.replace(day=1)
    return first if FIRST_YEAR <= first.year <= LAST_YEAR else today.replace(day=1)
