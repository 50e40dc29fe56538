"""How pages of the console write numbers, instants and identifiers."""

import json
from datetime import date, datetime, timedelta
from typing import Any

from flask import Flask

from kernel.clock import SHANGHAI, business_day
from web.console.browser_names import browser_name, is_phone
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
        "as_typed": as_typed,
        "on_day": on_day,
        "in_yuan": in_yuan,
        "in_percent": in_percent,
        "with_sign": with_sign,
        "as_json": as_json,
        "as_said": as_said,
        "short": short,
        "browser_name": browser_name,
        "is_phone": is_phone,
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


def as_typed(value: object) -> str:
    """A value as a field of a form has it; moments in Shanghai, nothing for None."""
    if isinstance(value, datetime):
        return f"{value.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}"
    return "" if value is None else str(value)


def on_day(on: date) -> str:
    """2026年11月21日."""
    return f"{on.year}年{on.month}月{on.day}日"


def in_yuan(fen: int) -> str:
    """1,234.50 元, without the decimals where there are none."""
    whole, rest = divmod(fen, 100)
    return f"{whole:,}.{rest:02d} 元" if rest else f"{whole:,} 元"


def in_percent(share: float) -> str:
    """12.5%."""
    return f"{share * 100:.1f}%"


def with_sign(number: int) -> str:
    """+1,200 or −300."""
    return f"{'+' if number > 0 else '−'}{abs(number):,}"


def as_said(text: str) -> str:
    """What a log holds, as people read it: instants in Shanghai, all else as it is."""
    try:
        at = datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        return text
    return full_time(at) if at is not None and at.tzinfo is not None else text


def short(number: int) -> str:
    """1,234; 1.2 万 and 3.4 亿 where it is large."""
    for size, word in ((10**8, "亿"), (10**4, "万")):
        if abs(number) >= size:
            return f"{number / size:.1f}".removesuffix(".0") + f" {word}"
    return f"{number:,}"


def as_json(value: Any) -> str:
    """JSON as people read and change it."""
    return json.dumps(value, ensure_ascii=False, indent=2)
