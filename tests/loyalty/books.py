"""The books: nothing that the proofs say may be broken, after whatever a test did."""

from datetime import datetime

from kernel.db import Database
from loyalty import proof_runs
from tests.world import NOON


def breaches(database: Database, at: datetime = NOON) -> dict[str, object]:
    """What is wrong, by the code of the promise; empty when the books are in order."""
    found = database.read(lambda session: list(proof_runs.run(session, at)))
    return {breach.proof.code: breach.rows for breach in found}
