"""Which ways to earn there are: made and changed by operators, never for what is already paid."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import audit
from kernel.db import TryAgain, insert_once
from kernel.refusals import Invalid
from loyalty.earn_rules import EarnRule

MOST_POINTS = 1_000_000
_MOST_UNITS = 10**12
_CODE = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)


@dataclass(frozen=True)
class Draft:
    """A rule as an operator fills it in; see `EarnRule` for the meaning of each field."""

    code: str
    title: str
    points: int
    starts_at: datetime
    ends_at: datetime
    per_units: int = 0
    day_cap: int = 0
    week_cap: int = 0
    month_cap: int = 0
    multiplied: bool = True
    waits: bool = False
    active: bool = True


def every(session: Session) -> list[EarnRule]:
    """All rules, those in use first."""
    return list(session.scalars(select(EarnRule).order_by(EarnRule.active.desc(), EarnRule.id)))


def define(session: Session, draft: Draft, at: datetime, *, by: int | None) -> EarnRule:
    """Add a rule, or change the one with that code, for events from now on.

    Whether points wait never changes: what was promised waits for its event. Raises Invalid with
    the field.
    """
    for field, reason in _faults(draft):
        raise Invalid(field=field, reason=reason)
    values = asdict(draft) | {"title": draft.title.strip()}
    before = None
    if not insert_once(session, EarnRule, values, "code"):
        before = _change(session, draft, values)
    changes = audit.changes(before, values, [name for name in values if name != "code"])
    subject = f"earn_rule:{draft.code}"
    audit.write(session, "earn_rule.defined", subject, at, by=(by, None), changes=changes)
    found = session.scalar(select(EarnRule).where(EarnRule.code == draft.code))
    if found is None:
        raise TryAgain
    return found


def _change(session: Session, draft: Draft, values: dict[str, object]) -> dict[str, object]:
    """Change the rule; what it said before."""
    rule = session.scalars(
        select(EarnRule).where(EarnRule.code == draft.code).with_for_update()
    ).one()
    if rule.waits != draft.waits:
        raise Invalid(field="waits", reason="到账方式不能修改，请另建一条规则")
    before = audit.values(rule, values)
    for name, value in values.items():
        setattr(rule, name, value)
    session.flush()
    return before


def _faults(draft: Draft) -> Iterator[tuple[str, str]]:
    if not _CODE.fullmatch(draft.code):
        yield "code", "编码用小写字母、数字，字母开头"
    if not 1 <= len(draft.title.strip()) <= 40:
        yield "title", "请填写名称（40 字以内）"
    if not 1 <= draft.points <= MOST_POINTS:
        yield "points", f"积分须为 1 至 {MOST_POINTS}"
    if not 0 <= draft.per_units <= _MOST_UNITS:
        yield "per_units", "单位数不能为负"
    yield from _cap_faults(draft)
    if not draft.starts_at < draft.ends_at:
        yield "ends_at", "结束须晚于开始"


def _cap_faults(draft: Draft) -> Iterator[tuple[str, str]]:
    caps = {name: getattr(draft, name) for name in ("day_cap", "week_cap", "month_cap")}
    for name, cap in caps.items():
        if not 0 <= cap <= MOST_POINTS:
            yield name, f"上限须为 0 至 {MOST_POINTS}，0 为不限"
