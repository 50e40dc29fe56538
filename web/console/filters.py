"""How pages of the console write numbers, instants and identifiers."""

from datetime import datetime, timedelta

from flask import Flask

from kernel.clock import SHANGHAI, business_day
from web.filters import grouped
from web.wiring import now


def register_filters(app: Flask) -> None:
    """Add the filters to the app's Jinja environment."""
    filters = {
        "grouped": grouped,
        "moment": moment,
        "ago": ago,
        "full_time": full_time,
        "masked_id": masked_id,
        "utf8_bytes": utf8_bytes,
    }
    app.jinja_env.filters.update(filters)


def moment(at: datetime) -> str:
    """11月21日 14:05; with the year unless it is this one."""
    local, this_year = at.astimezone(SHANGHAI), now().astimezone(SHANGHAI).year
    year = "" if local.year == this_year else f"{local.year}年"
    return f"{year}{local.month}月{local.day}日 {local:%H:%M}"


def ago(at: datetime) -> str:
    """刚刚, 5 分钟前, 3 小时前, 昨天 14:05, and beyond that the moment."""
    passed = now() - at
    if timedelta(minutes=-1) < passed < timedelta(minutes=1):
        return "刚刚"
    if timedelta() < passed < timedelta(hours=1):
        return f"{passed // timedelta(minutes=1)} 分钟前"
    if timedelta() < passed and business_day(at) == business_day(now()):
        return f"{passed // timedelta(hours=1)} 小时前"
    if business_day(at) == business_day(now()) - timedelta(days=1):
        return f"昨天 {at.astimezone(SHANGHAI):%H:%M}"
    return moment(at)


def full_time(at: datetime) -> str:
    """2026-11-21 14:05:09, Shanghai."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def masked_id(openid: str) -> str:
    """oAbC…9xYz: enough to compare two, not enough to use one."""
    return f"{openid[:4]}…{openid[-4:]}"


def utf8_bytes(text: str) -> int:
    """How many bytes WeChat counts."""
    return len(text.encode())
