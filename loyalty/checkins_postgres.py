"""The rows of a check-in in one statement, where the database can: many round trips become one.

The same rows as `checkins._write` puts down step by step; a test compares the two.
"""

from typing import Any

from sqlalchemy.orm import Session

from kernel.db import TryAgain
from kernel.hot import send
from loyalty.ledger import Account
from loyalty.points import Credit

# The first insert decides the race: when the day stands already it returns no row, and every
# later part, which selects from the one before, writes nothing. The account must still be the
# one whose streak was read: a make-up in between, or another host at another day, changes
# `streak_version`.
_WRITE = """
WITH done AS (
    INSERT INTO check_in (member_id, day, kind, streak, points, cost, created_at)
    VALUES (%(member_id)s, %(day)s, %(kind)s, %(streak)s, %(points)s, 0, %(created_at)s)
    ON CONFLICT (member_id, day) DO NOTHING RETURNING id
), moved AS (
    UPDATE points_account SET balance = balance + %(points)s,
        qualified = qualified + %(points)s, streak_version = streak_version + 1
    WHERE member_id = %(member_id)s AND streak_version = %(streak_version)s
        AND EXISTS (SELECT 1 FROM done)
    RETURNING balance, debt, qualified
), entered AS (
    INSERT INTO points_entry
        (member_id, kind, delta, balance_after, reference, note, created_at)
    SELECT %(member_id)s, 'earn', one.delta, balance - %(points)s + one.run, one.reference,
        one.note, %(created_at)s
    FROM moved, unnest(%(deltas)s::bigint[], %(runs)s::bigint[], %(references)s::text[],
        %(notes)s::text[]) AS one (delta, run, reference, note)
    ORDER BY one.run RETURNING id, delta
), lot AS (
    INSERT INTO points_lot (member_id, entry_id, amount, remaining, expires_at)
    SELECT %(member_id)s, id, delta, delta, %(expires_at)s FROM entered
), noted AS (
    INSERT INTO activity (at, kind, openid, member_id, facts)
    SELECT %(created_at)s, 'check_in', %(openid)s, %(member_id)s, %(facts)s FROM moved
)
SELECT (SELECT COUNT(*) FROM done), balance, debt, qualified
FROM (SELECT 1) AS always LEFT JOIN moved ON TRUE
"""


def write(
    session: Session, row: dict[str, Any], credits: list[Credit], extras: dict[str, Any]
) -> Account | None:
    """Write one check-in; the new account, or None when the day has one already.

    Raises TryAgain when the member's streaks were rebuilt since they were read.
    """
    runs = [sum(one.points for one in credits[: n + 1]) for n in range(len(credits))]
    parameters = {
        **row,
        **extras,
        "deltas": [one.points for one in credits],
        "runs": runs,
        "references": [one.reference for one in credits],
        "notes": [one.note for one in credits],
        "facts": {"streak": row["streak"], "points": row["points"]},
    }
    written, *account = send(session.connection(), _WRITE, parameters).first()
    if not written:
        return None
    if account[0] is None:
        raise TryAgain
    return Account(*account)
