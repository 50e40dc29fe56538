"""What the pages of series read."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from pushes import audiences, messages, schedules, series, series_runs, triggers
from pushes.channels import NAMES
from pushes.series import REVIEW, PushSeries
from pushes.series_runs import PushRun
from web.console import review_lists, series_forms
from web.console.guards import operator_id
from web.console.review_lists import Desk
from web.wiring import wiring

_NEXT = 5


@dataclass(frozen=True)
class Line:
    """A series in the list, with its days in words and when it is due next."""

    one: PushSeries
    days: str
    audience: str
    next_at: datetime | None


@dataclass(frozen=True)
class Sheet:
    """Everything the page of one series shows."""

    line: Line
    desk: Desk
    texts: list[tuple[str, str]]
    next_days: list[datetime]
    runs: list[tuple[PushRun, str]]


def lines(session: Session, at: datetime) -> list[Line]:
    """All series."""
    return [_line(session, one, at) for one in series.every(session)]


def _line(session: Session, one: PushSeries, at: datetime) -> Line:
    occasions, names = wiring().occasion_days, wiring().occasion_names
    audience = one.form["audience"]
    said = (
        triggers.words(audience)
        if audience["kind"] == "trigger"
        else audiences.name_of(session, audience)
    )
    return Line(
        one, schedules.words(one.schedule, names), said, series.next_at(one, occasions, at)
    )


def sheet(session: Session, series_id: int, at: datetime) -> Sheet:
    """One series with its review, its texts, its next days and its runs. Raises NotFound."""
    one = series.get(session, series_id)
    unsure = one.state in {"draft", "review"}
    found = series.findings(session, one, series_forms.house(), at) if unsure else []
    subject = (REVIEW, one.id)
    return Sheet(
        _line(session, one, at),
        review_lists.desk(session, subject, operator_id(), frozenset(one.editors), found),
        _texts(one),
        _next(one, at),
        series_runs.of_series(session, series_id),
    )


def _next(one: PushSeries, at: datetime) -> list[datetime]:
    found: list[datetime] = []
    after = at
    while len(found) < _NEXT:
        due = series.next_at(one, wiring().occasion_days, after)
        if due is None:
            break
        found.append(due)
        after = due
    return found


def _texts(one: PushSeries) -> list[tuple[str, str]]:
    texts = []
    several = len(one.form["variants"]) > 1
    for number, variant in enumerate(one.form["variants"]):
        head = f"版本 {'ABC'[number]} " if several else ""
        for channel in one.form["channels"]:
            content = variant["contents"][channel]
            said = list(messages.texts_of({channel: content}))
            said = said or [(NAMES[channel], content.get("title", ""))]
            texts += [(f"{head}{place}", text) for place, text in said]
    return texts
