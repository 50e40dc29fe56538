"""What must always hold of check-ins: a day once, paid once, and streaks without a gap."""

from loyalty.proofs import Proof

PROOFS = (
    Proof(
        "K1",
        "A member checks in once a day.",
        """
        SELECT member_id, day FROM check_in GROUP BY member_id, day HAVING COUNT(*) > 1
        """,
    ),
    Proof(
        "K2",
        "Every check-in is paid what it says, by its own entries.",
        """
        SELECT c.id FROM check_in c
        LEFT JOIN points_entry b
            ON b.reference = CONCAT('check-in:', c.member_id, ':', c.day) AND b.kind = 'earn'
        LEFT JOIN points_entry s
            ON s.reference = CONCAT('check-in-step:', c.member_id, ':', c.day) AND s.kind = 'earn'
        WHERE c.points <> COALESCE(b.delta, 0) + COALESCE(s.delta, 0)
            OR (c.kind <> 'amnesty' AND b.id IS NULL)
            OR (c.kind = 'amnesty' AND (b.id IS NOT NULL OR s.id IS NOT NULL))
        """,
    ),
    Proof(
        "K3",
        "No check-in is paid that did not happen.",
        """
        SELECT e.id FROM points_entry e
        LEFT JOIN check_in c ON c.member_id = e.member_id
            AND (e.reference = CONCAT('check-in:', c.member_id, ':', c.day)
                OR e.reference = CONCAT('check-in-step:', c.member_id, ':', c.day))
        WHERE e.kind = 'earn' AND c.id IS NULL
            AND (e.reference LIKE 'check-in:%' OR e.reference LIKE 'check-in-step:%')
        """,
    ),
    Proof(
        "K4",
        "A check-in's day is the day in Shanghai; only bought and protected days lie back.",
        """
        SELECT id FROM check_in WHERE (kind = 'daily' AND day <> SHDAY(created_at))
            OR (kind <> 'daily' AND day >= SHDAY(created_at))
        """,
    ),
    Proof(
        "K5",
        "A streak is yesterday's and one; a protected day carries it over.",
        """
        SELECT c.id FROM check_in c
        LEFT JOIN check_in p ON p.member_id = c.member_id AND p.day = DAYBEFORE(c.day)
        WHERE c.streak <> COALESCE(p.streak, 0) + CASE WHEN c.kind = 'amnesty' THEN 0 ELSE 1 END
        """,
    ),
    Proof(
        "K6",
        "A bought day was paid for, and nothing else was.",
        """
        SELECT c.id FROM check_in c
        LEFT JOIN points_entry e
            ON e.reference = CONCAT('make-up:', c.member_id, ':', c.day) AND e.kind = 'spend'
        WHERE c.cost <> -COALESCE(e.delta, 0) OR (c.kind <> 'make_up' AND c.cost <> 0)
        UNION ALL SELECT e.id FROM points_entry e
        LEFT JOIN check_in c ON c.member_id = e.member_id
            AND e.reference = CONCAT('make-up:', c.member_id, ':', c.day)
        WHERE e.kind = 'spend' AND e.reference LIKE 'make-up:%' AND c.id IS NULL
        """,
    ),
    Proof(
        "K7",
        "A reward that was given brought its points once; one that waits brought none.",
        """
        SELECT r.id FROM check_in_reward r
        LEFT JOIN points_entry e ON e.reference = r.reference
        WHERE (r.state <> 'given' AND e.id IS NOT NULL)
            OR (r.state = 'given' AND r.given_at IS NULL)
            OR (r.state = 'given' AND r.points > 0 AND (e.id IS NULL OR e.delta <> r.points
                OR e.member_id <> r.member_id))
        """,
    ),
    Proof(
        "K8",
        "A protected day belongs to an amnesty that an operator declared.",
        """
        SELECT c.id FROM check_in c LEFT JOIN check_in_amnesty a ON a.day = c.day
        WHERE c.kind = 'amnesty' AND a.id IS NULL
        """,
    ),
)
