"""What the builder of rules offers: fields by name, comparisons, values to choose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from loyalty import rules
from loyalty.profiles import ProfileField
from loyalty.rule_days import Day, DaysAgo
from loyalty.rule_fields import Field
from loyalty.rule_kinds import Codes, Flag, Kind, Level, Named, Number
from loyalty.tier_ladder import GROUND_NAME
from loyalty.vocabulary_profiles import profile_field

Shape = Literal["number", "date", "text", "choice", "flag"]
Options = Sequence[tuple[Any, str]]
_MOST_OPTIONS = 500
_GROUPS = {
    "member": "会员", "follower": "会员", "tags": "会员", "tier": "等级和积分",
    "points": "等级和积分", "check_ins": "签到", "coupons": "优惠券", "applications": "申办",
    "birthday": "资料", "profile": "资料", "today": "日子", "weekday": "日子",
}  # fmt: skip
_ARGUMENTS = {"days": "最近几天", "batch": "哪批券", "product": "哪个产品"}
_SIZES = {
    ">=": "不少于", ">": "多于", "<=": "不超过", "<": "少于", "=": "等于", "!=": "不等于",
    "between": "介于", "in": "是其中之一", "not_in": "都不是",
}  # fmt: skip
_DAYS = {">=": "不早于", ">": "晚于", "<=": "不晚于", "<": "早于", "=": "就在", "!=": "不在"}
_LEVELS = {">=": "不低于", ">": "高于", "<=": "不高于", "<": "低于", "=": "是", "!=": "不是"}
_IS = {"=": "是", "!=": "不是", "has": "有其中之一", "lacks": "都没有"}


@dataclass(frozen=True)
class Extra:
    """Something else that a field asks: the days of a window, or one of `options`."""

    name: str
    label: str
    needed: bool
    options: Options


@dataclass(frozen=True)
class Pick:
    """A field as somebody picks it: `ops` in words, what its value is typed or chosen with."""

    field: Field
    title: str
    group: str
    ops: Mapping[str, str]
    shape: Shape
    unit: str
    options: Options
    extras: Sequence[Extra]


def picks(session: Session, said: str) -> dict[str, Pick]:
    """Every field that a rule of this house may name, by code, the hall's own ones included.

    Values to choose from are read for those fields only whose codes stand in the text `said`.
    """
    answers = session.scalars(select(ProfileField).order_by(ProfileField.position)).all()
    own = {f"profile.{one.code}": [(text, text) for text in one.choices] for one in answers}
    asked = [profile_field(one.code, one.title, one.kind) for one in answers]
    fields = rules.spoken().with_fields(asked).fields
    lists, none = _Lists(session), _Lists(None)
    return {
        code: _pick(field, own.get(code, []), lists if code in said else none)
        for code, field in fields.items()
    }


class _Lists:
    """The lists to choose from, each read once; without a session all are empty."""

    def __init__(self, session: Session | None) -> None:
        self._session = session
        self._read: dict[int, Options] = {}

    def of(self, query: Select[Any, Any] | None) -> Options:
        if query is None or self._session is None:
            return []
        if id(query) not in self._read:
            rows = self._session.execute(query.limit(_MOST_OPTIONS))
            self._read[id(query)] = [(value, str(name)) for value, name in rows]
        return self._read[id(query)]


def _pick(field: Field, choices: Options, lists: _Lists) -> Pick:
    kind = field.kind
    options = choices or _options(kind, lists.of(field.options))
    extras = [
        Extra(
            one.name,
            _ARGUMENTS.get(one.name, one.name),
            one.needed,
            lists.of(field.argument_options.get(one.name)),
        )
        for one in field.arguments
    ]
    group = _GROUPS.get(field.code.partition(".")[0], "其他")
    ops = {op: _words(kind, op) for op in kind.ops}
    return Pick(
        field, _title(field), group, ops, _shape(field, options), kind.unit, options, extras
    )


def _options(kind: Kind, listed: Options) -> Options:
    if isinstance(kind, Flag):
        return [("yes", kind.yes), ("no", kind.no)]
    if isinstance(kind, Level):
        return [(0, GROUND_NAME), *listed]
    if isinstance(kind, Named) and kind.names:
        return [(value, name.strip()) for value, name in kind.names.items()]
    return listed


def _shape(field: Field, options: Options) -> Shape:
    kind = field.kind
    if isinstance(kind, Flag):
        return "flag"
    if options or field.options is not None or isinstance(kind, Codes):
        return "choice"
    if isinstance(kind, Day):
        return "date"
    return "number" if isinstance(kind, Number) else "text"


def _words(kind: Kind, op: str) -> str:
    if isinstance(kind, Level):
        return _LEVELS.get(op, _SIZES.get(op, op))
    if isinstance(kind, Day):
        return _DAYS.get(op, _SIZES.get(op, op))
    return (_IS if isinstance(kind, Named) else _SIZES).get(op, _SIZES.get(op, op))


def _title(field: Field) -> str:
    kind = field.kind
    if isinstance(kind, Flag):
        return f"{kind.yes} / {kind.no}"
    blanks = {one.name: field.bare or "" for one in field.arguments}
    title = field.title.format_map({**blanks, "days": "几"}).strip()
    if isinstance(kind, DaysAgo):
        return f"{title}天数"
    return f"{title}（{kind.unit}）" if kind.unit else title
