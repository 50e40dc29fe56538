"""Triggers: whom a recurring push means on one day, because of something about himself."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, extract, func, or_, select

from kernel.activity import Activity
from kernel.clock import day_window
from kernel.refusals import Invalid
from loyalty.ledger import PointsLot
from loyalty.members import Member
from loyalty.profiles import ProfileValue
from loyalty.tier_changes import TierChange

NAMES = {
    "birthday": "生日当天",
    "registered": "注册满 N 天",
    "climbed": "等级上升次日",
    "points_expiring": "积分 N 天后到期",
    "silent": "连续 N 天没有互动",
}
_WITH_DAYS = frozenset({"registered", "points_expiring", "silent"})
MOST_DAYS = 730
BIRTHDAY_FIELD = "birthday"


def check(audience: Mapping[str, Any]) -> dict[str, Any]:
    """The trigger as it is kept: its name, and days where it has some. Raises Invalid."""
    name = str(audience.get("trigger", ""))
    if name not in NAMES:
        raise Invalid(field="trigger", reason="请选择触发条件")
    if name not in _WITH_DAYS:
        return {"trigger": name}
    days = audience.get("days")
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= MOST_DAYS:
        raise Invalid(field="days", reason=f"请填写 1 至 {MOST_DAYS} 天")
    return {"trigger": name, "days": days}


def words(audience: Mapping[str, Any]) -> str:
    """The trigger in words, such as 注册满 30 天."""
    return NAMES[audience["trigger"]].replace("N", str(audience.get("days", "")))


def where(audience: Mapping[str, Any], on: date) -> ColumnElement[bool]:
    """A condition over members: the trigger means them on the business day `on`."""
    return _CONDITIONS[audience["trigger"]](on, int(audience.get("days", 0)))


def _birthday(on: date, _days: int) -> ColumnElement[bool]:
    month = extract("month", ProfileValue.day_value)
    day = extract("day", ProfileValue.day_value)
    born = and_(month == on.month, day == on.day)
    is_leap = on.year % 4 == 0 and (on.year % 100 != 0 or on.year % 400 == 0)
    if (on.month, on.day) == (2, 28) and not is_leap:
        born = or_(born, and_(month == 2, day == 29))  # who has a birthday every four years
    field = ProfileValue.field_code == BIRTHDAY_FIELD
    return Member.id.in_(select(ProfileValue.member_id).where(field, born))


def _registered(on: date, days: int) -> ColumnElement[bool]:
    begins, ends = day_window(on - timedelta(days=days))
    return and_(Member.registered_at >= begins, Member.registered_at < ends)


def _climbed(on: date, _days: int) -> ColumnElement[bool]:
    day = TierChange.on_day == on - timedelta(days=1)
    return Member.id.in_(select(TierChange.member_id).where(TierChange.kind == "climb", day))


def _points_expiring(on: date, days: int) -> ColumnElement[bool]:
    begins, ends = day_window(on + timedelta(days=days))
    due = and_(PointsLot.expires_at > begins, PointsLot.expires_at <= ends)
    return Member.id.in_(select(PointsLot.member_id).where(due, PointsLot.remaining > 0))


def _silent(on: date, days: int) -> ColumnElement[bool]:
    # On one day only: whoever stays away longer is not asked again every morning.
    begins, ends = day_window(on - timedelta(days=days))
    last = (
        select(Activity.member_id)
        .where(Activity.member_id.is_not(None))
        .group_by(Activity.member_id)
        .having(func.max(Activity.at) >= begins, func.max(Activity.at) < ends)
    )
    return Member.id.in_(last)


_CONDITIONS = {
    "birthday": _birthday,
    "registered": _registered,
    "climbed": _climbed,
    "points_expiring": _points_expiring,
    "silent": _silent,
}
