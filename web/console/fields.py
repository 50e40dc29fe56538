"""Posted forms: what people typed as values, and the form again with the fault beside it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kernel.clock import SHANGHAI
from kernel.refusals import Invalid
from loyalty.rules import RuleInvalid

_WHOLE = re.compile(r"-?\d{1,15}", re.ASCII)
_YUAN = re.compile(r"(\d{1,10})(?:\.(\d{1,2}))?", re.ASCII)
_ID = re.compile(r"\d{1,18}", re.ASCII)
_JSON_LENGTH = 20_000


@dataclass(frozen=True)
class Shown:
    """A form as the page draws it: the values, the field that is at fault and why."""

    values: Mapping[str, Any]
    field: str = ""
    reason: str = ""

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name, "")

    def fault(self, name: str) -> str:
        """What is wrong with that field, or nothing."""
        return self.reason if name == self.field else ""


def again(values: Mapping[str, Any], refused: Invalid) -> Shown:
    """The form as it was sent, with the fault."""
    place = refused.facts.get("place") if isinstance(refused, RuleInvalid) else None
    reason = str(refused.facts.get("reason", ""))
    shown = f"{place}：{reason}" if place else reason
    return Shown(dict(values), str(refused.facts.get("field", "")), shown)


@dataclass(frozen=True)
class Fields:
    """The values of a posted form. Whatever cannot be read raises Invalid with the field."""

    form: Mapping[str, str]

    def text(self, name: str) -> str:
        """What was typed, without blanks around it."""
        return self.form.get(name, "").replace("\r\n", "\n").replace("\x00", "").strip()

    def flag(self, name: str) -> bool:
        """Whether the box was ticked."""
        return bool(self.form.get(name))

    def number(self, name: str, default: int | None = None) -> int:
        """A whole number; `default` stands for nothing typed."""
        text = self.text(name)
        if not text and default is not None:
            return default
        if not _WHOLE.fullmatch(text):
            raise Invalid(field=name, reason="请填写整数")
        return int(text)

    def row_id(self, name: str) -> int:
        """The number of a row, such as a member's."""
        text = self.text(name)
        if not _ID.fullmatch(text):
            raise Invalid(field=name, reason="请填写编号，只含数字")
        return int(text)

    def fen(self, name: str) -> int:
        """An amount typed in yuan, as fen; 0 for nothing typed."""
        text = self.text(name)
        if not text:
            return 0
        found = _YUAN.fullmatch(text)
        if not found:
            raise Invalid(field=name, reason="请填写金额，最多两位小数")
        return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))

    def day(self, name: str) -> date:
        """A business day."""
        try:
            return date.fromisoformat(self.text(name))
        except ValueError:
            raise Invalid(field=name, reason="请选择日期") from None

    def moment(self, name: str) -> datetime:
        """A moment of Shanghai, as the browser's own field writes it."""
        try:
            found = datetime.fromisoformat(self.text(name))
        except ValueError:
            raise Invalid(field=name, reason="请选择日期和时间") from None
        return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)

    def moment_or_none(self, name: str) -> datetime | None:
        """A moment, or None when nothing was chosen."""
        return self.moment(name) if self.text(name) else None

    def structure(self, name: str) -> dict[str, Any] | None:
        """A JSON object that was typed; None for nothing."""
        text = self.text(name)
        if not text:
            return None
        try:
            found = json.loads(text) if len(text) <= _JSON_LENGTH else None
        except (ValueError, RecursionError):
            raise Invalid(field=name, reason="不是有效的 JSON，请检查括号、引号和逗号") from None
        if not isinstance(found, dict):
            raise Invalid(field=name, reason="应为一个 JSON 对象：{…}")
        return found
