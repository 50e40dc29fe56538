"""Actors and timed jobs on a real database, with a queue in a list and a pretended channel."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from content.reviews import Hand
from handlers.actors import ACTORS
from handlers.jobs import JOBS
from handlers.tools import Tools
from kernel.db import Database
from kernel.operators import Operator
from kernel.outcomes import Outcome
from kernel.sms import Sms
from kernel.vault import Vault
from loyalty import followers
from loyalty.members import Member
from pushes import chunks, drafts, life, pushes
from pushes.clicks import Links
from pushes.deliveries import Delivery
from pushes.drafts import Form
from pushes.pushes import Push
from pushes.settings import PushRules
from tests.world import NOON, MovableClock

SENT = Outcome("sent", message_id=34182)


class Killed(BaseException):
    """The process is gone at this very line."""


@dataclass
class Channel:
    """Takes mass sends: `answers` in their order, then SENT."""

    answers: list[Outcome | type[Killed]] = field(default_factory=list)
    calls: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send_to_many(
        self, openids: Sequence[str], body: dict[str, Any], client_msg_id: str
    ) -> Outcome:
        """One call of the platform."""
        with self.lock:
            self.calls.append((client_msg_id, tuple(openids)))
            answer = self.answers.pop(0) if self.answers else SENT
        if isinstance(answer, type):
            raise answer
        return answer

    def send_to_tag(self, tag_id: int, body: dict[str, Any], client_msg_id: str) -> Outcome:
        """One call of the platform, for everybody with the tag."""
        return self.send_to_many([f"tag:{tag_id}"], body, client_msg_id)

    @property
    def reached(self) -> Counter[str]:
        """How often each openid was handed to the platform."""
        return Counter(openid for _, openids in self.calls for openid in openids)

    @property
    def sizes(self) -> list[int]:
        """How many recipients each call had."""
        return [len(openids) for _, openids in self.calls]


@dataclass
class Texts:
    """Takes short messages; `fails` is raised instead, when set."""

    sent: list[tuple[str, Sms]] = field(default_factory=list)
    fails: BaseException | None = None

    def send(self, phone: str, message: Sms) -> None:
        """One call of the provider."""
        self.sent.append((phone, message))
        if self.fails is not None:
            raise self.fails


@dataclass
class House:
    """What actors and jobs work with, and what a test looks at."""

    database: Database
    clock: MovableClock
    chunk: int = 3
    rules: PushRules = field(default_factory=PushRules)
    lane: Any = None
    form: Form | None = None
    channel: Channel = field(default_factory=Channel)
    texts: Texts = field(default_factory=Texts)
    waiting: list[tuple[str, int]] = field(default_factory=list)
    vault: Vault = field(default_factory=lambda: Vault({"k1": b"k" * 32}, b"l" * 32))

    @property
    def tools(self) -> Tools:
        """The tools of one process."""
        return Tools(
            self.database,
            self.clock,
            self.vault,
            self.texts,
            self.channel,
            self.put,
            Links("https://hall.example", self.vault.digest),
            lambda kind: self.lane,
            replace(self.rules, mass_chunk=self.chunk),
        )

    def put(self, name: str, item_id: int, /) -> bool:
        """The queue."""
        self.waiting.append((name, item_id))
        return True

    def tick(self) -> None:
        """Every timed job once, in the order of the table."""
        for _, run in JOBS.values():
            run(self.tools)

    def work(self, most: int = 100) -> None:
        """One worker empties the queue."""
        while self.waiting:
            name, item_id = self.waiting.pop(0)
            assert most, "the queue never gets empty"
            most -= 1
            ACTORS[name](self.tools, item_id)

    def settle_everything(self, seconds: float = 31) -> None:
        """Let leases run out and everybody do what is due, until nothing moves."""
        for _ in range(4):
            self.clock.move(seconds=seconds)
            self.tick()
            self.work()

    def do(self, act: Callable[[Session], object]) -> None:
        """One transaction."""
        self.database.transaction(act)

    def audience(self, count: int, unsubscribed: int = 0) -> list[str]:
        """Members who follow; the last ones have left again. Returns who follows."""
        openids = [f"oMember-{number:04d}" for number in range(count + unsubscribed)]

        def join(session: Session) -> None:
            for number, openid in enumerate(openids):
                followers.follow(session, openid, NOON)
                session.add(member(number, openid))
            for openid in openids[count:]:
                followers.unfollow(session, openid, self.clock.now())

        self.do(join)
        return openids[:count]

    def approved(self) -> int:
        """A push of author 1 that operator 2 has approved."""

        def write(session: Session) -> int:
            form = self.form or drafts.text_form("端午", "端午安康")
            push = drafts.write(session, form, Hand(1, self.clock.now()))
            life.submit(session, push.id, Hand(1, self.clock.now()))
            life.approve(session, push.id, Hand(2, self.clock.now()))
            if push.send_at is None:
                life.schedule(session, push.id, None, Hand(2, self.clock.now()))
            return push.id

        return self.database.transaction(write)

    def push(self, push_id: int) -> Push:
        """The push as it stands."""
        return self.database.read(lambda session: pushes.get(session, push_id))

    def counts(self, push_id: int) -> dict[str, int]:
        """Recipients by state."""

        def count(session: Session) -> dict[str, int]:
            return chunks.by_state(chunks.progress(session, pushes.get(session, push_id)))

        return self.database.read(count)

    def rows(self, push_id: int) -> list[Delivery]:
        """Every recipient's row."""
        query = select(Delivery).where(Delivery.push_id == push_id).order_by(Delivery.id)
        return self.database.read(lambda session: list(session.scalars(query)))


def member(number: int, openid: str) -> Member:
    """A member without a readable phone."""
    return Member(
        openid=openid,
        name=f"会员{number}",
        phone_sealed=f"k1:{number}",
        phone_digest=f"{number:064d}",
        phone_hint="138****0000",
        channel="site",
        registered_at=NOON,
    )


def operators(session: Session) -> None:
    """Author 1 and approver 2; nobody signs in."""
    session.execute(
        insert(Operator),
        [
            {
                "id": number,
                "login": login,
                "name": login,
                "role": login,
                "password_hash": "-",
                "active": True,
                "created_at": NOON,
            }
            for number, login in ((1, "marketer"), (2, "approver"))
        ],
    )


def set_state(session: Session, push_id: int, **values: object) -> None:
    """Change a push behind everybody's back."""
    session.execute(update(Push).where(Push.id == push_id).values(**values))
