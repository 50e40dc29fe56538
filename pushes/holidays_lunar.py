"""Lunar days and solar terms as days of Shanghai, each computed once a process."""

from datetime import date, timedelta
from functools import cache

from lunar_python import Lunar, LunarMonth, Solar

# In the order of the solar year, which begins in the middle of winter.
TERMS = (
    "小寒", "大寒", "立春", "雨水", "惊蛰", "春分", "清明", "谷雨", "立夏", "小满", "芒种", "夏至",
    "小暑", "大暑", "立秋", "处暑", "白露", "秋分", "寒露", "霜降", "立冬", "小雪", "大雪", "冬至",
)  # fmt: skip
# The package's table of a year begins with the winter solstice of the year before.
_ITS_OWN_NAMES = {"冬至": "DONG_ZHI"}


@cache
def day_of(year: int, month: int, day: int) -> date:
    """The day of a date of the lunar year, never of a leap month.

    A 30th of a month that has 29 days is its 29th, as birthdays are kept.
    """
    length = LunarMonth.fromYm(year, month).getDayCount()
    return _date(Lunar.fromYmd(year, month, min(day, length)).getSolar())


def eve_of(year: int) -> date:
    """除夕: the day before 春节, whether the last month has 29 days or 30."""
    return day_of(year, 1, 1) - timedelta(days=1)


@cache
def term_of(year: int, name: str) -> date:
    """The day of a solar term in a calendar year."""
    return _date(_terms(year)[_ITS_OWN_NAMES.get(name, name)])


def words_of(day: date) -> str:
    """The lunar date as calendars print it: 初二, and on a first day the month: 闰六月."""
    lunar = Solar.fromYmd(day.year, day.month, day.day).getLunar()
    if lunar.getDay() == 1:
        return f"{lunar.getMonthInChinese()}月"
    return str(lunar.getDayInChinese())


@cache
def _terms(year: int) -> dict[str, Solar]:
    # Any day in the middle of the year has the table of that year.
    return dict(Lunar.fromYmd(year, 6, 1).getJieQiTable())


def _date(solar: Solar) -> date:
    return date(solar.getYear(), solar.getMonth(), solar.getDay())
