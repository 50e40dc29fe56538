"""Every promise holds after people came, were merged and left; the late is sent after."""

from sqlalchemy.orm import Session

from kernel.db import Database
from loyalty import erasure, merges, points, proof_runs
from loyalty.merges import Decision
from loyalty.points import Credit
from tests.loyalty.desk import hire
from tests.loyalty.people import NEXT_YEAR, join
from tests.loyalty.test_registrations import register
from tests.world import NOON


def broken(session: Session) -> list[str]:
    """The codes of the promises about people and points that do not hold."""
    return sorted({breach.proof.code for breach in proof_runs.run(session, NOON)})


def test_the_promises_hold_after_merges_and_erasures(database: Database) -> None:
    def work(session: Session) -> None:
        source, target, gone = register(session, 0), register(session, 1), register(session, 2)
        merges.merge(session, Decision(source, target, "同"), NOON, by=hire(session))
        erasure.erase(session, gone, NOON)
        join(session)
        session.flush()
        assert broken(session) == []
        for member in (source, gone):
            points.earn(session, member, [Credit(3, f"late:{member}", "")], NOON, NEXT_YEAR)
        assert broken(session) == ["S2"]
        while merges.follow_up(session, NOON) or erasure.follow_up(session, NOON):
            pass
        assert broken(session) == []

    database.transaction(work)
