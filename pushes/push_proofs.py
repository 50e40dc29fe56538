"""What must always hold of pushes, as queries that return the rows that break it."""

from loyalty import proof_runs
from loyalty.proofs import Proof

PROOFS = (
    Proof(
        "P1",
        "Everybody of a push has one row; those who are not outside are in its chunks.",
        """
        SELECT p.id, p.total, COALESCE(d.n, 0), COALESCE(c.n, 0) FROM push p
        LEFT JOIN (SELECT push_id, COUNT(*) AS n, COUNT(chunk_no) AS chunked FROM delivery
            GROUP BY push_id) d ON d.push_id = p.id
        LEFT JOIN (SELECT push_id, SUM(size) AS n FROM push_chunk GROUP BY push_id) c
            ON c.push_id = p.id
        WHERE p.frozen_at IS NOT NULL
            AND (p.total <> COALESCE(d.n, 0) OR COALESCE(d.chunked, 0) <> COALESCE(c.n, 0))
        """,
    ),
    Proof(
        "P2",
        "Nobody is in a push twice.",
        """
        SELECT MIN(id) AS id FROM delivery GROUP BY push_id, openid HAVING COUNT(*) > 1
        UNION ALL SELECT MIN(id) FROM delivery WHERE member_id IS NOT NULL
        GROUP BY push_id, member_id HAVING COUNT(*) > 1
        """,
    ),
    Proof(
        "P3",
        "Nothing is being sent unless a worker holds its chunk, and no lease is a day old.",
        """
        SELECT d.id FROM delivery d
        LEFT JOIN push_chunk c ON c.push_id = d.push_id AND c.no = d.chunk_no
        WHERE d.state = 'sending'
            AND (c.id IS NULL OR c.state <> 'leased' OR c.lease_until_at IS NULL)
        UNION ALL SELECT id FROM push_chunk
        WHERE state = 'leased' AND lease_until_at < DAYAGO(:now)
        """,
    ),
    Proof(
        "P4",
        "A closed chunk was counted right: as many of each state as there are rows.",
        """
        SELECT x.push_id, x.no, x.state, x.n, COALESCE(d.n, 0) FROM (
            SELECT c.push_id, c.no, TALLYSTATE(t) AS state, SUM(TALLYCOUNT(t)) AS n
            FROM push_chunk c, TALLYOF(c.tally) t
            WHERE c.state = 'closed' GROUP BY c.push_id, c.no, TALLYSTATE(t)
        ) x LEFT JOIN (
            SELECT push_id, chunk_no, state, COUNT(*) AS n FROM delivery
            WHERE chunk_no IS NOT NULL GROUP BY push_id, chunk_no, state
        ) d ON d.push_id = x.push_id AND d.chunk_no = x.no AND d.state = x.state
        WHERE x.n <> COALESCE(d.n, 0)
        """,
    ),
    Proof(
        "P5",
        "Where a chunk is closed or a push has ended, nobody waits any more.",
        """
        SELECT d.id FROM delivery d
        JOIN push_chunk c ON c.push_id = d.push_id AND c.no = d.chunk_no
        WHERE d.state IN ('pending', 'sending') AND c.state = 'closed'
        UNION ALL SELECT d.id FROM delivery d JOIN push p ON p.id = d.push_id
        WHERE d.state IN ('pending', 'sending') AND p.state IN ('finished', 'failed')
        """,
    ),
    Proof(
        "P6",
        "Nothing was sent of a push that nobody else than its author let go.",
        """
        SELECT p.id FROM push p
        WHERE (p.approved_by IS NULL OR p.approved_by = p.created_by)
            AND (p.state IN ('approved', 'scheduled', 'running', 'paused', 'finished')
                OR EXISTS (SELECT 1 FROM delivery d WHERE d.push_id = p.id
                    AND d.state IN ('sending', 'sent', 'unknown')))
        """,
    ),
    Proof(
        "P7",
        "Nobody who was held back, or could not be reached, was called.",
        """
        SELECT id FROM delivery WHERE (state = 'held' OR chunk_no IS NULL)
            AND (message_id IS NOT NULL OR claim_no <> 0
                OR state NOT IN ('held', 'skipped'))
        """,
    ),
    Proof(
        "P8",
        "No push that is due waits for longer than a day without being begun or missed.",
        """
        SELECT id FROM push WHERE state = 'scheduled' AND send_at < DAYAGO(:now)
        """,
    ),
    Proof(
        "P9",
        "A day of a series is one run, and a run that began has its own push.",
        """
        SELECT MIN(id) AS id FROM push_run GROUP BY series_id, day HAVING COUNT(*) > 1
        UNION ALL SELECT r.id FROM push_run r LEFT JOIN push p ON p.id = r.push_id
        WHERE r.state = 'started' AND (p.id IS NULL OR p.series_id <> r.series_id)
        """,
    ),
    Proof(
        "P10",
        "A notice was decided about once, and is not left in the outbox for a day.",
        """
        SELECT MIN(id) AS id FROM sent_notice GROUP BY source, source_id HAVING COUNT(*) > 1
        UNION ALL SELECT id FROM sent_notice WHERE state = 'left' AND at < DAYAGO(:now)
        """,
    ),
)
# Those of the loyalty engine and these: what is proven each night.
EVERY = (*proof_runs.PROOFS, *PROOFS)
