"""The life of a push: who lets it go, when it begins, and how it is stopped and goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from content import compliance, reviews
from content.compliance import Finding
from content.reviews import Hand, Review, Subject
from kernel import audit
from kernel.refusals import Invalid, Refused
from pushes import duty, push_works, pushes, snapshots
from pushes.attention import Moment
from pushes.channels import MASS_A_MONTH
from pushes.pushes import Push, WrongState
from pushes.settings import PushRules

REVIEW = "push"
_REASON_LENGTH = 200


class TooLate(Refused):
    """The time at which it should be sent is over; fact: `send_at`."""

    code = "push_too_late"


def findings(session: Session, push: Push, at: datetime) -> list[Finding]:
    """What stands against sending the push, at its time or, without one, at `at`."""
    when = push.send_at or at
    # Who is not everybody has a quota of his own, which the look at attention counts.
    everybody = push.audience["kind"] in pushes.EVERYBODY
    begun = pushes.begun_in_month(session, when) if everybody else 0
    found: dict[tuple[str, str, str], Finding] = {}
    for work in push_works.works_of(push, when, min(begun, MASS_A_MONTH)):
        for finding in compliance.inspect(work):
            found.setdefault((finding.rule, finding.place, finding.quote), finding)
    return sorted(found.values(), key=lambda finding: finding.severity != "red")


def submit(session: Session, push_id: int, hand: Hand, note: str = "") -> Review:
    """Ask for approval. Raises NotFound, WrongState, TooLate, NotCompliant."""
    push = pushes.get(session, push_id)
    pushes.require(push, "draft")
    _not_over(push, hand.at)
    found = findings(session, push, hand.at)
    review = reviews.ask(session, Subject(REVIEW, push_id, push.title), found, hand, note)
    _move(session, push, "review", hand, "push.submitted")
    return review


def withdraw(session: Session, push_id: int, hand: Hand) -> None:
    """Take it back before anybody has decided. Raises NotFound, WrongState."""
    push = pushes.get(session, push_id)
    pushes.require(push, "review")
    if review := reviews.open_of(session, REVIEW, push_id):
        reviews.withdraw(session, review.id, hand)
    _move(session, push, "draft", hand, "push.withdrawn")


def refuse(session: Session, push_id: int, hand: Hand, reason: str) -> None:
    """Send it back to its author with a comment. Raises NotFound, WrongState, Invalid."""
    push = pushes.get(session, push_id)
    pushes.require(push, "review")
    review = reviews.open_of(session, REVIEW, push_id)
    assert review is not None, "a push in review has one"
    reviews.refuse(session, review.id, hand, reason)
    _move(session, push, "draft", hand, "push.refused", reason=reason.strip())


def approve(session: Session, push_id: int, hand: Hand, reason: str = "") -> Push:
    """Let a push go, as the second pair of eyes; with a time it is scheduled at once.

    Raises NotFound, WrongState, OwnWork, NotCompliant for what is red by now, Invalid without a
    reason for what is amber, TooLate.
    """
    push = pushes.get(session, push_id)
    pushes.require(push, "review")
    _not_over(push, hand.at)
    review = reviews.open_of(session, REVIEW, push_id)
    assert review is not None, "a push in review has one"
    found = findings(session, push, hand.at)
    _no_red(found)
    if found and not reason.strip():
        raise Invalid(field="reason", reason="有黄色提示，请写明通过的理由")
    reviews.approve(session, review.id, {push.created_by}, hand, reason)
    after = "scheduled" if push.send_at else "approved"
    facts = {"reason": reason.strip(), "findings": sorted({one.rule for one in found})}
    values = {"approved_by": hand.by, "approved_at": hand.at}
    _move(session, push, after, hand, "push.approved", values=values, **facts)
    return push


def _no_red(found: list[Finding]) -> None:
    red = [finding for finding in found if finding.severity == "red"]
    if red:
        places = "；".join(f"{one.place}：{one.why}" for one in red)
        raise reviews.NotCompliant(findings=places)


def schedule(session: Session, push_id: int, send_at: datetime | None, hand: Hand) -> Push:
    """Give an approved, scheduled or missed push a time; None means now.

    Raises NotFound, WrongState, Invalid for a time that is over, NotCompliant when that time is
    against a rule.
    """
    push = pushes.get(session, push_id)
    pushes.require(push, "approved", "scheduled", "missed")
    if send_at is not None and send_at < hand.at - timedelta(minutes=1):
        raise Invalid(field="send_at", reason="发送时间已经过了")
    before = push.send_at
    push.send_at = send_at or hand.at
    _no_red(findings(session, push, hand.at))
    values: dict[str, object] = {"send_at": push.send_at}
    changes = audit.changes({"send_at": before}, values, values)
    _move(session, push, "scheduled", hand, "push.scheduled", values=values, changes=changes)
    return push


def cancel(session: Session, push_id: int, hand: Hand, reason: str) -> Push:
    """Stop it for good; who was not sent anything yet will not be. Raises NotFound, WrongState."""
    push = pushes.get(session, push_id)
    pushes.require(push, "draft", "review", "approved", "scheduled", "running", "paused", "missed")
    if review := reviews.open_of(session, REVIEW, push_id):
        reviews.withdraw(session, review.id, hand)
    values: dict[str, object] = {
        "reason": reason.strip()[:_REASON_LENGTH] or None, "finished_at": hand.at,
    }  # fmt: skip
    if push.series_id is None:
        values["key"] = None  # the occasion may be planned anew
    _move(session, push, "cancelled", hand, "push.cancelled", values=values, reason=reason)
    return push


def pause(session: Session, push_id: int, hand: Hand, reason: str = "") -> Push:
    """Begin no further call until somebody lets it go on. Raises NotFound, WrongState."""
    push = pushes.get(session, push_id)
    pushes.require(push, "running")
    values = {"reason": reason.strip()[:_REASON_LENGTH] or "由同事暂停"}
    _move(session, push, "paused", hand, "push.paused", values=values)
    return push


def pause_by_itself(session: Session, push_id: int, reason: str, at: datetime) -> bool:
    """Stop a running push without anybody: the platform refuses, or too much goes wrong."""
    short = reason[:_REASON_LENGTH]
    if not pushes.move(session, push_id, "running", "paused", reason=short):
        return False
    duty.tell_paused(session, pushes.get(session, push_id), short, at)
    audit.write(session, "push.paused", f"push:{push_id}", at, reason=short)
    return True


def resume(session: Session, push_id: int, hand: Hand) -> Push:
    """Let a paused push go on. Raises NotFound, WrongState."""
    push = pushes.get(session, push_id)
    pushes.require(push, "paused")
    _move(session, push, "running", hand, "push.resumed", values={"reason": None})
    return push


def _not_over(push: Push, at: datetime) -> None:
    if push.send_at is not None and push.send_at < at - timedelta(minutes=push.grace_minutes):
        raise TooLate(send_at=push.send_at)


def _move(  # noqa: PLR0913 - the values of the row and the facts of the log are two things
    session: Session,
    push: Push,
    after: str,
    hand: Hand,
    action: str,
    *,
    values: Mapping[str, object] | None = None,
    **facts: object,
) -> None:
    before = push.state
    if not pushes.move(session, push.id, before, after, **(values or {})):
        session.refresh(push)
        raise WrongState(state=pushes.STATE_NAMES[push.state])
    session.refresh(push)
    told = {name: value for name, value in facts.items() if value}
    audit.write(session, action, f"push:{push.id}", hand.at, by=(hand.by, None), **told)


@dataclass(frozen=True)
class Begun:
    """How the beginning of a push went: its new state, or None when somebody else began it."""

    state: str | None


def freeze(session: Session, push_id: int, at: datetime, rules: PushRules) -> bool:
    """Turn the audience of an approved push into rows, once; False when that was done."""
    push = pushes.get(session, push_id)
    if push.frozen_at is not None or push.state not in {"approved", "scheduled", "running"}:
        return False
    if not pushes.move(session, push_id, push.state, push.state, frozen_at=at):
        return False
    session.refresh(push)
    made = snapshots.freeze(session, Moment(push, at, rules))
    push.total = made.rows
    session.flush()
    return True


def begin(session: Session, push_id: int, at: datetime, rules: PushRules) -> Begun:
    """Begin a scheduled push whose time has come; of two that try, one does.

    Later than its grace it becomes `missed` and waits for a person: a greeting of yesterday is
    worse than none.
    """
    push = pushes.get(session, push_id)
    if push.state != "scheduled" or push.send_at is None or push.send_at > at:
        return Begun(None)
    if at > push.send_at + timedelta(minutes=push.grace_minutes):
        missed = pushes.move(
            session, push_id, "scheduled", "missed", reason="到时间没有发出，已超过宽限"
        )
        return Begun("missed" if missed else None)
    if not pushes.move(session, push_id, "scheduled", "running", started_at=at, reason=None):
        return Begun(None)
    session.refresh(push)
    freeze(session, push_id, at, rules)
    session.refresh(push)
    reached = push.total - sum(line[-1] for line in push.outside)
    if reached == 0:
        reason = "没有可以送达的收件人"
        # A day on which nobody has a birthday is no failure that somebody must look at.
        ended = "finished" if push.audience["kind"] == "trigger" else "failed"
        pushes.move(session, push_id, "running", ended, reason=reason, finished_at=at)
        return Begun(ended)
    return Begun("running")
