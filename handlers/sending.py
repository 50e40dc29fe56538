"""One chunk on its way: what is about to leave is committed, then called, then settled.

One thread does all of it in turns. A turn is one transaction, in which what has been answered is
settled and the next recipients are marked as being sent, and one look at the lanes.
"""

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from handlers.tools import Tools
from kernel.metrics import DELIVERIES
from kernel.outcomes import Outcome
from pushes import addressees, aftermath, calls, chunks, deliveries, life, pace, pushes, switches
from pushes.aftermath import Answered
from pushes.calls import Desk, Prepared
from pushes.channels import Call, Lane
from pushes.chunks import Claim
from pushes.pushes import Push

log = structlog.get_logger(__name__)

_GROUP = 256
_NEVER = datetime.max.replace(tzinfo=UTC)
_FLUSH_SECONDS = 0.25
# With a rate cap, what is reserved at once; more would be unfair to other workers.
_RESERVED_SECONDS = 0.25
_BUSY_PAUSE = timedelta(seconds=5)
_LOOK_SECONDS = 0.05
_PATIENCE_SECONDS = 120.0


@dataclass
class Stop:
    """Why nothing more may begin: `pause` is a reason that a person has to look at."""

    pause: str | None = None
    due_in: timedelta = timedelta()


@dataclass
class Sending:
    """The sending of one claimed chunk."""

    tools: Tools
    push: Push
    claim: Claim
    rows: deque[int]
    lanes: dict[str, Lane] = field(default_factory=dict)
    # Marked as being sent, but not to leave before their time.
    held: deque[tuple[datetime, Call]] = field(default_factory=deque)
    flying: dict[int, Call] = field(default_factory=dict)
    answered: list[Answered] = field(default_factory=list)
    stop: Stop | None = None
    errors: deque[bool] = field(default_factory=deque)
    flushed: float = field(default_factory=time.monotonic)
    stopped: tuple[str, ...] = ()
    tiers: dict[int, str] = field(default_factory=dict)
    looked: float = 0.0
    # From then on nothing may leave under the lease as it was last renewed.
    fence: datetime = _NEVER

    def run(self) -> None:
        """Send until nobody of the chunk waits, or something stops it; then give it back."""
        try:
            while self._has_work():
                self._turn()
        finally:
            for lane in self.lanes.values():
                lane.close()
        self.tools.database.transaction(self._release)

    def _has_work(self) -> bool:
        if self.stop is None and self.tools.stopping():
            self.stop = Stop()
        begins = bool(self.rows) and self.stop is None
        return begins or bool(self.held or self.flying or self.answered)

    def _turn(self) -> None:
        group = self._next_group()
        if group or self._should_flush():
            begun = self._commit(group)
            self.answered = []
            self.flushed = time.monotonic()
            self._take_in(begun, group)
        self._submit()
        self._collect()

    def _commit(self, group: list[int]) -> "_Begun":
        """The transaction of a turn. While the database is away it is tried again: answers that
        are known must not be lost, and each of its steps may be done twice."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                return self.tools.database.transaction(lambda session: self._step(session, group))
            except DBAPIError:
                if time.monotonic() > until:
                    raise
                time.sleep(1.0)

    def _next_group(self) -> list[int]:
        room = self.tools.push_rules.in_flight - len(self.flying) - len(self.held)
        # Half of what may be in the air, so that the other half goes on meanwhile.
        size = min(_GROUP, max(1, self.tools.push_rules.in_flight // 2))
        if self.stop is not None or not self.rows or room < min(size, len(self.rows)):
            return []
        if self.held and self._rate():
            return []  # the last reservation first
        size = min(size, self._most_at_once())
        return [self.rows.popleft() for _ in range(min(size, len(self.rows)))]

    def _rates(self) -> list[tuple[str, int]]:
        """The caps that hold for this push, by the name under which all workers share them."""
        caps = [("all", self.tools.push_rules.rate), (f"push:{self.push.id}", self.push.rate)]
        return [(name, rate) for name, rate in caps if rate]

    def _rate(self) -> int:
        return min((rate for _, rate in self._rates()), default=0)

    def _most_at_once(self) -> int:
        rate = self._rate()
        return max(1, int(rate * _RESERVED_SECONDS)) if rate else _GROUP

    def _should_flush(self) -> bool:
        if self.stop is not None:
            return bool(self.answered or self.held)
        is_old = time.monotonic() - self.flushed > _FLUSH_SECONDS
        return bool(self.answered) and (
            len(self.answered) >= _GROUP or is_old or not (self.flying or self.held)
        )

    def _step(self, session: Session, group: list[int]) -> "_Begun":
        now, answered = self.tools.clock.now(), self.answered
        most = self.tools.push_rules.most_attempts
        ended = [aftermath.verdict(self.push, one, most) for one in answered]
        if self.stop is not None:
            # Committed as being sent, but never called: they surely wait.
            held = [call.delivery_id for _, call in self.held]
            deliveries.put_back(session, self.claim.claim_no, held)
        deliveries.settle(session, self.claim.claim_no, ended, now)
        aftermath.settle(session, self.push, self.claim, answered, now)
        further = [
            one.id for one, told in zip(ended, answered, strict=False)
            if one.state == "pending" and told.outcome.verdict == "refused"
        ]  # fmt: skip
        if not group:
            return _Begun(now, further=further)
        stop = self._why_stop(session, now, len(group))
        if stop is not None:
            return _Begun(now, stop=stop, further=further)
        return self._begin(session, now, group, further)

    def _begin(
        self, session: Session, now: datetime, group: list[int], further: list[int]
    ) -> "_Begun":
        begun = addressees.begin(session, self.claim, group)
        desk, stopped = self._desk(session), self.stopped
        prepared = calls.prepare(session, desk, begun)
        deliveries.settle(session, self.claim.claim_no, prepared.settled, now)
        further = further + [
            one.id for one in prepared.settled
            if one.state == "pending" and one.channel not in stopped
        ]  # fmt: skip
        first_at = self._reserve(session, len(prepared.calls), now)
        self.fence = now + chunks.LEASE - chunks.CALL_MARGIN
        return _Begun(first_at, prepared, further=further)

    def _desk(self, session: Session) -> Desk:
        # A switch that is thrown is seen within a second.
        if time.monotonic() - self.looked > 1.0:
            self.stopped = tuple(switches.stopped(session))
            self.tiers = self.tiers or calls.tiers_of(session)
            self.looked = time.monotonic()
        signature = self.tools.push_rules.sms_signature
        return Desk(self.push, self.tools.links, signature, self.tiers, self.stopped)

    def _reserve(self, session: Session, count: int, now: datetime) -> datetime:
        """When the first of so many calls may leave."""
        if not count:
            return now
        if self.tools.push_rules.window_most:
            pace.count(session, count, now)
        reserved = [pace.reserve(session, name, count, rate, now) for name, rate in self._rates()]
        return max(reserved, default=now)

    def _why_stop(self, session: Session, now: datetime, wanted: int) -> Stop | None:
        rules = self.tools.push_rules
        if not self.push.service and rules.is_quiet(now):
            return Stop(due_in=rules.quiet_ends_at(now) - now)
        if rules.window_most and (
            pace.room(session, rules.window_most, rules.window_minutes, now) < wanted
        ):
            return Stop(due_in=timedelta(seconds=20))
        if not chunks.renew(session, self.claim, now):
            return Stop()
        return None

    def _take_in(self, begun: "_Begun", group: list[int]) -> None:
        if self.stop is not None:
            self.held.clear()
        if begun.stop is not None:
            self.stop = self.stop or begun.stop
            self.rows.extendleft(reversed(group))
        self.rows.extend(begun.further)
        rate = self._rate()
        step = timedelta(seconds=1 / rate) if rate else timedelta()
        at = begun.first_at
        for call in begun.prepared.calls:
            self.held.append((at, call))
            at += step

    def _submit(self) -> None:
        now = self.tools.clock.now()
        if self.held and now >= self.fence:
            self.stop = self.stop or Stop()  # asleep for too long: somebody else may hold them
        ready: dict[str, list[Call]] = {}
        while self.held and self.held[0][0] <= now and self.stop is None:
            call = self.held.popleft()[1]
            self.flying[call.delivery_id] = call
            ready.setdefault("sms" if call.channel == "sms" else "wechat", []).append(call)
        for name, leaving in ready.items():
            if name not in self.lanes:
                self.lanes[name] = self.tools.lanes(name)
            self.lanes[name].submit(leaving)

    def _collect(self) -> None:
        if not self.flying:
            if self.held:
                time.sleep(0.005)
            return
        seconds = 0.005 if self.held else _LOOK_SECONDS
        ended: Counter[str] = Counter()
        for lane in self.lanes.values():
            for delivery_id, outcome in lane.collect(seconds):
                call = self.flying.pop(delivery_id)
                self.answered.append(Answered(delivery_id, call.channel, call.attempt, outcome))
                ended[outcome.verdict] += 1
                self._judge(outcome)
        for verdict, times in ended.items():
            DELIVERIES.labels(verdict).inc(times)

    def _judge(self, outcome: Outcome) -> None:
        """Stop when the account is refused, or too many calls end badly."""
        if outcome.verdict == "stop":
            self.stop = self.stop or Stop(f"微信返回 {outcome.reason}，整个推送先停下")
            return
        most = self.tools.push_rules.error_sample
        self.errors.append(outcome.verdict != "sent")
        if len(self.errors) > most:
            self.errors.popleft()
        share = sum(self.errors) * 100 // most
        if len(self.errors) == most and share >= self.tools.push_rules.error_percent:
            self.stop = self.stop or Stop(f"最近 {most} 条里有 {share}% 没有送出")

    def _release(self, session: Session) -> None:
        now = self.tools.clock.now()
        stop = self.stop or Stop(due_in=_BUSY_PAUSE)
        chunks.release(session, self.claim, now + stop.due_in)
        if stop.pause is not None:
            life.pause_by_itself(session, self.push.id, stop.pause, now)
            log.error("push_paused", push=self.push.id, reason=stop.pause)


@dataclass(frozen=True)
class _Begun:
    """What one transaction decided: when the first call may leave, which calls, who is to be
    begun again by another channel."""

    first_at: datetime
    prepared: Prepared = field(default_factory=lambda: Prepared([], []))
    stop: Stop | None = None
    further: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Loaded:
    """A claimed chunk: its push, the ids of those who wait, and whether a mass send is next."""

    push: Push
    rows: deque[int]
    for_mass: bool


def load(session: Session, claim: Claim) -> Loaded:
    """What a claim holds."""
    push = pushes.get(session, claim.push_id)
    if "mass" in push.channels and deliveries.pending_of(
        session, claim.push_id, claim.no, by_mass=True
    ):
        return Loaded(push, deque(), for_mass=True)
    rest = deliveries.pending_of(session, claim.push_id, claim.no, by_mass=False)
    return Loaded(push, deque(rest), for_mass=False)
