"""Preflight: what a push would do, asked before anybody lets it go.

Everybody it means is looked at in one grouped query, so the answer costs the same kind of work as
the snapshot and not a question a head; hold-out and texts are estimated from it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content.compliance import Finding
from pushes import attention, life, messages, preflight_warnings, pushes
from pushes.attention import Moment
from pushes.channels import MASS_A_MONTH, MASS_MOST
from pushes.messages import Reader
from pushes.preflight_warnings import Facts, Warned
from pushes.pushes import Push
from pushes.settings import PushRules

# Without any cap the wire decides; what one worker was seen to send a second, said as "about".
USUAL_RATE = 500
# One call of a mass send takes about so long, whatever it carries.
_MASS_CALL_SECONDS = 2
_USUAL_READER = Reader("王先生", "银卡会员", 1_000, "https://hall.example.cn/l/d1z-0123456789")


@dataclass(frozen=True)
class Reach:
    """One channel: how many it could reach, how many of them it is chosen for, and how many it
    cannot reach, by reason; `reachable` and the reasons make everybody."""

    channel: str
    reachable: int
    chosen: int
    reasons: dict[str, int]


@dataclass(frozen=True)
class Cost:
    """What of limited things the push would use: a month's mass sends of the account, short
    messages and their price in fen."""

    mass_begun: int = 0
    mass_month: int = MASS_A_MONTH
    sms_pieces: int = 0
    sms_fen: int = 0


@dataclass(frozen=True)
class Preflight:
    """The answer. `everybody` is the sum of those a channel is chosen for and of `nobody`,
    whom no channel reaches; `held` and `variants` are estimates of the chosen."""

    at: datetime
    everybody: int
    nobody: int
    nobody_reasons: dict[str, int]
    channels: list[Reach]
    held: int
    variants: list[int]
    cost: Cost
    rate: int
    seconds: int
    findings: list[Finding]
    warnings: list[Warned] = field(default_factory=list)

    @property
    def chosen(self) -> int:
        """How many some channel reaches."""
        return self.everybody - self.nobody

    @property
    def leaving(self) -> int:
        """How many would be sent something: the chosen without the hold-out."""
        return self.chosen - self.held


def look(session: Session, push: Push, now: datetime, rules: PushRules) -> Preflight:
    """What the push would do at its time, or now where that is over or not set.

    `push` may be one that was never saved. Raises NotFound when its audience is gone.
    """
    at = max(push.send_at or now, now)
    counted = _Counted(session, Moment(push, at, rules))
    held = round(counted.chosen * push.holdout_percent / 100)
    variants = _shared(push, counted.chosen - held)
    rate = rate_of(push, rules)
    facts = Facts({one.channel: one.chosen for one in counted.channels}, counted.reasons, at)
    return Preflight(
        at=at,
        everybody=counted.everybody,
        nobody=counted.everybody - counted.chosen,
        nobody_reasons=counted.nobody_reasons,
        channels=counted.channels,
        held=held,
        variants=variants,
        cost=_cost(session, push, counted, at, rules),
        rate=rate,
        seconds=_seconds(push, counted, rate or USUAL_RATE),
        findings=life.findings(session, push, now),
        warnings=preflight_warnings.of(session, push, facts, rules),
    )


def rate_of(push: Push, rules: PushRules) -> int:
    """The most that may leave a second, by the push, the house and the window; 0 for no cap."""
    window = rules.window_most // (rules.window_minutes * 60) if rules.window_most else 0
    caps = [cap for cap in (push.rate, rules.rate, window) if cap]
    return min(caps) if caps else 0


class _Counted:
    """Everybody counted by what stands against each channel: the one pass."""

    def __init__(self, session: Session, moment: Moment) -> None:
        names = moment.push.channels
        people = attention.outlook(session, moment)
        whys = [people.c[f"why_{name}"] for name in names]
        rows = session.execute(
            select(people.c.channel, *whys, func.count()).group_by(people.c.channel, *whys)
        ).all()
        self.everybody = sum(int(row[-1]) for row in rows)
        self.chosen = sum(int(row[-1]) for row in rows if row[0] is not None)
        self.nobody_reasons = _by_reason(rows, 1, nobody=True)
        self.channels = [_reach(rows, name, place) for place, name in enumerate(names, 1)]
        self.reasons = {name for one in self.channels for name in one.reasons}

    def of(self, channel: str) -> int:
        """How many the channel is chosen for."""
        return sum(one.chosen for one in self.channels if one.channel == channel)


def _reach(rows: Any, channel: str, place: int) -> Reach:
    reasons = _by_reason(rows, place)
    everybody = sum(int(row[-1]) for row in rows)
    chosen = sum(int(row[-1]) for row in rows if row[0] == channel)
    return Reach(channel, everybody - sum(reasons.values()), chosen, reasons)


def _by_reason(rows: Any, place: int, *, nobody: bool = False) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        why = row[place]
        if why is not None and not (nobody and row[0] is not None):
            found[why] = found.get(why, 0) + int(row[-1])
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def _shared(push: Push, leaving: int) -> list[int]:
    """The texts' shares of those who are sent one, which add up to them."""
    shares = [leaving * int(variant["share"]) // 100 for variant in push.variants]
    shares[0] += leaving - sum(shares)
    return shares


def _cost(session: Session, push: Push, counted: _Counted, at: datetime, rules: PushRules) -> Cost:
    texted = counted.of("sms")
    texted -= round(texted * push.holdout_percent / 100)
    pieces = 0
    if "sms" in push.channels:
        for variant, count in zip(push.variants, _shared(push, texted), strict=True):
            content = variant["contents"]["sms"]
            text = messages.sms_text(content, _USUAL_READER, rules.sms_signature, push.service)
            pieces += messages.sms_pieces(text) * count
    begun = pushes.begun_in_month(session, at) if "mass" in push.channels else 0
    return Cost(begun, MASS_A_MONTH, pieces, pieces * rules.sms_fen)


def _seconds(push: Push, counted: _Counted, rate: int) -> int:
    by_mass = counted.of("mass")
    calls = 1 if push.audience.get("by_tag") else -(-by_mass // MASS_MOST)
    seconds = calls * _MASS_CALL_SECONDS if by_mass else 0
    one_by_one = counted.chosen - by_mass
    return seconds + -(-one_by_one // rate)
