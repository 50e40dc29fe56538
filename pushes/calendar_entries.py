"""What is planned on the calendar: pushes on their day, the four mass sends of a month, gaps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel.clock import business_day, day_start
from pushes import calendar_switches, company_days, holidays_occasions
from pushes.holidays_occasions import Occasion
from pushes.proposals import PushProposal
from pushes.pushes import Push

# A follower gets at most so many mass sends a month; see content.compliance_platform.
MASS_SLOTS = 4
GAP_DAYS = 60
# A greeting is for the day when it goes out on it or so many days before.
_LEAD = timedelta(days=3)
# Pushes in these states will not go out (any more).
_DEAD = {"cancelled", "failed", "missed"}


@dataclass(frozen=True)
class Planned:
    """A push on its day: `url_facts` are what its page's address is made of."""

    day: date
    title: str
    state: str
    url_facts: Mapping[str, int]
    begun: bool = False
    is_mass: bool = True


@dataclass(frozen=True)
class Slots:
    """The mass sends of a month: those that began, those that are planned, those that are left."""

    used: int = 0
    planned: int = 0

    @property
    def left(self) -> int:
        """How many could still be planned; not below 0."""
        return max(0, MASS_SLOTS - self.used - self.planned)

    @property
    def over(self) -> int:
        """How many WeChat would refuse to followers who got all the others."""
        return max(0, self.used + self.planned - MASS_SLOTS)


@dataclass(frozen=True)
class Gap:
    """An occasion that is near and has no push."""

    day: date
    occasion: Occasion
    proposal_id: int | None = None


@dataclass(frozen=True)
class Plans:
    """Pushes from `first` to `last`, in order."""

    entries: list[Planned] = field(default_factory=list)

    def on(self, day: date) -> list[Planned]:
        """Those of a day."""
        return [one for one in self.entries if one.day == day]

    def slots(self, month: date) -> Slots:
        """The mass sends of the month of a day."""
        these = [
            one
            for one in self.entries
            if one.is_mass and (one.day.year, one.day.month) == (month.year, month.month)
        ]
        used = sum(one.begun for one in these)
        ahead = sum(not one.begun and one.state not in _DEAD for one in these)
        return Slots(used, ahead)


def planned(session: Session, first: date, last: date) -> Plans:
    """Every push of the days from `first` to `last`, both included.

    A push that began stands on the day on which it began; another on the day of its time. Those
    without a time have no day yet.
    """
    begins, ends = day_start(first), day_start(last + timedelta(days=1))
    at = func.coalesce(Push.started_at, Push.send_at, type_=Push.created_at.type)
    rows = session.execute(
        select(Push.id, Push.title, Push.state, Push.channels, Push.started_at, at.label("at"))
        .where(at >= begins, at < ends)
        .order_by(at, Push.id)
    )
    found = [
        Planned(
            business_day(row.at), row.title, row.state, {"push_id": row.id},
            begun=row.started_at is not None, is_mass="mass" in row.channels,
        )
        for row in rows
    ]  # fmt: skip
    return Plans(sorted(found, key=lambda one: (one.day, one.url_facts["push_id"])))


def gaps(session: Session, today: date, plans: Plans) -> list[Gap]:
    """The occasions of the next 60 days that propose and have no push; `plans` must cover them.

    An occasion whose proposal was ignored is left in peace: somebody decided.
    """
    more = company_days.occasions(session)
    last = today + timedelta(days=GAP_DAYS)
    chosen = calendar_switches.proposing(session, more)
    rows = session.execute(
        select(
            PushProposal.occasion, PushProposal.occurs_on, PushProposal.state, PushProposal.id
        ).where(PushProposal.occurs_on.between(today, last))
    )
    asked = {(row.occasion, row.occurs_on): row for row in rows}
    found = []
    for day, one in holidays_occasions.between(today, last, more):
        row = asked.get((one.key, day))
        decided = row is not None and row.state != "proposed"
        if one.key in chosen and not decided and not _has_push(plans.entries, day):
            found.append(Gap(day, one, row.id if row else None))
    return found


def _has_push(entries: Iterable[Planned], day: date) -> bool:
    return any(day - _LEAD <= one.day <= day and one.state not in _DEAD for one in entries)
