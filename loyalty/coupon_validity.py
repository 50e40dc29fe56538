"""How long a coupon lives, on which days it cannot be used, and what it is worth."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from kernel.clock import business_day, day_start
from kernel.refusals import Invalid

FORMS = ("fixed", "days", "next_days", "month_end")


class Terms(Protocol):
    """The part of a batch that says how long its coupons live."""

    @property
    def validity(self) -> str: ...
    @property
    def valid_days(self) -> int: ...
    @property
    def fixed_from(self) -> datetime | None: ...
    @property
    def fixed_until(self) -> datetime | None: ...


class Worth(Protocol):
    """The part of a batch that says what its coupons take off an order."""

    @property
    def kind(self) -> str: ...
    @property
    def amount_fen(self) -> int: ...
    @property
    def percent_off(self) -> int: ...
    @property
    def cap_fen(self) -> int: ...
    @property
    def min_order_fen(self) -> int: ...


def window_of(terms: Terms, at: datetime) -> tuple[datetime, datetime]:
    """The half-open life of a coupon that is had at `at`.

    `fixed`: the batch's own window. `days`: from now for N times 24 hours. `next_days`: N whole
    days from tomorrow's midnight in Shanghai. `month_end`: until this month of Shanghai is over.
    """
    if terms.validity == "fixed":
        assert terms.fixed_from is not None
        assert terms.fixed_until is not None
        return max(terms.fixed_from, at), terms.fixed_until
    today = business_day(at)
    if terms.validity == "next_days":
        tomorrow = today + timedelta(days=1)
        return day_start(tomorrow), day_start(tomorrow + timedelta(days=terms.valid_days))
    if terms.validity == "month_end":
        return at, month_end(at)
    return at, at + timedelta(days=terms.valid_days)


def month_end(at: datetime) -> datetime:
    """The instant at which this month of Shanghai is over."""
    today = business_day(at)
    month = today.year * 12 + today.month  # of the month after this one
    return day_start(date(month // 12, month % 12 + 1, 1))


def unusable_on(unusable: Mapping[str, Any], day: date) -> bool:
    """Whether the batch's coupons cannot be used on that business day."""
    if day.weekday() in unusable.get("weekdays", ()):
        return True
    written = day.isoformat()
    return any(first <= written <= last for first, last in unusable.get("dates", ()))


def parse_unusable(weekdays: Sequence[int], dates: str) -> dict[str, Any]:
    """The days without use from a form: weekdays, 0 is Monday, and `2027-02-05~2027-02-11, …`.

    A single day stands for itself. Raises Invalid with the field that is wrong.
    """
    if not set(weekdays) <= set(range(7)):
        raise Invalid(field="weekdays", reason="星期应为 0（周一）到 6（周日）")
    if len(set(weekdays)) == 7:
        raise Invalid(field="weekdays", reason="不能每天都不可用")
    ranges = [_range(part.strip()) for part in dates.replace("，", ",").split(",") if part.strip()]
    return {"weekdays": sorted(set(weekdays)), "dates": sorted(ranges)}


def _range(text: str) -> list[str]:
    first, between, last = text.partition("~")
    try:
        begins = date.fromisoformat(first.strip())
        ends = date.fromisoformat(last.strip()) if between else begins
    except ValueError:
        raise Invalid(field="dates", reason=f"日期写法不对：{text[:30]}") from None
    if ends < begins:
        raise Invalid(field="dates", reason=f"结束早于开始：{text[:30]}")
    return [begins.isoformat(), ends.isoformat()]


def worth_of(batch: Worth, order_fen: int) -> int:
    """How many fen a coupon of the batch takes off an order of so many; 0 below its minimum."""
    if order_fen < batch.min_order_fen or batch.kind not in {"bill_credit", "discount"}:
        return 0
    saved = order_fen * batch.percent_off // 100 if batch.percent_off else batch.amount_fen
    if batch.cap_fen:
        saved = min(saved, batch.cap_fen)
    return min(saved, order_fen)
