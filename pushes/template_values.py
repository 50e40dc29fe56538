"""What the values of template messages and subscription notices may be, by the key's kind.

developers.weixin.qq.com/doc/service/guide/product/template_message/Template_Message_Interface: a
value that breaks its rule is refused with 47003, which stops the whole push. So each is held
against it before the call.
"""

import re
from functools import lru_cache

# kind → (what it must look like, how that is said)
_RULES: dict[str, tuple[str, str]] = {
    "thing": (r".{1,20}", "1 至 20 个字"),
    "short_thing": (r".{1,10}", "1 至 10 个字"),
    "character_string": (r"[!-~ ]{1,32}", "32 位以内的数字、字母或符号，不能有汉字"),
    "number": (r"-?[0-9]{1,32}(\.[0-9]{1,32})?", "32 位以内的数字"),
    "letter": (r"[A-Za-z]{1,32}", "32 位以内的字母"),
    "symbol": (r"[!-/:-@\[-`{-~]{1,5}", "5 位以内的符号"),
    "time": (r"[0-9年月日 :~\-/]{4,60}", "时间，如 2026年9月25日 15:01"),
    "date": (r"[0-9年月日 :~\-/]{6,60}", "日期，如 2026年9月25日"),
    "amount": (r"[¥￥$€]?[0-9]{1,10}(\.[0-9]{1,2})?元?", "金额，如 ¥100 或 100元"),
    "phone_number": (r"[0-9+\-*#() ]{1,17}", "17 位以内的号码"),
    "car_number": (r".{1,8}", "8 位以内的车牌"),
    "name": (r"[\u4e00-\u9fff·]{1,10}|[A-Za-z ·.]{1,20}", "10 个以内汉字，或 20 个以内字母"),
    "phrase": (r"[\u4e00-\u9fff]{1,5}", "5 个以内的汉字"),
}
# What is only too long may be cut; anything else would say something else.
_CUT = {"thing": 20, "short_thing": 10, "phrase": 5}
_KEY = re.compile(r"([a-z_]+?)([0-9]{1,3})", re.ASCII)


def kind_of(key: str) -> str | None:
    """The kind of a key such as `thing2`; None for keys of old templates, which know no rule."""
    match = _KEY.fullmatch(key)
    return match[1] if match and match[1] in _RULES else None


def rule(key: str) -> str:
    """What the value of a key must look like, in words; nothing for keys that know no rule."""
    kind = kind_of(key)
    return _RULES[kind][1] if kind else ""


def fault(key: str, value: str) -> str | None:
    """Why WeChat would refuse the value, in words; None when it would not."""
    if not value.strip():
        return "不能为空"
    kind = kind_of(key)
    if kind is None or re.fullmatch(_RULES[kind][0], value):
        return None
    return f"须为{_RULES[kind][1]}"


@lru_cache(4_096)
def fit(key: str, value: str) -> str:
    """The value on one line, cut where only its length is too much."""
    line = " ".join(value.split())
    most = _CUT.get(kind_of(key) or "")
    return line if most is None or len(line) <= most else line[: most - 1] + "…"
