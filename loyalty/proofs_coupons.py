"""What must always hold of batches, coupons, redemptions, codes and grants."""

from loyalty.proofs import Proof

PROOFS = (
    Proof(
        "C1",
        "A batch's shards hold its stock, and what they issued are its coupons, never more.",
        """
        SELECT b.id FROM coupon_batch b
        LEFT JOIN (
            SELECT batch_id, SUM(stock) AS stock, SUM(issued) AS issued,
                MAX(CASE WHEN issued > stock OR issued < 0 THEN 1 ELSE 0 END) AS torn
            FROM coupon_stock GROUP BY batch_id
        ) s ON s.batch_id = b.id
        LEFT JOIN (
            SELECT c.batch_id, COUNT(*) AS made,
                SUM(CASE WHEN v.returns_stock THEN 1 ELSE 0 END) AS returned
            FROM coupon c LEFT JOIN coupon_void v ON v.id = c.void_id GROUP BY c.batch_id
        ) n ON n.batch_id = b.id
        WHERE COALESCE(s.stock, -1) <> b.stock OR s.torn = 1
            OR COALESCE(s.issued, -1) <> COALESCE(n.made - n.returned, 0)
        """,
    ),
    Proof(
        "C2",
        "Nobody claimed more of a batch than the rule, in all or on one day of Shanghai.",
        """
        SELECT c.batch_id, c.member_id FROM coupon c JOIN coupon_batch b ON b.id = c.batch_id
        WHERE c.seq IS NOT NULL
        GROUP BY c.batch_id, c.member_id, b.per_member
        HAVING COUNT(*) > b.per_member OR MAX(c.seq) > b.per_member
        UNION ALL
        SELECT c.batch_id, c.member_id FROM coupon c JOIN coupon_batch b ON b.id = c.batch_id
        WHERE c.seq IS NOT NULL AND b.per_day > 0
        GROUP BY c.batch_id, c.member_id, b.per_day, SHDAY(c.claimed_at)
        HAVING COUNT(*) > b.per_day
        """,
    ),
    Proof(
        "C3",
        "A code is one coupon, and a fact gave one coupon.",
        """
        SELECT MIN(id) AS id FROM coupon GROUP BY code HAVING COUNT(*) > 1
        UNION ALL
        SELECT MIN(id) FROM coupon WHERE source_reference IS NOT NULL
        GROUP BY source_reference HAVING COUNT(*) > 1
        """,
    ),
    Proof(
        "C4",
        "A used coupon has one redemption that stands, any other coupon none.",
        """
        SELECT c.id FROM coupon c LEFT JOIN redemption r ON r.standing_coupon_id = c.id
        GROUP BY c.id, c.state
        HAVING (c.state = 'used' AND COUNT(r.id) <> 1) OR (c.state <> 'used' AND COUNT(r.id) <> 0)
        """,
    ),
    Proof(
        "C5",
        "A coupon is used within its life, at the instant of its redemption.",
        """
        SELECT c.id FROM coupon c LEFT JOIN redemption r ON r.standing_coupon_id = c.id
        WHERE c.state = 'used' AND (c.used_at IS NULL OR c.used_at < c.claimed_at
            OR c.used_at < c.valid_from OR c.used_at >= c.valid_until
            OR c.used_at <> r.redeemed_at)
        UNION ALL
        SELECT id FROM coupon WHERE state <> 'used' AND used_at IS NOT NULL
        """,
    ),
    Proof(
        "C6",
        "A coupon is issued within its batch's window.",
        """
        SELECT c.id FROM coupon c JOIN coupon_batch b ON b.id = c.batch_id
        WHERE c.claimed_at < b.starts_at OR c.claimed_at >= b.ends_at
        """,
    ),
    Proof(
        "C7",
        "An order takes coupons of one member only.",
        """
        SELECT order_reference FROM coupon WHERE order_reference IS NOT NULL
        GROUP BY order_reference HAVING COUNT(DISTINCT member_id) > 1
        """,
    ),
    Proof(
        "C8",
        "A redemption names staff and branch, or its order.",
        """
        SELECT id FROM redemption
        WHERE (channel = 'counter' AND (staff_id IS NULL OR branch = ''))
            OR (channel = 'order' AND order_reference IS NULL)
            OR channel NOT IN ('counter', 'order')
        """,
    ),
    Proof(
        "C9",
        "What holds a coupon is an order with an end; a coupon that is free has no order.",
        """
        SELECT id FROM coupon
        WHERE (state = 'locked' AND (order_reference IS NULL OR locked_until IS NULL))
            OR (state IN ('available', 'void') AND order_reference IS NOT NULL)
            OR (state <> 'locked' AND locked_until IS NOT NULL)
            OR state NOT IN ('available', 'locked', 'used', 'void')
        """,
    ),
    Proof(
        "C10",
        "A redemption counts unless it is undone, and stands for its own coupon.",
        """
        SELECT r.id FROM redemption r LEFT JOIN redemption_undo u ON u.redemption_id = r.id
        WHERE (r.standing_coupon_id IS NULL AND u.redemption_id IS NULL)
            OR (r.standing_coupon_id IS NOT NULL AND u.redemption_id IS NOT NULL)
            OR r.standing_coupon_id <> r.coupon_id
        """,
    ),
    Proof(
        "C11",
        "A bought coupon was paid once with its price; taken back by us, its points came back.",
        """
        SELECT c.id FROM coupon c
        LEFT JOIN points_entry e
            ON e.reference = CONCAT('coupon:', c.code) AND e.kind = 'spend'
        LEFT JOIN points_reversal v ON v.origin_id = e.id
        WHERE c.paid_points > 0 AND (e.id IS NULL OR e.delta <> -c.paid_points
            OR (c.void_id IS NOT NULL AND v.origin_id IS NULL)
            OR (c.state <> 'void' AND v.origin_id IS NOT NULL))
        """,
    ),
    Proof(
        "C12",
        "Each coupon of a pool has a code of that pool, and the stock is the pool.",
        """
        SELECT c.id FROM coupon c JOIN coupon_batch b ON b.id = c.batch_id
        LEFT JOIN partner_code p ON p.coupon_id = c.id
        WHERE b.kind = 'partner' AND (p.id IS NULL OR p.batch_id <> c.batch_id)
        UNION ALL
        SELECT b.id FROM coupon_batch b
        LEFT JOIN (SELECT batch_id, COUNT(*) AS codes FROM partner_code GROUP BY batch_id) p
            ON p.batch_id = b.id
        WHERE b.kind = 'partner' AND b.stock <> COALESCE(p.codes, 0)
        """,
    ),
    Proof(
        "C13",
        "A member of a grant has its coupon where the report says so, and only there.",
        """
        SELECT g.grant_id, g.member_id FROM coupon_grant_row g
        LEFT JOIN coupon c
            ON c.source_reference = CONCAT('grant:', g.grant_id, ':', g.member_id)
        WHERE (g.verdict = 'given' AND c.id IS NULL) OR (g.verdict <> 'given' AND c.id IS NOT NULL)
        """,
    ),
    Proof(
        "C14",
        "A coupon that was taken back by a decision is void.",
        "SELECT id FROM coupon WHERE void_id IS NOT NULL AND state <> 'void'",
    ),
)
