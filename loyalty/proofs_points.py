"""What must always hold of points: balance, entries and lots are three views of one thing."""

from loyalty.proofs import Proof

PROOFS = (
    Proof(
        "L1",
        "An account's balance is the sum of its entries.",
        """
        SELECT a.member_id FROM points_account a
        LEFT JOIN points_entry e ON e.member_id = a.member_id
        GROUP BY a.member_id, a.balance HAVING a.balance <> COALESCE(SUM(e.delta), 0)
        """,
    ),
    Proof(
        "L2",
        "An account's balance is what is left in its lots.",
        """
        SELECT a.member_id FROM points_account a
        LEFT JOIN points_lot l ON l.member_id = a.member_id
        GROUP BY a.member_id, a.balance HAVING a.balance <> COALESCE(SUM(l.remaining), 0)
        """,
    ),
    Proof(
        "L3",
        "No balance is below zero, now or at any entry of the past.",
        """
        SELECT member_id FROM points_account WHERE balance < 0 OR debt < 0 OR qualified < 0
        UNION ALL SELECT member_id FROM points_entry WHERE balance_after < 0
        """,
    ),
    Proof(
        "L4",
        "Each entry goes on from the balance of the one before it.",
        """
        SELECT id, member_id FROM (
            SELECT id, member_id, balance_after,
                SUM(delta) OVER (PARTITION BY member_id ORDER BY id) AS run FROM points_entry
        ) x WHERE balance_after <> run
        """,
    ),
    Proof(
        "L5",
        "No entry without an account, no lot or lot use without its entry.",
        """
        SELECT 'entry' AS what, e.id FROM points_entry e
        LEFT JOIN points_account a ON a.member_id = e.member_id WHERE a.member_id IS NULL
        UNION ALL SELECT 'lot', l.id FROM points_lot l
        LEFT JOIN points_entry e ON e.id = l.entry_id
        WHERE e.id IS NULL OR e.member_id <> l.member_id OR e.delta <> l.amount
        UNION ALL SELECT 'use', u.lot_id FROM lot_use u
        LEFT JOIN points_entry e ON e.id = u.entry_id
        LEFT JOIN points_lot l ON l.id = u.lot_id WHERE e.id IS NULL OR l.id IS NULL
        """,
    ),
    Proof(
        "L6",
        "Every credit opened exactly one lot, except a refund, which opened none.",
        """
        SELECT e.id FROM points_entry e LEFT JOIN points_lot l ON l.entry_id = e.id
        WHERE e.delta > 0 GROUP BY e.id, e.kind
        HAVING COUNT(l.id) <> CASE WHEN e.kind = 'reverse' THEN 0 ELSE 1 END
        """,
    ),
    Proof(
        "L7",
        "Every debit and every refund is covered by lot uses, point by point.",
        """
        SELECT e.id FROM points_entry e LEFT JOIN lot_use u ON u.entry_id = e.id
        WHERE e.delta < 0 OR e.kind = 'reverse'
        GROUP BY e.id, e.delta HAVING -e.delta <> COALESCE(SUM(u.amount), 0)
        """,
    ),
    Proof(
        "L8",
        "What is left of a lot is its amount less its uses.",
        """
        SELECT l.id FROM points_lot l LEFT JOIN lot_use u ON u.lot_id = l.id
        GROUP BY l.id, l.amount, l.remaining
        HAVING l.remaining <> l.amount - COALESCE(SUM(u.amount), 0)
            OR l.remaining < 0 OR l.remaining > l.amount
        """,
    ),
    Proof(
        "L9",
        "A lot is used by its own member only.",
        """
        SELECT u.entry_id, u.lot_id FROM lot_use u
        JOIN points_entry e ON e.id = u.entry_id JOIN points_lot l ON l.id = u.lot_id
        WHERE e.member_id <> l.member_id
        """,
    ),
    Proof(
        "L10",
        "Nobody spent from a lot while one that expires sooner still held points.",
        """
        SELECT u.entry_id, late.id AS late_lot, early.id AS early_lot FROM lot_use u
        JOIN points_entry e ON e.id = u.entry_id AND e.kind IN ('spend', 'repay')
        JOIN points_lot late ON late.id = u.lot_id
        JOIN points_lot early ON early.member_id = late.member_id
            AND early.expires_at < late.expires_at AND early.expires_at > e.created_at
            AND early.entry_id < e.id
        LEFT JOIN lot_use past ON past.lot_id = early.id AND past.entry_id <= e.id
        GROUP BY u.entry_id, late.id, early.id, early.amount
        HAVING early.amount > COALESCE(SUM(past.amount), 0)
        """,
    ),
    Proof(
        "L11",
        "One fact is one entry.",
        """
        SELECT MIN(id) AS id FROM points_entry GROUP BY reference HAVING COUNT(*) > 1
        """,
    ),
    Proof(
        "L12",
        "A reversal accounts for every point of its entry, of the same member, once.",
        """
        SELECT r.origin_id FROM points_reversal r
        LEFT JOIN points_entry o ON o.id = r.origin_id
        LEFT JOIN points_entry e ON e.id = r.entry_id
        WHERE o.id IS NULL OR o.member_id <> r.member_id
            OR ABS(o.delta) <> r.moved + r.expired + r.owed + r.forgiven
            OR (r.moved > 0 AND (e.id IS NULL OR e.member_id <> o.member_id
                OR e.kind <> 'reverse' OR ABS(e.delta) <> r.moved OR e.delta * o.delta > 0
                OR e.id <= o.id))
            OR (r.moved = 0 AND r.entry_id IS NOT NULL)
        UNION ALL SELECT e.id FROM points_entry e
        LEFT JOIN points_reversal r ON r.entry_id = e.id
        WHERE e.kind = 'reverse' AND r.origin_id IS NULL
        """,
    ),
    Proof(
        "L13",
        "No lot keeps points more than a day past its date.",
        """
        SELECT id FROM points_lot WHERE remaining > 0 AND expires_at < DAYAGO(:now)
        """,
    ),
    Proof(
        "L14",
        "A correction by hand names its operator, and a large one two people.",
        """
        SELECT id FROM points_entry WHERE kind = 'adjust' AND operator_id IS NULL
        UNION ALL SELECT a.id FROM points_adjustment a
        LEFT JOIN points_entry e ON e.reference = CONCAT('adjust:', a.id)
        WHERE (a.state = 'applied' AND (e.id IS NULL OR e.delta <> a.delta
                OR e.member_id <> a.member_id))
            OR (a.state <> 'applied' AND e.id IS NOT NULL)
            OR (a.state = 'applied' AND a.needs_second AND a.decided_by IS NULL)
            OR a.decided_by = a.proposed_by
        """,
    ),
    Proof(
        "L15",
        "No entry moves nothing, or lies in the future.",
        """
        SELECT id FROM points_entry WHERE delta = 0 OR created_at > SOON(:now)
        """,
    ),
    Proof(
        "L16",
        "What a member owes is what was clawed back in vain and not repaid since.",
        """
        SELECT MIN(x.member_id) AS member_id FROM (
            SELECT member_id, debt AS points FROM points_account
            UNION ALL SELECT member_id, -owed FROM points_reversal
            UNION ALL SELECT member_id, -delta FROM points_entry WHERE kind = 'repay'
            UNION ALL SELECT member_id, -points FROM points_debt_move
        ) x GROUP BY x.member_id HAVING SUM(x.points) <> 0
        """,
    ),
    Proof(
        "L17",
        "Nobody owes points while he holds some that are still worth something.",
        """
        SELECT DISTINCT a.member_id FROM points_account a
        JOIN points_lot l ON l.member_id = a.member_id
        WHERE a.debt > 0 AND l.remaining > 0 AND l.expires_at > :now
        """,
    ),
    Proof(
        "L18",
        "Pending points are given exactly when they are released.",
        """
        SELECT p.id FROM points_pending p
        LEFT JOIN points_entry e ON e.reference = CONCAT('release:', p.reference)
        WHERE (p.state = 'released' AND (e.id IS NULL OR e.delta <> p.amount
                OR e.member_id <> p.member_id))
            OR (p.state <> 'released' AND e.id IS NOT NULL)
            OR (p.state = 'pending' AND p.settled_at IS NOT NULL)
            OR (p.state <> 'pending' AND p.settled_at IS NULL)
        """,
    ),
    Proof(
        "L19",
        "What an earn rule paid is what its events brought.",
        """
        SELECT r.id FROM rule_earning r
        LEFT JOIN points_entry e ON e.reference = r.reference
        LEFT JOIN points_pending p ON p.reference = r.reference
        WHERE r.points < 0 OR r.cut < 0
            OR (r.points > 0 AND NOT r.waits AND (e.id IS NULL OR e.delta <> r.points))
            OR (r.points > 0 AND r.waits AND (p.id IS NULL OR p.amount <> r.points))
            OR (r.points = 0 AND (e.id IS NOT NULL OR p.id IS NOT NULL))
        """,
    ),
    Proof(
        "L20",
        "What a merge took from one member it brought to the other.",
        """
        SELECT MIN(id) AS id FROM points_entry WHERE kind = 'transfer'
        GROUP BY kind HAVING SUM(delta) <> 0
        """,
    ),
)
