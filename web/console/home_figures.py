"""The figures of the home page: today beside yesterday, and the last thirty days as lines."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from reports import figure_days, figures

DAYS = 30

# Which figures share a picture; the kind of picture; the words are in `console/home`.
CHARTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "people": ("line", ("followed", "unfollowed", "registered")),
    "deeds": ("line", ("checked_in", "claimed", "redeemed", "applied")),
    "points": ("bar", ("granted", "spent")),
}


@dataclass(frozen=True)
class Overview:
    """Counts by name: of today, of yesterday if counted, and the totals; the days as series."""

    today: dict[str, int]
    yesterday: dict[str, int]
    totals: dict[str, int]
    days: list[date]
    series: dict[str, list[int | None]]

    def change(self, name: str) -> int | None:
        """Today's count less yesterday's whole one; None where yesterday was not counted."""
        before = self.yesterday.get(name)
        return None if before is None else self.today[name] - before


def look(session: Session, day: date) -> Overview:
    """Today is counted now, the days before were counted when they were over."""
    first = day - timedelta(days=DAYS - 1)
    kept = figure_days.between(session, first, day)
    today = figures.counts(session, day)
    days = [first + timedelta(days=n) for n in range(DAYS)]
    known = {**kept, day: today}
    return Overview(
        today=today,
        yesterday=kept.get(day - timedelta(days=1), {}),
        totals=figure_days.newest_totals(kept) or figures.totals(session),
        days=days,
        series={name: figure_days.series(known, days, name) for name in figures.COUNTED},
    )


def charts(overview: Overview) -> dict[str, dict[str, Any]]:
    """The data of each picture, as the page's script reads it."""
    return {
        key: {
            "kind": kind,
            "days": [f"{day.month}/{day.day}" for day in overview.days],
            "series": [
                {"name": figures.DEFINITIONS[name][0], "values": overview.series[name]}
                for name in names
            ],
        }
        for key, (kind, names) in CHARTS.items()
    }
