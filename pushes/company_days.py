"""Days of a hall's own: each year by the sun, each year by the moon, or one date."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, Date, ForeignKey, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content.reviews import Hand
from kernel import audit
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import Invalid, NotFound
from pushes.holidays import FIRST_YEAR, LAST_YEAR
from pushes.holidays_occasions import Lunar, Occasion, Once, Rule, Solar

RECURRENCES = {"solar": "每年，公历", "lunar": "每年，农历", "once": "只有一次"}
NAME_LENGTH, NOTE_LENGTH = 20, 200
# So that a page of the calendar stays one, and cheap.
MOST = 100
_FIELDS = ("name", "recurs", "month", "day", "happens_on", "note")


@dataclass(frozen=True)
class Form:
    """A day as it should be: `month` and `day` for those of each year, else `happens_on`."""

    name: str
    recurs: str
    month: int | None = None
    day: int | None = None
    happens_on: date | None = None
    note: str = ""


class CompanyDay(Base):
    """One day of the hall's own; those that are retired are no longer shown."""

    __tablename__ = "company_day"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    recurs: Mapped[str] = mapped_column(String(8))
    month: Mapped[int | None] = mapped_column(Integer)
    day: Mapped[int | None] = mapped_column(Integer)
    happens_on: Mapped[date | None] = mapped_column(Date)
    note: Mapped[str] = mapped_column(String(NOTE_LENGTH))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    at: Mapped[datetime]

    @property
    def key(self) -> str:
        """Its name among occasions."""
        return f"company-{self.id}"

    @property
    def occasion(self) -> Occasion:
        """The day as the calendar's table of occasions has others."""
        return Occasion(self.key, self.name, "company", self._rule)

    @property
    def _rule(self) -> Rule:
        if self.happens_on is not None:
            return Once(self.happens_on)
        assert self.month is not None
        assert self.day is not None
        return (Lunar if self.recurs == "lunar" else Solar)(self.month, self.day)


def add(session: Session, form: Form, hand: Hand) -> CompanyDay:
    """Put a day into the calendar. Raises Invalid."""
    values = _checked(form)
    if len(every(session)) >= MOST:
        raise Invalid(field="name", reason=f"最多 {MOST} 个公司日，请修改不用的")
    made = CompanyDay(**values, active=True, operator_id=hand.by, at=hand.at)
    session.add(made)
    session.flush()
    _audit(session, "company_day.added", made, hand, audit.changes(None, values, _FIELDS))
    return made


def change(session: Session, company_day_id: int, form: Form, hand: Hand) -> bool:
    """Change a day; False when that changes nothing. Raises Invalid, NotFound."""
    values = _checked(form)
    held = _hold(session, company_day_id)
    changes = audit.changes(audit.values(held, _FIELDS), values, _FIELDS)
    if not changes:
        return False
    for name, value in values.items():
        setattr(held, name, value)
    _audit(session, "company_day.changed", held, hand, changes)
    return True


def retire(session: Session, company_day_id: int, hand: Hand) -> bool:
    """Take a day out of the calendar; what came of it stays. Raises NotFound."""
    return _switch(session, company_day_id, False, hand)


def restore(session: Session, company_day_id: int, hand: Hand) -> bool:
    """Put a retired day back. Raises NotFound."""
    return _switch(session, company_day_id, True, hand)


def _switch(session: Session, company_day_id: int, active: bool, hand: Hand) -> bool:
    held = _hold(session, company_day_id)
    if held.active == active:
        return False
    held.active = active
    action = "company_day.restored" if active else "company_day.retired"
    _audit(session, action, held, hand, {})
    return True


def get(session: Session, company_day_id: int) -> CompanyDay:
    """A day, retired or not. Raises NotFound."""
    found = session.get(CompanyDay, company_day_id)
    if found is None:
        raise NotFound(company_day=company_day_id)
    return found


def every(session: Session) -> list[CompanyDay]:
    """All of them, the oldest first."""
    return list(session.scalars(select(CompanyDay).order_by(CompanyDay.id)))


def occasions(session: Session) -> list[Occasion]:
    """Those that are in the calendar, as occasions."""
    return [one.occasion for one in every(session) if one.active]


def _checked(form: Form) -> dict[str, Any]:
    name, note = form.name.strip(), form.note.strip()
    if not 1 <= len(name) <= NAME_LENGTH:
        raise Invalid(field="name", reason=f"请填写名称（{NAME_LENGTH} 字以内）")
    if len(note) > NOTE_LENGTH:
        raise Invalid(field="note", reason=f"备注最多 {NOTE_LENGTH} 字")
    values: dict[str, Any] = {"name": name, "recurs": form.recurs, "note": note}
    if form.recurs == "once":
        day = form.happens_on
        if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
            reason = f"请选择 {FIRST_YEAR} 至 {LAST_YEAR} 年的日期"
            raise Invalid(field="happens_on", reason=reason)
        return values | {"month": None, "day": None, "happens_on": day}
    if form.recurs not in RECURRENCES:
        raise Invalid(field="recurs", reason="请选择怎样重复")
    return values | {**_yearly(form), "happens_on": None}


def _yearly(form: Form) -> dict[str, int]:
    month, day = form.month or 0, form.day or 0
    if not 1 <= month <= 12:
        raise Invalid(field="month", reason="月份应为 1 至 12")
    longest = 30 if form.recurs == "lunar" else _LONGEST[month - 1]
    if not 1 <= day <= longest:
        raise Invalid(field="day", reason=f"这个月的日期应为 1 至 {longest}")
    return {"month": month, "day": day}


_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _hold(session: Session, company_day_id: int) -> CompanyDay:
    found = session.scalar(
        select(CompanyDay)
        .where(CompanyDay.id == company_day_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(company_day=company_day_id)
    return found


def _audit(
    session: Session, action: str, row: CompanyDay, hand: Hand, changes: dict[str, audit.Change]
) -> None:
    facts: dict[str, Any] = {"changes": changes} if changes else {"name": row.name}
    audit.write(session, action, f"company_day:{row.id}", hand.at, by=(hand.by, None), **facts)
