"""What must always hold of rewards and their orders."""

from loyalty.proofs import Proof

PROOFS: tuple[Proof, ...] = (
    Proof(
        "O1",
        "What is taken of a reward is the number of its standing orders, within the stock.",
        """
        SELECT r.id FROM reward r
        LEFT JOIN reward_order o
            ON o.reward_id = r.id AND o.state NOT IN ('cancelled', 'returned')
        GROUP BY r.id, r.taken, r.stock
        HAVING r.taken <> COUNT(o.id) OR r.taken > r.stock OR r.taken < 0
        """,
    ),
    Proof(
        "O2",
        "Every order was paid once, by its own member, with its own price.",
        """
        SELECT o.id FROM reward_order o
        LEFT JOIN points_entry e
            ON e.reference = CONCAT('reward:', o.no) AND e.kind = 'spend'
        GROUP BY o.id, o.points, o.member_id
        HAVING COUNT(e.id) <> 1 OR SUM(e.delta) <> -o.points OR MAX(e.member_id) <> o.member_id
        """,
    ),
    Proof(
        "O3",
        "An order is paid back if, and only if, it was cancelled or returned.",
        """
        SELECT o.id FROM reward_order o
        JOIN points_entry e ON e.reference = CONCAT('reward:', o.no) AND e.kind = 'spend'
        LEFT JOIN points_reversal v ON v.origin_id = e.id
        WHERE (o.state IN ('cancelled', 'returned') AND v.origin_id IS NULL)
            OR (o.state NOT IN ('cancelled', 'returned') AND v.origin_id IS NOT NULL)
        """,
    ),
    Proof(
        "O4",
        "No points were spent on an order that is not there.",
        """
        SELECT e.id FROM points_entry e
        LEFT JOIN reward_order o ON e.reference = CONCAT('reward:', o.no)
        WHERE e.kind = 'spend' AND e.reference LIKE 'reward:%' AND o.id IS NULL
        """,
    ),
    Proof(
        "O5",
        "A standing order takes up one of the member's pieces, any other none, and all cost.",
        """
        SELECT o.id FROM reward_order o JOIN reward r ON r.id = o.reward_id
        WHERE o.points <= 0 OR o.seq < 1 OR o.seq > r.per_member
            OR (o.seq IS NULL AND o.state NOT IN ('cancelled', 'returned'))
            OR (o.seq IS NOT NULL AND o.state IN ('cancelled', 'returned'))
        """,
    ),
    Proof(
        "O6",
        "Orders move by legal steps only, in an unbroken chain.",
        """
        SELECT b.order_id, b.seq FROM reward_order_event b
        LEFT JOIN reward_order_event a ON a.order_id = b.order_id AND a.seq = b.seq - 1
        WHERE (b.seq = 1 AND b.from_state IS NOT NULL)
            OR (b.seq > 1 AND (a.order_id IS NULL OR b.from_state IS NULL
                OR a.to_state <> b.from_state))
            OR NOT (
                (b.from_state IS NULL AND b.to_state IN ('placed', 'received'))
                OR (COALESCE(b.from_state, '') = 'placed'
                    AND b.to_state IN ('shipped', 'cancelled'))
                OR (COALESCE(b.from_state, '') = 'shipped'
                    AND b.to_state IN ('received', 'returned'))
                OR (COALESCE(b.from_state, '') = 'received' AND b.to_state = 'returned')
            )
        """,
    ),
    Proof(
        "O7",
        "The state of an order is that of its last event.",
        """
        SELECT o.id FROM reward_order o
        LEFT JOIN (
            SELECT order_id, MAX(seq) AS last_seq FROM reward_order_event GROUP BY order_id
        ) x ON x.order_id = o.id
        LEFT JOIN reward_order_event v ON v.order_id = x.order_id AND v.seq = x.last_seq
        WHERE v.to_state IS NULL OR v.to_state <> o.state
        """,
    ),
    Proof(
        "O8",
        "An order of a coupon holds a coupon of the reward's batch; any other holds none.",
        """
        SELECT o.id FROM reward_order o JOIN reward r ON r.id = o.reward_id
        LEFT JOIN coupon c ON c.id = o.coupon_id
        WHERE (r.kind = 'coupon' AND (c.id IS NULL OR c.batch_id <> r.batch_id))
            OR (r.kind <> 'coupon' AND o.coupon_id IS NOT NULL)
        """,
    ),
)
