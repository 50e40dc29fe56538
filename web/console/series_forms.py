"""The form of a series: what it sends is taken over from a push, which has its own editor."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.clock import business_day
from kernel.refusals import Invalid
from pushes import drafts, pushes, schedules, series, triggers
from pushes.drafts import Form
from pushes.pushes import Push
from pushes.series import House, Plan, PushSeries
from web.console.fields import Fields, Shown
from web.wiring import wiring

_OFFERED = 50
# The trigger of a series that sends to the audience of its push.
AS_PUSH = "push"


def house() -> House:
    """What plans are held against."""
    return House(wiring().push_rules, wiring().occasion_days)


def read_plan(session: Session, fields: Fields, old: PushSeries | None) -> Plan:
    """The plan of a posted form; where it names no push, `old` keeps its. Raises Invalid."""
    form = _content(session, fields, old)
    trigger = fields.text("trigger")
    if trigger != AS_PUSH:
        days = {"days": fields.number("days")} if fields.text("days") else {}
        form = replace(form, audience={"kind": "trigger", "trigger": trigger, **days})
    elif form.audience.get("kind") == "trigger":
        raise Invalid(field="trigger", reason="请选择发给谁")
    title = fields.text("title")
    from_on = fields.day("from_on") if fields.text("from_on") else None
    until_on = fields.day("until_on") if fields.text("until_on") else None
    return Plan(title, replace(form, title=title), _schedule(fields), from_on, until_on)


def _content(session: Session, fields: Fields, old: PushSeries | None) -> Form:
    if fields.text("push"):
        push = session.get(Push, fields.row_id("push"))
        if push is not None:
            return drafts.form_of(push)
    elif old is not None:
        return series.form_of(old)
    raise Invalid(field="push", reason="请选择一条推送，定期发送它的内容")


def _schedule(fields: Fields) -> dict[str, Any]:
    kind = fields.text("kind")
    schedule: dict[str, Any] = {"kind": kind, "at": fields.text("at")}
    if kind == "weekly":
        schedule["weekdays"] = [day for day in range(7) if fields.flag(f"weekdays-{day}")]
    elif kind == "monthly":
        schedule["day"] = fields.number("day")
    elif kind == "holiday":
        schedule["code"], schedule["offset"] = fields.text("code"), fields.number("offset", 0)
    return schedule


def typed(form: Mapping[str, str]) -> dict[str, Any]:
    """A posted form as it is drawn again."""
    weekdays = [day for day in range(7) if form.get(f"weekdays-{day}")]
    return {**form, "weekdays": weekdays}


def filled(one: PushSeries) -> Shown:
    """A series as it would be filled in."""
    audience = one.form["audience"]
    values = {
        "title": one.title,
        "version": one.version,
        "trigger": audience.get("trigger", AS_PUSH),
        "days": audience.get("days", ""),
        "from_on": one.from_on,
        "until_on": one.until_on,
        "weekdays": [],
        **one.schedule,
    }
    return Shown(values)


def options(session: Session, series_id: int | None, at: datetime) -> dict[str, Any]:
    """What the form offers: pushes to take over, triggers, days of the week, holidays."""
    states = ("draft", "review", "approved", "scheduled", "running", "paused", "finished")
    found = session.execute(
        select(Push.id, Push.title, Push.state)
        .where(Push.series_id.is_(None), Push.state.in_(states))
        .order_by(Push.id.desc())
        .limit(_OFFERED)
    )
    names = wiring().occasion_names
    codes = wiring().occasion_days(business_day(at).year)
    offered = [(code, names.get(code, code)) for code in sorted(codes, key=codes.__getitem__)]
    kinds = [one for one in schedules.KINDS.items() if one[0] != "holiday" or offered]
    return {
        "kept": series.get(session, series_id) if series_id is not None else None,
        "pushes": [(row.id, f"{row.title}（{pushes.STATE_NAMES[row.state]}）") for row in found],
        "triggers": [(AS_PUSH, "和这条推送一样"), *triggers.NAMES.items()],
        "kinds": kinds,
        "weekdays": list(enumerate(schedules.WEEKDAYS)),
        "occasions": offered,
    }
