"""An ordinary claim in one statement, where the database can: it judges, writes, and says so.

It knows the conditions that the tables answer by themselves and writes the rows that the steps of
`claims` put down one by one. Where it writes nothing, the steps find out why, and refuse. Tests
hold the two together: each condition of `claim_conditions` refuses here too.
"""

from datetime import datetime
from typing import Any

from psycopg.errors import DivisionByZero
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.clock import business_day, day_window
from kernel.hot import is_alone, send, send_alone
from loyalty import coupon_validity

# The first insert decides the race of a member with himself: a number that stands returns no row,
# and the later parts, which select from it, write nothing. The hot stock row comes after it. A
# statement that is alone has nobody to undo it: without stock it divides by nothing instead.
_CLAIM = """
WITH fit AS (
    SELECT b.*, (
        SELECT COUNT(c.seq) FROM coupon c WHERE c.batch_id = b.id AND c.member_id = m.id
    ) AS held, (
        SELECT s.shard FROM coupon_stock s WHERE s.batch_id = b.id AND s.issued < s.stock
        ORDER BY random() LIMIT 1
    ) AS dealt
    FROM coupon_batch b JOIN member m ON m.id = %(member_id)s
    WHERE b.id = %(batch_id)s AND b.state = 'open'
        AND b.starts_at <= %(at)s AND b.ends_at > %(at)s
        AND (b.validity <> 'fixed' OR b.fixed_until > %(at)s)
        AND m.state = 'active' AND m.tier_level >= b.min_tier
        AND b.needs_tag = '' AND b.rule IS NULL AND b.phrase_digest = ''
        AND b.price_points = 0 AND b.kind <> 'partner'
        AND (b.channels::jsonb = '[]' OR jsonb_exists(b.channels::jsonb, %(source)s))
        AND (b.per_day = 0 OR b.per_day > (
            SELECT COUNT(c.seq) FROM coupon c WHERE c.batch_id = b.id AND c.member_id = m.id
                AND c.claimed_at >= %(day_start)s AND c.claimed_at < %(day_end)s
        ))
), mine AS (
    INSERT INTO coupon (batch_id, member_id, seq, code, state, source, paid_points, claimed_at,
        valid_from, valid_until)
    SELECT id, %(member_id)s, held + 1, %(code)s, 'available', %(source)s, 0, %(at)s,
        CASE validity WHEN 'fixed' THEN GREATEST(fixed_from, %(at)s)
            WHEN 'next_days' THEN %(day_end)s ELSE %(at)s END,
        CASE validity WHEN 'fixed' THEN fixed_until WHEN 'month_end' THEN %(month_end)s
            WHEN 'next_days' THEN %(day_end)s + valid_days * interval '24 hours'
            ELSE %(at)s + valid_days * interval '24 hours' END
    FROM fit WHERE held < per_member AND dealt IS NOT NULL
    ON CONFLICT (batch_id, member_id, seq) DO NOTHING
    RETURNING id, seq, valid_from, valid_until
), taken AS (
    UPDATE coupon_stock SET issued = issued + 1
    WHERE batch_id = %(batch_id)s AND shard = (SELECT dealt FROM fit) AND issued < stock
        AND EXISTS (SELECT 1 FROM mine)
    RETURNING shard
), noted AS (
    INSERT INTO activity (at, kind, member_id, facts)
    SELECT %(at)s, 'coupon.claimed', %(member_id)s, %(facts)s FROM taken
)
SELECT id, seq, valid_from, valid_until, (SELECT COUNT(*) FROM taken),
    CASE WHEN %(alone)s THEN 1 / (SELECT COUNT(*) FROM taken) END FROM mine
"""


def claim(
    session: Session, row: dict[str, Any], at: datetime
) -> tuple[dict[str, Any], bool] | None:
    """The columns that the database made and whether stock was had; None for no ordinary claim.

    `row` holds `batch_id`, `member_id`, `code` and `source`. Without stock the coupon's row stands
    and its activity does not: the caller looks for another shard.
    """
    start, end = day_window(business_day(at))
    asked = {
        **row,
        "at": at,
        "day_start": start,
        "day_end": end,
        "month_end": coupon_validity.month_end(at),
        "facts": {"batch_id": row["batch_id"]},
    }
    found = _send(session, asked)
    if found is None:
        return None
    coupon_id, seq, valid_from, valid_until, taken, _ = found
    made = {"id": coupon_id, "seq": seq, "valid_from": valid_from, "valid_until": valid_until}
    return made, bool(taken)


def _send(session: Session, asked: dict[str, Any]) -> Any:
    connection = session.connection()
    if not is_alone(session, connection):
        return send(connection, _CLAIM, {**asked, "alone": False}).first()
    try:
        return send_alone(connection, _CLAIM, {**asked, "alone": True}).first()
    except DBAPIError as error:
        if isinstance(error.orig, DivisionByZero):
            return None  # the shard ran dry; the steps look for another
        raise
