"""What must always hold of tiers and tags."""

from loyalty.proofs import Proof

PROOFS: tuple[Proof, ...] = (
    Proof(
        "T1",
        "A member's tier is that of the last change, or the ground without any.",
        """
        SELECT m.id FROM member m
        LEFT JOIN (
            SELECT member_id, MAX(seq) AS last_seq FROM tier_change GROUP BY member_id
        ) x ON x.member_id = m.id
        LEFT JOIN tier_change c ON c.member_id = x.member_id AND c.seq = x.last_seq
        WHERE m.tier_level <> COALESCE(c.to_level, 0)
        """,
    ),
    Proof(
        "T2",
        "What a member qualifies with is never below zero.",
        "SELECT member_id FROM points_account WHERE qualified < 0",
    ),
    Proof(
        "T3",
        "Changes of tier follow one another without a gap.",
        """
        SELECT b.id FROM tier_change b
        LEFT JOIN tier_change a ON a.member_id = b.member_id AND a.seq = b.seq - 1
        WHERE (b.seq = 1 AND b.from_level <> 0)
            OR (b.seq > 1 AND (a.id IS NULL OR a.to_level <> b.from_level))
            OR (b.kind = 'climb' AND b.to_level <= b.from_level)
            OR (b.kind = 'keep' AND b.to_level <> b.from_level)
            OR (b.kind = 'fall' AND b.to_level >= b.from_level)
        """,
    ),
    Proof(
        "T4",
        "Whoever has a tier has a period, which has an end.",
        """
        SELECT id FROM member
        WHERE tier_level < 0 OR (tier_level > 0 AND (tier_until IS NULL OR tier_since IS NULL))
            OR (tier_level = 0 AND tier_until IS NOT NULL)
        """,
    ),
    Proof(
        "T5",
        "The gift of a tier was given only to whoever has climbed to it or past it.",
        """
        SELECT g.member_id, g.level FROM tier_gift g
        LEFT JOIN tier_change c ON c.member_id = g.member_id AND c.kind = 'climb'
            AND c.from_level < g.level AND c.to_level >= g.level
        GROUP BY g.member_id, g.level
        HAVING COUNT(c.id) = 0
        """,
    ),
    Proof(
        "T6",
        "A tag that a rule keeps was put on nobody by hand, and any other by no rule.",
        """
        SELECT t.member_id, t.tag_id FROM member_tag t JOIN tag g ON g.id = t.tag_id
        WHERE (g.kind = 'rule' AND t.source <> 'rule') OR (g.kind <> 'rule' AND t.source = 'rule')
        """,
    ),
)
