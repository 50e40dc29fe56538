"""Series: a push that repeats, or that something about a member sets off, approved as a whole.

draft → review → approved; only an approved series that is switched on runs. Whatever is changed
in it needs approval again.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Date, ForeignKey, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content import reviews
from content.compliance import Finding
from content.reviews import Hand, Review, Subject
from kernel import audit
from kernel.activity import BigId
from kernel.clock import business_day
from kernel.db import Base
from kernel.refusals import Invalid, NotFound, Refused
from pushes import drafts, life, schedules
from pushes.drafts import Form
from pushes.pushes import Push
from pushes.schedules import OccasionDays, no_occasions
from pushes.settings import PushRules

REVIEW = "push_series"
STATE_NAMES = {"draft": "草稿", "review": "待审核", "approved": "已批准"}
_FIELDS = ("title", "form", "schedule", "from_on", "until_on")
# What each run decides for itself.
_OF_A_RUN = ("send_at", "occurs_on", "occasion")


class PushSeries(Base):
    """What repeats: `form` is a push without a time, `schedule` its days and its time of day.

    `effective_at` is when it was last approved or switched on: what was due before is no run of
    it.
    """

    __tablename__ = "push_series"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    title: Mapped[str] = mapped_column(String(40))
    form: Mapped[dict[str, Any]] = mapped_column(JSON)
    schedule: Mapped[dict[str, Any]] = mapped_column(JSON)
    from_on: Mapped[date | None] = mapped_column(Date)
    until_on: Mapped[date | None] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(10), default="draft")
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    editors: Mapped[list[int]] = mapped_column(JSON)
    created_by: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    created_at: Mapped[datetime]
    effective_at: Mapped[datetime | None]

    @property
    def runs(self) -> bool:
        """Whether it starts pushes by itself now."""
        return self.active and self.state == "approved"


@dataclass(frozen=True)
class Plan:
    """A series as it is filled in: what is sent, and on which days, both ends included."""

    title: str
    form: Form
    schedule: Mapping[str, Any]
    from_on: date | None = None
    until_on: date | None = None


@dataclass(frozen=True)
class House:
    """What a plan is held against: the house's numbers and its calendar."""

    rules: PushRules = field(default_factory=PushRules)
    occasions: OccasionDays = no_occasions


class SeriesState(Refused):
    """The series is not in a state that allows this; fact: `state`."""

    code = "series_wrong_state"


class SeriesChanged(Refused):
    """Somebody changed it meanwhile."""

    code = "series_changed"


