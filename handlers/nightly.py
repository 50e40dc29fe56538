"""THE table of what happens once a day: points expire, tiers and tags are settled, people told.

A day's run goes page by page, each a transaction that also writes down how far it got: a missed
tick, a kill or a second scheduler costs nothing. Whoever is late catches up within the same day.
"""

import time as machine_time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from functools import partial

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from handlers.tools import Tools
from kernel import job_marks
from kernel.clock import SHANGHAI, business_day
from kernel.job_marks import Page
from kernel.metrics import PROOFS
from loyalty import (
    checkin_reminders,
    coupon_notices,
    erasure,
    merges,
    points_expiry,
    proof_records,
    proof_runs,
    reward_orders,
    tag_runs,
    tier_runs,
)
from loyalty.notices import Notice
from loyalty.policy import Policy
from pushes import push_proofs
from reports import figure_days

log = structlog.get_logger(__name__)

# A tick ends after so many pages, so that a scheduler that must stop need not wait long.
_PAGES_A_TICK = 20
_ROWS = 1_000
_DAYS = 10
_NOTICES_KEPT = timedelta(days=400)
PROOF = "proof"
PROOF_FROM = time(3, 30)


@dataclass(frozen=True)
class Night:
    """One run: its business day, its instant, and the numbers of the programme."""

    day: date
    at: datetime
    policy: Policy


PageWork = Callable[[Session, Night, int], Page]


@dataclass(frozen=True)
class Nightly:
    """A job of every day, to be done between two times of day in Shanghai."""

    run_page: PageWork
    begins: time
    ends: time = time.max


def expire_points(session: Session, night: Night, after: int) -> Page:
    """Lots past their date are emptied."""
    swept = points_expiry.sweep(session, after, night.at, _ROWS)
    return Page(swept.after, {"members": swept.members, "points": swept.points})


def settle_tiers(session: Session, night: Night, after: int) -> Page:
    """Members climb, keep their tier, or fall at the end of their period."""
    last, done = tier_runs.run_page(session, after, night.day, _ROWS, night.policy)
    return Page(last, asdict(done))


def receive_rewards(session: Session, night: Night, after: int) -> Page:
    """Parcels that were shipped long enough ago count as received."""
    received = reward_orders.receive_due(session, night.at, night.policy)
    return Page(after if received else None, {"received": received})


def follow_up(session: Session, night: Night, after: int) -> Page:
    """What reached merged or erased members late goes on to where it belongs."""
    moved = merges.follow_up(session, night.at)
    dropped = erasure.follow_up(session, night.at)
    full = max(moved, dropped) >= 100
    return Page(after if full else None, {"merged": moved, "erased": dropped})


def warn_of_points(session: Session, night: Night, after: int) -> Page:
    """Members hear of points that expire soon."""
    if not night.policy.points_notice_days:
        return Page(None, {})
    distances = night.policy.points_notice_days
    return Page(points_expiry.warn(session, after, night.day, distances, night.at), {})


def warn_of_coupons(session: Session, night: Night, after: int) -> Page:
    """Members hear of coupons that expire soon."""
    last, told = coupon_notices.due(session, night.day, night.policy, after_id=after)
    return Page(last, {"told": told})


def remind_of_check_ins(session: Session, night: Night, after: int) -> Page:
    """Who asked for it and has not checked in is reminded."""
    due = checkin_reminders.due(session, after, night.at)
    told = checkin_reminders.remind(session, due, night.at)
    return Page(due[-1] if due else None, {"told": len(told)})


def forget_notices(session: Session, night: Night, after: int) -> Page:
    """Notices that are older than any distance at which they could be told again go."""
    oldest = session.execute(
        select(Notice.id, Notice.created_at).order_by(Notice.id).limit(_ROWS)
    ).all()
    gone = [row.id for row in oldest if row.created_at < night.at - _NOTICES_KEPT]
    if gone:
        session.execute(delete(Notice).where(Notice.id.in_(gone)))
    return Page(after if len(gone) == _ROWS else None, {"gone": len(gone)})


