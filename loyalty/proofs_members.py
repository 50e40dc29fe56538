"""What must always hold of people: one row a person, nothing kept of those who left."""

from loyalty.proofs import Proof

PROOFS = (
    Proof(
        "S1",
        "One openid and one phone are one member.",
        """
        SELECT MIN(id) AS id FROM member GROUP BY openid HAVING COUNT(*) > 1
        UNION ALL SELECT MIN(id) FROM member WHERE phone_digest IS NOT NULL
        GROUP BY phone_digest HAVING COUNT(*) > 1
        """,
    ),
    Proof(
        "S2",
        "An erased or merged member keeps nothing that names a person, and no points.",
        """
        SELECT m.id FROM member m LEFT JOIN points_account a ON a.member_id = m.id
        WHERE m.state IN ('erased', 'merged') AND (m.ended_at IS NULL
            OR m.phone_sealed IS NOT NULL OR m.phone_digest IS NOT NULL
            OR m.phone_hint IS NOT NULL OR COALESCE(a.balance, 0) <> 0
            OR (m.state = 'erased' AND m.openid NOT LIKE 'erased:%')
            OR (m.state = 'merged' AND (m.openid NOT LIKE 'merged:%'
                OR m.merged_into_id IS NULL)))
        UNION ALL SELECT v.member_id FROM profile_value v JOIN member m ON m.id = v.member_id
        WHERE m.state = 'erased'
        """,
    ),
    Proof(
        "S3",
        "No phone number stands in clear.",
        """
        SELECT id FROM member WHERE (LENGTH(phone_sealed) = 11 AND phone_sealed LIKE '1%')
            OR (LENGTH(name) = 11 AND name LIKE '1%' AND name >= '13' AND name < '2')
            OR (phone_hint IS NOT NULL AND phone_hint NOT LIKE '___****____')
        """,
    ),
    Proof(
        "S4",
        "Whoever is known by phone has agreed to it, or an operator brought him in.",
        """
        SELECT m.id FROM member m
        LEFT JOIN consent k ON k.member_id = m.id AND k.purpose = 'phone'
            AND k.withdrawn_at IS NULL
        WHERE m.phone_sealed IS NOT NULL AND k.id IS NULL AND m.openid NOT LIKE 'import:%'
        """,
    ),
    Proof(
        "S5",
        "Every member has a points account.",
        """
        SELECT m.id FROM member m LEFT JOIN points_account a ON a.member_id = m.id
        WHERE a.member_id IS NULL
        """,
    ),
)