def get(session: Session, series_id: int, *, lock: bool = False) -> PushSeries:
    """The series with that number. Raises NotFound."""
    found = session.get(PushSeries, series_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound
    return found


def every(session: Session) -> list[PushSeries]:
    """All of them, those that run first, then the newest."""
    rows = session.scalars(select(PushSeries).order_by(PushSeries.id.desc()))
    return sorted(rows, key=lambda one: not one.runs)


def write(session: Session, plan: Plan, house: House, hand: Hand) -> PushSeries:
    """Write one down as a draft. Raises Invalid."""
    row = _checked(session, plan, house, hand.at)
    series = PushSeries(
        **row, state="draft", active=True, version=1, editors=[hand.by], created_by=hand.by,
        created_at=hand.at,
    )  # fmt: skip
    session.add(series)
    session.flush()
    _note(session, series, hand, "push_series.drafted")
    return series


@dataclass(frozen=True)
class Edition:
    """Which series is changed, and the version that its editor saw."""

    series_id: int
    version: int


def revise(session: Session, edition: Edition, plan: Plan, house: House, hand: Hand) -> PushSeries:
    """Change it; what was approved runs no more until it is approved again.

    Raises NotFound, SeriesChanged, SeriesState while it is in review, Invalid.
    """
    series = get(session, edition.series_id, lock=True)
    _require(series, "draft", "approved")
    if series.version != edition.version:
        raise SeriesChanged
    before = audit.values(series, _FIELDS)
    for name, value in _checked(session, plan, house, hand.at).items():
        setattr(series, name, value)
    series.version += 1
    series.state, series.approved_by, series.effective_at = "draft", None, None
    series.editors = sorted({*series.editors, hand.by})
    session.flush()
    changes = audit.changes(before, audit.values(series, _FIELDS), _FIELDS)
    _note(session, series, hand, "push_series.revised", changes=changes)
    return series


def _checked(session: Session, plan: Plan, house: House, at: datetime) -> dict[str, Any]:
    kept = drafts.check(session, form_on(plan.form, business_day(at)))
    form = {name: value for name, value in kept.items() if name not in _OF_A_RUN}
    form["audience"] = {name: value for name, value in form["audience"].items() if name != "on"}
    schedule = schedules.check(plan.schedule)
    if form["audience"]["kind"] == "trigger" and schedule["kind"] != "daily":
        raise Invalid(field="kind", reason="按条件发送的，请选每天")
    due = schedules.due_at(schedule, business_day(at))
    if not plan.form.service and house.rules.is_quiet(due):
        raise Invalid(field="at", reason="这个时间不能打扰客户，请选白天")
    if plan.from_on and plan.until_on and plan.until_on < plan.from_on:
        raise Invalid(field="until_on", reason="结束日期在开始日期之前")
    if schedule["kind"] == "holiday" and schedule["code"] not in house.occasions(
        business_day(at).year
    ):
        raise Invalid(field="code", reason="请选择节日")
    return {
        "title": form.pop("title"),
        "form": form,
        "schedule": schedule,
        "from_on": plan.from_on,
        "until_on": plan.until_on,
    }


def form_on(form: Form, day: date) -> Form:
    """The push of one day: a trigger means the members of that day."""
    audience = dict(form.audience)
    if audience.get("kind") == "trigger":
        audience["on"] = day.isoformat()
    given = {**form.__dict__, "audience": audience, "send_at": None, "occurs_on": None}
    return Form(**{**given, "occasion": None})


def form_of(series: PushSeries) -> Form:
    """What it sends, as a form."""
    return Form(title=series.title, **series.form)


def plan_of(series: PushSeries) -> Plan:
    """The series as it would be filled in."""
    return Plan(series.title, form_of(series), series.schedule, series.from_on, series.until_on)


def findings(session: Session, series: PushSeries, house: House, at: datetime) -> list[Finding]:
    """What stands against its next push."""
    when = next_at(series, house.occasions, at) or at
    form = form_on(form_of(series), business_day(when))
    push = Push(**{**asdict(form), "send_at": when})  # never written down
    return life.findings(session, push, at)


def next_at(series: PushSeries, occasions: OccasionDays, after: datetime) -> datetime | None:
    """When it is due next after that instant; None when it never is again."""
    for due in schedules.upcoming(series.schedule, after, occasions):
        day = business_day(due)
        if series.until_on is not None and day > series.until_on:
            return None
        if series.from_on is None or day >= series.from_on:
            return due
    return None


def submit(session: Session, series_id: int, house: House, hand: Hand, note: str = "") -> Review:
    """Ask for approval. Raises NotFound, SeriesState, NotCompliant."""
    series = get(session, series_id, lock=True)
    _require(series, "draft")
    found = findings(session, series, house, hand.at)
    review = reviews.ask(session, Subject(REVIEW, series.id, series.title), found, hand, note)
    _move(session, series, "review", hand, "push_series.submitted")
    return review


def withdraw(session: Session, series_id: int, hand: Hand) -> None:
    """Take it back before anybody has decided. Raises NotFound, SeriesState."""
    series = get(session, series_id, lock=True)
    reviews.withdraw(session, _open_review(session, series).id, hand)
    _move(session, series, "draft", hand, "push_series.withdrawn")


def refuse(session: Session, series_id: int, hand: Hand, reason: str) -> None:
    """Send it back with a comment. Raises NotFound, SeriesState, Invalid."""
    series = get(session, series_id, lock=True)
    reviews.refuse(session, _open_review(session, series).id, hand, reason)
    _move(session, series, "draft", hand, "push_series.refused", reason=reason.strip())


def approve(session: Session, series_id: int, hand: Hand, reason: str = "") -> PushSeries:
    """Let every run of it go, as the second pair of eyes.

    Raises NotFound, SeriesState, OwnWork, Invalid without a reason for what is amber.
    """
    series = get(session, series_id, lock=True)
    review = _open_review(session, series)
    reviews.approve(session, review.id, set(series.editors), hand, reason)
    series.approved_by, series.effective_at = hand.by, hand.at
    _move(session, series, "approved", hand, "push_series.approved", reason=reason.strip())
    return series


def switch(session: Session, series_id: int, active: bool, hand: Hand) -> bool:
    """Let it run or rest; False when it does already. What it missed resting is no run of it."""
    series = get(session, series_id, lock=True)
    if series.active == active:
        return False
    series.active = active
    if active and series.effective_at is not None:
        series.effective_at = hand.at
    session.flush()
    _note(session, series, hand, "push_series.switched_on" if active else "push_series.rested")
    return True


def _open_review(session: Session, series: PushSeries) -> Review:
    _require(series, "review")
    review = reviews.open_of(session, REVIEW, series.id)
    assert review is not None, "a series in review has one"
    return review


def _require(series: PushSeries, *states: str) -> None:
    if series.state not in states:
        raise SeriesState(state=STATE_NAMES[series.state])


def _move(
    session: Session, series: PushSeries, state: str, hand: Hand, action: str, **facts: object
) -> None:
    series.state = state
    session.flush()
    told = {name: value for name, value in facts.items() if value}
    _note(session, series, hand, action, **told)


def _note(session: Session, series: PushSeries, hand: Hand, action: str, **facts: object) -> None:
    audit.write(session, action, f"push_series:{series.id}", hand.at, by=(hand.by, None), **facts)
