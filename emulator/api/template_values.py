"""What a template's values may hold, by the prefix of their key (47003 otherwise).

`character_string5` is checked as `character_string`. Keys of historic templates (first,
keyword1, remark) are not checked.
"""

import re
from collections.abc import Callable, Mapping

from emulator.errcodes import Refused
from emulator.state import Json

CHINESE = re.compile(r"[\u3400-\u9fff]")
PREFIX = re.compile(r"([a-z_]+?)\d+")
NUMBER = re.compile(r"-?\d+(\.\d+)?")
AMOUNT = re.compile(r"[¥￥$€£]?\d{1,10}(\.\d+)?元?")
PHONE = re.compile(r"[\d+\-() ]{1,17}")
TIME = re.compile(r"[\d年月日时分秒:：/\-.~ ]{1,64}")


def matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    """A check of the whole value."""
    return lambda value: pattern.fullmatch(value) is not None


def is_name(value: str) -> bool:
    """At most 10 characters when Chinese, else at most 20."""
    return len(value) <= (10 if CHINESE.search(value) else 20)


def is_clock_time(value: str) -> bool:
    """Has an hour: `15:01`, `2019年10月1日 15:01`, ranges with `~`."""
    return TIME.fullmatch(value) is not None and re.search(r"\d[:：时]", value) is not None


def is_day(value: str) -> bool:
    """Has a date: `2020年03月19日`, `2020-03-19`, with or without a time."""
    return TIME.fullmatch(value) is not None and re.search(r"\d[年/\-.]\d", value) is not None


RULES: dict[str, Callable[[str], bool]] = {
    "thing": lambda value: len(value) <= 20,
    "character_string": lambda value: len(value) <= 32 and not CHINESE.search(value),
    "number": lambda value: len(value) <= 32 and NUMBER.fullmatch(value) is not None,
    "letter": lambda value: len(value) <= 32 and value.isascii() and value.isalpha(),
    "symbol": lambda value: len(value) <= 5 and not any(each.isalnum() for each in value),
    "time": is_clock_time,
    "date": is_day,
    "amount": matches(AMOUNT),
    "phone_number": matches(PHONE),
    "car_number": lambda value: len(value) <= 8,
    "name": is_name,
    "phrase": lambda value: re.fullmatch(r"[\u3400-\u9fff]{1,5}", value) is not None,
    "const": lambda value: len(value) <= 20,
    "enum": lambda value: len(value) <= 20,
}


def check_values(keys: Mapping[str, str], data: Json) -> dict[str, str]:
    """The values by key of the template; keys it does not have are dropped, as in WeChat."""
    return {key: check_value(key, data.get(key)) for key in keys}


def check_value(key: str, given: object) -> str:
    """One value `{"value": …}`; refuses with 47003 in the platform's words."""
    value = given.get("value") if isinstance(given, dict) else None
    text = "" if value is None else str(value)
    found = PREFIX.fullmatch(key)
    rule = RULES.get(found.group(1)) if found else None
    if rule is None:
        return text
    if not text.strip():
        raise Refused(47003, f"argument invalid! data.{key}.value is emtpy")
    if not rule(text):
        raise Refused(47003, f"argument invalid! data.{key}.value invalid")
    return text
