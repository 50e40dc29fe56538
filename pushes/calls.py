"""Calls: what is about to leave for the recipients of a claim, and who is left out at the door.

The snapshot may be days old: whoever has left, was blocked or took his consent back since then is
found here, in the transaction that marks the others as being sent.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from loyalty import consents, tier_ladder
from loyalty.members import LIVE
from pushes import bodies
from pushes.addressees import Addressee
from pushes.channels import Call
from pushes.clicks import Links
from pushes.deliveries import Settled
from pushes.messages import Reader
from pushes.pushes import Push


@dataclass(frozen=True)
class Desk:
    """What the making of calls needs besides the rows."""

    push: Push
    links: Links
    signature: str
    tiers: Mapping[int, str]
    # Channels by which nothing leaves now.
    stopped: Collection[str] = ()

    @cached_property
    def named(self) -> str:
        """How the names of calls begin; WeChat refuses a second template message of one name for
        10 minutes. It holds the push's birth, so that it stays new after a database was reset.
        """
        return f"{self.push.id}-{int(self.push.created_at.timestamp())}-"


@dataclass(frozen=True)
class Prepared:
    """Calls to make, and what became of those for whom none is made."""

    calls: list[Call]
    settled: list[Settled]


def prepare(session: Session, desk: Desk, addressees: Sequence[Addressee]) -> Prepared:
    """The calls to those who were marked as being sent."""
    agreed = _agreed(session, desk.push, addressees)
    calls, settled = [], []
    for row in addressees:
        if row.channel in desk.stopped:
            settled.append(Settled(row.id, "pending", row.channel))
        elif why := _why_not(row, desk.push, agreed):
            settled.append(_left_out(desk.push, row, why))
        else:
            calls.append(_call(desk, row, _reader(desk, row)))
    return Prepared(calls, settled)


def _agreed(session: Session, push: Push, rows: Sequence[Addressee]) -> set[int]:
    texted = [row.member_id for row in rows if row.channel == "sms" and row.member_id]
    if not texted or push.service:
        return set(texted)
    holders = consents.holders("marketing").where(consents.Consent.member_id.in_(texted))
    return set(session.scalars(holders))


def _why_not(row: Addressee, push: Push, agreed: set[int]) -> str | None:
    if row.member_id is not None and row.state not in LIVE:
        return "gone"
    if row.state == "blocked":
        return "blocked"
    if row.channel == "sms":
        if not row.phone_sealed:
            return "no_phone"
        return None if push.service or row.member_id in agreed else "no_consent"
    if row.channel == "notice" or row.subscribed:
        return None  # a subscription notice reaches those who left as well
    return "unfollowed"


def _left_out(push: Push, row: Addressee, why: str) -> Settled:
    if why not in {"gone", "blocked"} and (further := next_channel(push, row.channel)):
        return Settled(row.id, "pending", further)
    return Settled(row.id, "skipped", row.channel, why)


def next_channel(push: Push, channel: str) -> str | None:
    """The channel after one that did not reach somebody; a mass send cannot be joined late."""
    later = push.channels[push.channels.index(channel) + 1 :]
    return next((name for name in later if name != "mass"), None)


def tiers_of(session: Session) -> dict[int, str]:
    """The names of tiers by level."""
    return {tier.level: tier.name for tier in tier_ladder.every(session)}


def _reader(desk: Desk, row: Addressee) -> Reader:
    return Reader(
        row.name or "会员",
        desk.tiers.get(row.tier_level or 0, tier_ladder.GROUND_NAME),
        row.balance or 0,
        desk.links.of_delivery(desk.push, row.id),
    )


def _call(desk: Desk, row: Addressee, reader: Reader) -> Call:
    content = desk.push.variants[row.variant]["contents"][row.channel]
    to = row.openid if row.channel != "sms" else row.phone_sealed or ""
    body = _BODIES[row.channel](desk, content, reader, row.id)
    return Call(row.id, row.channel, to, body, row.attempts)


_BODIES: dict[str, Callable[[Desk, Any, Reader, int], dict[str, Any]]] = {
    "customer": lambda _desk, content, reader, _id: bodies.customer(content, reader),
    "notice": lambda _desk, content, reader, _id: bodies.notice(content, reader),
    "template": lambda desk, content, reader, delivery_id: bodies.template(
        content, reader, f"{desk.named}{delivery_id}"
    ),
    "sms": lambda desk, content, reader, _id: bodies.sms(
        content, reader, desk.signature, desk.push.service
    ),
}
