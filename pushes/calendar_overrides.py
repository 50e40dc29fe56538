"""What operators know better than the package: days off, make-up workdays and names, by day."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content.reviews import Hand
from kernel import audit
from kernel.db import Base, TryAgain, insert_once
from kernel.refusals import Invalid
from pushes import holidays
from pushes.holidays import FIRST_YEAR, LAST_YEAR, Shift

KINDS = {"off": "休息日", "workday": "上班日", "name": "只加名称"}
NAME_LENGTH, NOTE_LENGTH = 20, 200
_NAMES = ("kind", "name", "note")


class CalendarOverride(Base):
    """One day as an operator says it is; wins over what the package says of the day."""

    __tablename__ = "calendar_override"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    note: Mapped[str] = mapped_column(String(NOTE_LENGTH))
    operator_id: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    at: Mapped[datetime]


class OfficialYear(Base):
    """A year whose official list an operator has entered by hand, so that nothing warns."""

    __tablename__ = "official_year"

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    at: Mapped[datetime]


@dataclass(frozen=True)
class Form:
    """What an operator says of a day; a `name` override needs a name, the others may have one."""

    kind: str
    name: str = ""
    note: str = ""


def put(session: Session, day: date, form: Form, hand: Hand) -> bool:
    """Say what a day is; False when it is said so already. Raises Invalid."""
    _check(day, form)
    values = {"kind": form.kind, "name": form.name, "note": form.note}
    row = {"day": day, **values, "operator_id": hand.by, "at": hand.at}
    before = None
    if not insert_once(session, CalendarOverride, row, "day"):
        held = _hold(session, day)
        if held is None:
            raise TryAgain  # removed at this very moment
        before = audit.values(held, _NAMES)
        if before == values:
            return False
        for name, value in row.items():
            setattr(held, name, value)
        session.flush()
    _audit(session, "calendar.overridden", day, hand, audit.changes(before, values, _NAMES))
    return True


def remove(session: Session, day: date, hand: Hand) -> bool:
    """Believe the package again; False when it is believed already."""
    held = _hold(session, day)
    if held is None:
        return False
    before = audit.values(held, _NAMES)
    session.delete(held)
    session.flush()
    changes = audit.changes(before, dict.fromkeys(_NAMES, ""), _NAMES)
    _audit(session, "calendar.restored", day, hand, changes)
    return True


def between(session: Session, first: date, last: date) -> dict[date, CalendarOverride]:
    """The overrides of the days from `first` to `last`, both included."""
    query = select(CalendarOverride).where(CalendarOverride.day.between(first, last))
    return {one.day: one for one in session.scalars(query.order_by(CalendarOverride.day))}


def shifts(first: date, last: date, said: dict[date, CalendarOverride]) -> dict[date, Shift]:
    """Days off and make-up workdays, with the overrides of those days over the package's."""
    found = {
        day: one
        for year in range(first.year, last.year + 1)
        for day, one in holidays.shifts(year).items()
        if first <= day <= last
    }
    for day, one in said.items():
        if one.kind != "name":
            found[day] = Shift(day, one.kind, one.name or KINDS[one.kind], by_hand=True)
    return found


def confirm_year(session: Session, year: int, hand: Hand) -> bool:
    """Say that the year's official list is entered; False when said already. Raises Invalid."""
    _check_year(year)
    row = {"year": year, "operator_id": hand.by, "at": hand.at}
    if not insert_once(session, OfficialYear, row, "year"):
        return False
    audit.write(session, "calendar.year_confirmed", f"year:{year}", hand.at, by=(hand.by, None))
    return True


def unpublished(session: Session, years: set[int]) -> list[int]:
    """Those of the years whose official list is neither in the package nor entered by hand."""
    wanted = {year for year in years if not holidays.is_official(year)}
    if not wanted:
        return []
    known = session.scalars(select(OfficialYear.year).where(OfficialYear.year.in_(wanted)))
    return sorted(wanted - set(known))


def _check(day: date, form: Form) -> None:
    _check_year(day.year)
    if form.kind not in KINDS:
        raise Invalid(field="kind", reason="请选择这一天是什么日子")
    if form.kind == "name" and not form.name:
        raise Invalid(field="name", reason="请填写名称")
    if len(form.name) > NAME_LENGTH:
        raise Invalid(field="name", reason=f"名称最多 {NAME_LENGTH} 字")
    if len(form.note) > NOTE_LENGTH:
        raise Invalid(field="note", reason=f"备注最多 {NOTE_LENGTH} 字")


def _check_year(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Invalid(field="day", reason=f"日历只到 {FIRST_YEAR} 至 {LAST_YEAR} 年")


def _hold(session: Session, day: date) -> CalendarOverride | None:
    return session.scalar(
        select(CalendarOverride)
        .where(CalendarOverride.day == day)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _audit(
    session: Session, action: str, day: date, hand: Hand, changes: dict[str, audit.Change]
) -> None:
    audit.write(session, action, f"day:{day}", hand.at, by=(hand.by, None), changes=changes)
