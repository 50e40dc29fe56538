"""Addressees: those of a claim who are called now, and what is known of them at that moment."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.hot import numbers, send
from loyalty.followers import Follower
from loyalty.ledger import PointsAccount
from loyalty.members import Member
from pushes import chunks
from pushes.chunks import Claim
from pushes.deliveries import Delivery


class Addressee(NamedTuple):
    """One recipient: his delivery first, then what follower, member and account say."""

    id: int
    openid: str
    member_id: int | None
    channel: str
    variant: int
    attempts: int
    subscribed: bool | None
    name: str | None
    state: str | None
    tier_level: int | None
    phone_sealed: str | None
    balance: int | None


def begin(session: Session, claim: Claim, ids: Sequence[int]) -> list[Addressee]:
    """Mark those of `ids` who still wait as `sending`, to be committed before their calls.

    Done a second time under the same claim it changes nothing, and finds the same: a commit whose
    answer was lost is repeated.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        rows = send(connection, _BEGIN, {"claim": claim.claim_no, "ids": numbers(ids)}).all()
        return [Addressee._make(row) for row in rows]
    chunks.begin(session, claim, ids)
    mine = Delivery.state == "sending", Delivery.claim_no == claim.claim_no
    query = _KNOWN.where(Delivery.id.in_(ids), *mine).order_by(Delivery.id)
    return [Addressee._make(row) for row in session.execute(query)]


_KNOWN = (
    select(
        Delivery.id,
        Delivery.openid,
        Delivery.member_id,
        Delivery.channel,
        Delivery.variant,
        Delivery.attempts,
        Follower.subscribed,
        Member.name,
        Member.state,
        Member.tier_level,
        Member.phone_sealed,
        PointsAccount.balance,
    )
    .outerjoin(Follower, Follower.openid == Delivery.openid)
    .outerjoin(Member, Member.id == Delivery.member_id)
    .outerjoin(PointsAccount, PointsAccount.member_id == Delivery.member_id)
)
# Both in one statement: the hottest of a push.
_BEGIN = """
WITH begun AS (
    UPDATE delivery SET state = 'sending', claim_no = %(claim)s,
        attempts = attempts + (state = 'pending')::int
    WHERE id = ANY(%(ids)s::bigint[])
        AND (state = 'pending' OR (state = 'sending' AND claim_no = %(claim)s))
    RETURNING id, openid, member_id, channel, variant, attempts
)
SELECT begun.*, f.subscribed, m.name, m.state, m.tier_level, m.phone_sealed, a.balance
FROM begun
LEFT JOIN follower f ON f.openid = begun.openid
LEFT JOIN member m ON m.id = begun.member_id
LEFT JOIN points_account a ON a.member_id = begun.member_id
ORDER BY begun.id
"""