def close_days(session: Session, night: Night, after: int) -> Page:
    """The figures of days that are over are counted, once."""
    missing = figure_days.missing(session, night.day)
    for day in missing[:_DAYS]:
        figure_days.count(session, day, night.at)
    return Page(after if len(missing) > _DAYS else None, {"days": len(missing[:_DAYS])})


def settle_tag(session: Session, night: Night, after: int, *, tag_id: int) -> Page:
    """One tag that a rule keeps is put and taken; the whole run is noted at its end."""
    last, done = tag_runs.run_page(session, tag_id, after, night.at)
    return Page(last, asdict(done))


# In this order: a tier rests on what has expired, a tag may rest on the tier.
NIGHTLY: dict[str, Nightly] = {
    "expire_points": Nightly(expire_points, time(0, 0)),
    "settle_tiers": Nightly(settle_tiers, time(0, 5)),
    "close_days": Nightly(close_days, time(0, 10)),
    "receive_rewards": Nightly(receive_rewards, time(1, 0)),
    "follow_up": Nightly(follow_up, time(2, 0)),
    "forget_notices": Nightly(forget_notices, time(2, 0)),
    "warn_of_points": Nightly(warn_of_points, time(8, 0), time(21, 0)),
    "warn_of_coupons": Nightly(warn_of_coupons, time(8, 0), time(21, 0)),
    "remind_of_check_ins": Nightly(remind_of_check_ins, time(19, 30), time(22, 0)),
}
_TAGS_FROM = time(0, 30)


def run_nightly(tools: Tools) -> None:
    """Go on with what today's night has left to do, some pages of it."""
    now = tools.clock.now()
    night = Night(business_day(now), now, tools.policy)
    left = _PAGES_A_TICK
    for name, work in _due(tools, night):
        while left:
            left -= 1
            if not tools.database.transaction(partial(_page, night=night, name=name, work=work)):
                break


def _due(tools: Tools, night: Night) -> Iterator[tuple[str, PageWork]]:
    clock_time = night.at.astimezone(SHANGHAI).time()
    jobs = {
        name: job.run_page for name, job in NIGHTLY.items() if job.begins <= clock_time < job.ends
    }

    def look(session: Session) -> set[str]:
        if clock_time >= _TAGS_FROM:
            for tag_id in tag_runs.due(session):
                jobs[f"tag:{tag_id}"] = partial(settle_tag, tag_id=tag_id)
        return job_marks.through(session, list(jobs), night.day)

    done = tools.database.read(look)
    yield from ((name, work) for name, work in jobs.items() if name not in done)


def _page(session: Session, night: Night, name: str, work: PageWork) -> bool:
    """One page under the job's mark; whether there may be others."""
    mark = job_marks.take(session, name, night.day)
    if mark is None:
        return False
    done = work(session, night, mark.after_id)
    job_marks.settle(session, mark, done, night.at)
    if done.next_after is None:
        log.info("nightly_done", job=name, day=str(night.day), **mark.counts)
        if name.startswith("tag:"):
            tag_runs.note(session, int(name[4:]), tag_runs.Counts(**mark.counts), night.at)
    return done.next_after is not None


def prove(tools: Tools) -> None:
    """Once a night, hold the books against every promise and keep what was found."""
    now = tools.clock.now()
    day = business_day(now)
    if now.astimezone(SHANGHAI).time() < PROOF_FROM:
        return
    if tools.database.read(lambda session: job_marks.through(session, [PROOF], day)):
        return
    began = machine_time.monotonic()
    found = tools.database.snapshot(
        lambda session: list(proof_runs.run(session, now, push_proofs.EVERY))
    )
    seconds = round(machine_time.monotonic() - began)

    def keep(session: Session) -> bool:
        mark = job_marks.take(session, PROOF, day)
        if mark is None:
            return False  # another scheduler was faster
        proof_records.keep(session, found, now, seconds)
        job_marks.settle(session, mark, Page(None, {"breaches": len(found)}), now)
        return True

    if not tools.database.transaction(keep):
        return
    PROOFS.labels("broken" if found else "clean").inc()
    if found:
        log.error("books_broken", codes=[breach.proof.code for breach in found])
