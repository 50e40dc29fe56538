"""`python -m tests.chaos.push KIND PEOPLE`: a push among kills, lost data and a rude platform.

Prints what was done and what came of it, and ends with 1 when somebody got it twice, was lost in
silence, or stands in the books for what did not happen.
"""

import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from content.reviews import Hand
from kernel.db import Database
from loyalty.followers import Follower
from loyalty.members import Member
from pushes import chunks, drafts, life, pushes
from pushes.credits import NoticeCredit
from pushes.deliveries import Delivery
from pushes.pushes import Push
from tests.chaos.house import House, built
from tests.chaos.wechat import TEMPLATE, openid
from tests.databases import make_database
from tests.jobs.house import member, operators

_MOST_SECONDS = 600


@dataclass(frozen=True)
class Finding:
    """What a run came to: who stands where, and what WeChat says that each really got."""

    state: str
    reason: str | None
    counts: dict[str, int]
    reasons: dict[str, int]
    twice: int
    sent_but_not_got: int
    got_but_not_said: int
    kills: int
    done: dict[str, int]
    seconds: float

    @property
    def is_well(self) -> bool:
        """Nobody twice, nobody lost, nothing said that is not so."""
        settled = not self.counts.get("pending") and not self.counts.get("sending")
        explained = sum(self.reasons.values()) == self.counts.get("unknown", 0)
        wrong = self.twice + self.sent_but_not_got + self.got_but_not_said
        return self.state == "finished" and settled and explained and wrong == 0


def run(
    database: Database,
    folder: Path,
    people: int,
    *,
    every: float = 1.0,
    breaking: float = 60.0,
    outage: bool = True,
) -> Finding:
    """Send one push to so many followers while everything breaks."""
    database.transaction(operators)
    populate(database, people)
    began = time.monotonic()
    with built(database, folder, people) as house:
        push_id = database.transaction(plan)
        house.open(3)

        def is_over() -> bool:
            return _push(database, push_id).state not in {"scheduled", "running", "paused"}

        done = _break(house, push_id, is_over, (every, breaking, outage))
        _wait(house, push_id, is_over)
        kills = house.processes.kills
    got = json.loads((folder / "got.json").read_text())
    return _judge(database, push_id, got, (kills, Counter(done), time.monotonic() - began))


def populate(database: Database, people: int) -> None:
    """So many members who follow and allow one notice without end."""
    at = datetime.now(UTC)
    for first in range(0, people, 1000):
        numbers = range(first, min(first + 1000, people))
        with database.engine.begin() as connection:
            connection.execute(insert(Follower), [
                {"openid": openid(n), "subscribed": True, "followed_at": at, "changed_at": at,
                 "created_at": at} for n in numbers
            ])  # fmt: skip
            connection.execute(insert(Member), [_member(n) for n in numbers])
            connection.execute(insert(NoticeCredit), [
                {"key": f"{openid(n)}:{TEMPLATE}", "openid": openid(n), "template_id": TEMPLATE,
                 "credits": -1, "changed_at": at} for n in numbers
            ])  # fmt: skip


def _member(number: int) -> dict[str, Any]:
    made = member(number, openid(number))
    columns = ("openid", "name", "phone_sealed", "phone_digest", "phone_hint", "channel",
               "registered_at")  # fmt: skip
    return {**{name: getattr(made, name) for name in columns}, "state": "active",
            "tier_level": 0, "wants_check_in_reminder": False}  # fmt: skip


def plan(session: Any) -> int:
    """A push to all members whose time has come."""
    hand, other = Hand(1, datetime.now(UTC)), Hand(2, datetime.now(UTC))
    data = {"thing1": "中秋", "date2": "2026年9月25日", "thing3": "中秋安康"}
    contents = {"notice": {"template_id": TEMPLATE, "data": data}}
    form = drafts.Form("中秋", ["notice"], [{"share": 100, "contents": contents}])
    push = drafts.write(session, form, hand)
    life.submit(session, push.id, hand)
    reason = "演练"
    life.approve(session, push.id, other, reason)
    life.schedule(session, push.id, None, other)
    return push.id


def _push(database: Database, push_id: int) -> Push:
    return database.read(lambda session: pushes.get(session, push_id))


def _break(
    house: House, push_id: int, is_over: Any, knobs: tuple[float, float, bool]
) -> list[str]:
    every, seconds, outage = knobs

    def over() -> bool:
        _let_go_on(house.database, push_id)
        return bool(is_over())

    return house.break_things(every, seconds, outage=outage, over=over)


def _let_go_on(database: Database, push_id: int) -> None:
    """What a person on duty does when the platform refused the account for a moment."""
    if _push(database, push_id).state == "paused":
        hand = Hand(2, datetime.now(UTC))
        database.transaction(lambda session: life.resume(session, push_id, hand))


def _wait(house: House, push_id: int, is_over: Any) -> None:
    until = time.monotonic() + _MOST_SECONDS
    while not is_over() and time.monotonic() < until:
        _let_go_on(house.database, push_id)
        time.sleep(0.5)


def _judge(database: Database, push_id: int, got: dict[str, int], told: Any) -> Finding:
    kills, done, seconds = told
    push = _push(database, push_id)
    rows = database.read(
        lambda session: session.execute(
            select(Delivery.openid, Delivery.state, Delivery.reason).where(
                Delivery.push_id == push_id
            )
        ).all()
    )
    counted = database.read(lambda session: chunks.by_state(chunks.progress(session, push)))
    counts = Counter(row.state for row in rows)
    assert counted == dict(counts), (counted, counts)
    unsaid = {"pending", "failed", "skipped"}
    return Finding(
        push.state,
        push.reason,
        dict(counts),
        dict(Counter(row.reason for row in rows if row.state == "unknown" and row.reason)),
        sum(times > 1 for times in got.values()),
        sum(row.state == "sent" and not got.get(row.openid) for row in rows),
        sum(row.state in unsaid and bool(got.get(row.openid)) for row in rows),
        kills,
        dict(done),
        round(seconds, 1),
    )


def main(kind: str, people: int) -> int:
    """One run on one kind of database."""
    with (
        tempfile.TemporaryDirectory(prefix="weiting-chaos-") as folder,
        make_database(kind, "chaos", Path(folder)) as database,
    ):
        found = run(database, Path(folder), people)
    for name, value in found.__dict__.items():
        sys.stdout.write(f"{name:18} {value}\n")
    sys.stdout.write(f"{kind}: {'well' if found.is_well else 'BROKEN'}\n")
    return 0 if found.is_well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
