"""Points for the lines of a file: each line booked by itself, once for ever, with its verdict.

A line is known by rule, member and voucher, so a file may come again, whole or with more lines,
and after a run that was cut short:

    head, slips = earn_slips.read(path, earn_rules.get(session, "bill"))
    for slip in slips:
        database.transaction(lambda session: book(session, desk, slip, now()))
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.vault import Vault
from loyalty import earn_rules, ledger
from loyalty.earn_rule_definitions import MOST_POINTS
from loyalty.earn_rules import EarnRule, Event
from loyalty.earn_slips import BadSlip, Slip
from loyalty.members import STATE_NAMES, Member
from loyalty.policy import Policy

VERDICTS = {
    "booked": "已入账",
    "pending": "待到账",
    "standing": "此前已登记",
    "capped": "已到上限",
    "small": "不足 1 积分",
    "refused": "错误",
}


@dataclass(frozen=True)
class Desk:
    """What the booking of a file needs besides its lines: the code of the rule, and the house."""

    rule: str
    vault: Vault
    policy: Policy


@dataclass(frozen=True)
class Verdict:
    """What becomes of one line: a key of VERDICTS, a sentence for the report, and points."""

    line: int
    verdict: str
    said: str
    points: int = 0


def book(session: Session, desk: Desk, slip: Slip | BadSlip, at: datetime) -> Verdict:
    """Book one line, in a transaction of its own; a second time changes nothing.

    A voucher counts once for each rule and member: two members may have one of the same name.
    Raises NotFound without such a rule.
    """
    rule = earn_rules.get(session, desk.rule)
    if isinstance(slip, BadSlip):
        return _refused(slip, slip.reason)
    member_id = _find(session, desk.vault, slip)
    if member_id is None:
        return _refused(slip, "查无此会员")
    ledger.hold(session, member_id)  # whoever merges or erases him is done, or waits for us
    event = _event(slip, member_id, at)
    known = earn_rules.standing(session, desk.rule, event.reference)
    if known is not None:
        return _stands(slip, rule, known.points)
    fault = _fault(session, rule, member_id, event)
    if fault:
        return _refused(slip, fault)
    done = earn_rules.earn(session, member_id, desk.rule, event, desk.policy)
    return _brought(slip, rule, (done.points + done.pending, done.cut), "已")


class Rehearsal:
    """What a file would bring, line by line; writes nothing, remembers what earlier lines took.

    A tier that is climbed on the way is not foreseen.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._taken: Counter[int] = Counter()
        self._brought: dict[str, int] = {}

    def judge(self, session: Session, slip: Slip | BadSlip, at: datetime) -> Verdict:
        """What `book` would say of the next line. Raises NotFound without such a rule."""
        rule = earn_rules.get(session, self._desk.rule)
        if isinstance(slip, BadSlip):
            return _refused(slip, slip.reason)
        member_id = _find(session, self._desk.vault, slip)
        if member_id is None:
            return _refused(slip, "查无此会员")
        event = _event(slip, member_id, at)
        known = earn_rules.standing(session, rule.code, event.reference)
        before = self._brought.get(event.reference) if known is None else known.points
        if before is not None:
            return _stands(slip, rule, before)
        fault = _fault(session, rule, member_id, event)
        if fault:
            return _refused(slip, fault)
        share = earn_rules.share_of(session, member_id, rule, event, self._taken[member_id])
        self._taken[member_id] += share[0]
        self._brought[event.reference] = share[0]
        return _brought(slip, rule, share, "会")


def _find(session: Session, vault: Vault, slip: Slip) -> int | None:
    if slip.phone is None:
        wanted = Member.id == slip.member_id
    else:
        wanted = Member.phone_digest == vault.digest(slip.phone)
    return session.scalar(select(Member.id).where(wanted))


def _event(slip: Slip, member_id: int, at: datetime) -> Event:
    return Event(f"{member_id}:{slip.voucher}", at, slip.units, slip.awaits)


def _fault(session: Session, rule: EarnRule, member_id: int, event: Event) -> str | None:
    if not earn_rules.pays(rule, event.at):
        return "积分规则已停用或不在有效期"
    state = session.scalar(select(Member.state).where(Member.id == member_id))
    if state != "active":
        return f"会员{STATE_NAMES[str(state)]}"
    # A slip of the pen in an amount is worth more than any real bill.
    too_much = earn_rules.worth(rule, event.units, 100) > MOST_POINTS
    return f"超过单笔上限 {MOST_POINTS} 积分，请核对" if too_much else None


def _refused(slip: Slip | BadSlip, said: str) -> Verdict:
    return Verdict(slip.line, "refused", said)


def _stands(slip: Slip, rule: EarnRule, points: int) -> Verdict:
    # Whether points that waited have come since is not the file's business.
    said = VERDICTS["standing"] if rule.waits or not points else f"此前已入账 {points} 积分"
    return Verdict(slip.line, "standing", said, points)


def _brought(slip: Slip, rule: EarnRule, share: tuple[int, int], now: str) -> Verdict:
    granted, cut = share
    if not granted:
        verdict = "capped" if cut else "small"
        return Verdict(slip.line, verdict, VERDICTS[verdict])
    said = f"待到账 {granted} 积分" if rule.waits else f"{now}入账 {granted} 积分"
    if cut:
        said += f"，超出上限的 {cut} 积分不计"
    return Verdict(slip.line, "pending" if rule.waits else "booked", said, granted)
