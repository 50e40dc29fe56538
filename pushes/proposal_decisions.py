"""Taking a proposal up or leaving it: a draft push, and on request what goes with it as drafts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.reviews import Hand
from kernel import audit
from kernel.clock import business_day
from kernel.refusals import Invalid, NotFound, Refused
from loyalty import checkin_programmes, coupon_batches
from loyalty.checkin_programmes import CheckInProgramme, NewProgramme, NoCheckInProgramme
from pushes.holidays_occasions import OCCASIONS
from pushes.proposals import STATE_NAMES, PushProposal


@dataclass(frozen=True)
class Draft:
    """A push to be written down, not sent; `occasion` is the key of what it is about."""

    title: str
    body: str
    occasion: str
    occurs_on: date
    send_at: datetime
    author_id: int


# Writes a draft push down and says its number. Raises Invalid.
Drafting = Callable[[Session, Draft], int]


@dataclass(frozen=True)
class Choice:
    """What an operator makes of a proposal; nothing of a coupon or of points unless he says so."""

    title: str
    body: str
    send_at: datetime
    copy_code: str = ""
    bonus_points: int = 0


class ProposalDecided(Refused):
    """Somebody decided on the proposal already; fact: `state` in words."""

    code = "proposal_decided"


class ProposalOver(Refused):
    """The occasion is over."""

    code = "proposal_over"


def accept(
    session: Session, proposal_id: int, choice: Choice, hand: Hand, draft: Drafting
) -> PushProposal:
    """Make a draft push of a proposal, which still needs its approval.

    With `copy_code` also a draft of last time's batch, moved to the same day of the occasion; with
    `bonus_points` a version of the check-in rules from tomorrow with the day as a special date.
    Raises ProposalDecided, ProposalOver, Invalid, NotFound, NoCheckInProgramme.
    """
    held = _hold(session, proposal_id)
    if held.occurs_on < business_day(hand.at):
        raise ProposalOver
    if choice.send_at <= hand.at:
        raise Invalid(field="send_at", reason="发送时间应晚于现在")
    if is_solemn(held) and (choice.copy_code or choice.bonus_points):
        raise Invalid(field="bonus_points", reason="这一天不发券、不加赠")
    about = (held.occasion, held.occurs_on)
    push = Draft(choice.title, choice.body, *about, choice.send_at, hand.by)
    held.push_id = draft(session, push)
    if choice.copy_code:
        held.copy_id = _copy(session, held, choice.copy_code, hand)
    if choice.bonus_points:
        held.programme_id = _add_bonus(session, held, choice.bonus_points, hand)
    # What was made of it, no longer what was proposed.
    held.title, held.body, held.send_at = choice.title, choice.body, choice.send_at
    _decide(held, "accepted", hand)
    facts: dict[str, Any] = {"push": held.push_id, "batch": held.copy_id}
    facts |= {"points": choice.bonus_points or None}
    _audit(session, "push_proposal.accepted", held, hand, facts)
    return held


def ignore(session: Session, proposal_id: int, hand: Hand) -> None:
    """Leave a proposal. Raises ProposalDecided, NotFound."""
    held = _hold(session, proposal_id)
    _decide(held, "ignored", hand)
    _audit(session, "push_proposal.ignored", held, hand, {})


def is_solemn(proposal: PushProposal) -> bool:
    """Whether its occasion bears no marketing, such as 清明."""
    known = OCCASIONS.get(proposal.occasion)
    return known is not None and known.solemn


def copy_code_of(code: str, occurs_on: date) -> str:
    """A code for the copy: last time's with this year for that year, or with this year behind."""
    year = f"{occurs_on.year}"
    for before in (occurs_on.year - 1, occurs_on.year):
        if f"{before}" in code:
            return code.replace(f"{before}", year)
    return f"{code[: 40 - len(year) - 1].rstrip('-')}-{year}"


def bonus_standing(session: Session, occurs_on: date) -> int | None:
    """Points that check-ins bring on that date already; None without any rules for the day."""
    try:
        rules = checkin_programmes.in_force(session, occurs_on).rules
    except NoCheckInProgramme:
        return None
    return sum(one.gift.points for one in rules.specials if one.falls_on(occurs_on))


def _copy(session: Session, held: PushProposal, code: str, hand: Hand) -> int:
    if held.batch_id is None:
        raise Invalid(field="copy_code", reason="没有可以克隆的券批次")
    try:
        copy = coupon_batches.clone(
            session, held.batch_id, code, hand.at, by=hand.by, shift_days=held.shift_days
        )
    except Invalid as refused:
        # Whatever of last year's terms is no longer allowed is said beside the one field there is.
        raise Invalid(field="copy_code", reason=refused.facts["reason"]) from None
    return copy.id


def _add_bonus(session: Session, held: PushProposal, points: int, hand: Hand) -> int:
    day, tomorrow = held.occurs_on, business_day(hand.at) + timedelta(days=1)
    if bonus_standing(session, day):
        raise Invalid(field="bonus_points", reason="签到规则里这一天已有加赠")
    if day < tomorrow:
        raise Invalid(field="bonus_points", reason="签到规则最早从明天开始，来不及加赠")
    number = checkin_programmes.in_force(session, day).id
    base = session.get_one(CheckInProgramme, number)
    special = {"on": day.isoformat(), "name": held.name, "points": points}
    rules = {**base.rules, "specials": [*base.rules.get("specials", ()), special]}
    first, end = _window(session, base, day, tomorrow)
    new = NewProgramme(f"bonus-{held.occasion}-{day}", base.name, first, rules, end)
    try:
        row = checkin_programmes.publish(session, new, hand.at, hand.by)
    except Invalid as refused:
        raise Invalid(field="bonus_points", reason=refused.facts["reason"]) from None
    changes = audit.changes({"rules": base.rules}, {"rules": rules}, ("rules",))
    facts: dict[str, Any] = {"starts_on": first.isoformat(), "changes": changes}
    subject = f"check_in_programme:{row.code}"
    audit.write(session, "programme.published", subject, hand.at, by=(hand.by, None), **facts)
    return row.id


def _window(
    session: Session, base: CheckInProgramme, day: date, tomorrow: date
) -> tuple[date, date]:
    """From when until when the version with the bonus may stand in for `base`.

    From tomorrow, so that members see the day ahead of it; yet not over a later version, which
    counts instead of `base` on its own days.
    """
    later = session.execute(
        select(CheckInProgramme.starts_on, CheckInProgramme.ends_on).where(
            CheckInProgramme.id > base.id, CheckInProgramme.ends_on > tomorrow
        )
    ).all()
    between = any(one.starts_on <= day for one in later)
    first = day if between else max(tomorrow, base.starts_on)
    return first, min([base.ends_on, *(one.starts_on for one in later if one.starts_on > day)])


def _hold(session: Session, proposal_id: int) -> PushProposal:
    found = session.scalar(
        select(PushProposal)
        .where(PushProposal.id == proposal_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(proposal=proposal_id)
    if found.state != "proposed":
        raise ProposalDecided(state=STATE_NAMES[found.state])
    return found


def _decide(held: PushProposal, state: str, hand: Hand) -> None:
    held.state, held.decided_by, held.decided_at = state, hand.by, hand.at


def _audit(
    session: Session, action: str, held: PushProposal, hand: Hand, facts: dict[str, Any]
) -> None:
    facts = {"name": held.name, "day": held.occurs_on.isoformat()} | {
        name: value for name, value in facts.items() if value is not None
    }
    subject = f"push_proposal:{held.id}"
    audit.write(session, action, subject, hand.at, by=(hand.by, None), **facts)
