"""What the nightly proof found, kept so that the console shows when the books were right."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Integer, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import activity
from kernel.activity import BigId
from kernel.db import Base
from loyalty.proof_runs import Breach


class ProofRun(Base):
    """One run of every proof; `breaches` are (code, promise, first rows), none when all hold."""

    __tablename__ = "proof_run"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    seconds: Mapped[int] = mapped_column(Integer)
    breaches: Mapped[list[dict[str, Any]]] = mapped_column(JSON)


def keep(session: Session, found: list[Breach], at: datetime, seconds: int) -> ProofRun:
    """Write down what a run found; a breach is also noted among the activities."""
    breaches = [
        {
            "code": breach.proof.code,
            "promise": breach.proof.promise,
            "rows": [[str(value) for value in row] for row in breach.rows],
        }
        for breach in found
    ]
    run = ProofRun(at=at, seconds=seconds, breaches=breaches)
    session.add(run)
    session.flush()
    if breaches:
        codes = [breach["code"] for breach in breaches]
        activity.record(session, "books.broken", at, run_id=run.id, codes=codes)
    return run


def newest(session: Session) -> ProofRun | None:
    """The last run that was kept."""
    return session.scalar(select(ProofRun).order_by(ProofRun.id.desc()).limit(1))
