"""Branches: where they are, what they do, and whether they are open now."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from content import branches, opening_hours
from content.branches import Branch
from kernel.clock import SHANGHAI, business_day
from web.guards import public
from web.wiring import now, read

bp = Blueprint("branches", __name__, url_prefix="/branches")

_WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True)
class Place:
    """A branch as its page shows it; `state` and `until` are empty where only a text is known."""

    branch: Branch
    state: str
    until: str
    week: tuple[tuple[str, str], ...]
    today: int
    special: tuple[tuple[str, str], ...]
    map_address: str


@bp.get("")
@public
def show_all() -> ResponseReturnValue:
    """All of them, by district."""
    at = now()
    return render_template("site/branches/list.html", branches=read(branches.every), at=at)


@bp.get("/<code>")
@public
def show(code: str) -> ResponseReturnValue:
    """One branch."""
    at = now()
    branch = read(lambda db: branches.get(db, code))
    return render_template("site/branches/branch.html", place=_place(branch, at))


def _place(branch: Branch, at: datetime) -> Place:
    today = business_day(at)
    coming = [(day, spans) for day, spans in branch.days.items() if day >= today.isoformat()]
    return Place(
        branch=branch,
        state=branch.open_words(at),
        until=_until(branch, at),
        week=tuple(
            (f"周{name}", _hours(spans))
            for name, spans in zip(_WEEKDAYS, branch.week, strict=False)
        ),
        today=today.weekday(),
        special=tuple((day, _hours(spans)) for day, spans in coming[:10]),
        map_address=_map(branch),
    )


def _until(branch: Branch, at: datetime) -> str:
    change = opening_hours.next_change(branch.week, branch.days, at)
    if change is None:
        return ""
    local, ahead = change.astimezone(SHANGHAI), (business_day(change) - business_day(at)).days
    day = {0: "", 1: "明天 "}.get(ahead, f"{local.month}月{local.day}日 ")
    deed = "营业至" if branch.is_open(at) else "开门"
    clock = f"{local.hour}:{local:%M}"
    return f"{deed} {day}{clock}" if deed == "营业至" else f"{day}{clock} {deed}"


def _hours(spans: list[list[str]]) -> str:
    return "、".join(f"{a}–{b}" for a, b in spans) or "休息"


def _map(branch: Branch) -> str:
    # Coordinates are GCJ-02, which is what this map reads; it opens in WeChat without an app.
    marker = (
        f"coord:{branch.latitude},{branch.longitude};title:{branch.name};addr:{branch.address}"
    )
    query = urlencode({"marker": marker, "referer": "weiting"}, quote_via=quote)
    return f"https://apis.map.qq.com/uri/v1/marker?{query}"
