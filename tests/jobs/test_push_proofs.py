"""Each promise of pushes is silent on sound rows and fires on its fault."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from loyalty import proof_runs
from pushes import push_proofs, series
from pushes.push_proofs import PROOFS
from pushes.series_runs import PushRun
from tests.jobs.house import House, member
from tests.jobs.push_rows import Sending, Sent, put
from tests.jobs.test_push_series import DAILY, approved
from tests.world import NOON

FAULTS = {
    "P1": "UPDATE push_chunk SET size = size + 1",
    "P2": "UPDATE delivery SET member_id = 1",
    "P3": "UPDATE delivery SET state = 'sending' WHERE state = 'unknown'",
    "P4": "UPDATE delivery SET state = 'failed' WHERE state = 'unknown'",
    "P5": "UPDATE delivery SET state = 'pending' WHERE state = 'unknown'",
    "P6": "UPDATE push SET approved_by = created_by",
    "P7": "UPDATE delivery SET state = 'sent' WHERE state = 'held'",
    "P8": "UPDATE push SET state = 'scheduled'",
    "P9": "UPDATE push_run SET push_id = NULL",
    "P10": "INSERT INTO sent_notice (source, source_id, member_id, kind, channel, state, at)"
    " SELECT 'notice', 1, 1, 'x', 'notice', 'left', registered_at FROM member WHERE id = 1",
}


def furnish(session: Session) -> None:
    """A push with a row in each state, and a day of a series."""
    for number in range(1, 5):
        one = member(number, f"o{number}")
        one.id, one.registered_at = number, NOON - timedelta(days=2)
        session.add(one)
    session.flush()
    rows = [
        Sent("o1", state="sent", member_id=1, message_id=7),
        Sent("o2", state="failed", member_id=2, reason="43004"),
        Sent("o3", state="unknown", member_id=3, reason="worker lost"),
        Sent("o4", state="held", member_id=4),
        Sent("o5", state="skipped", reason="unfollowed"),
    ]
    values = {"frozen_at": NOON, "send_at": NOON - timedelta(days=2)}
    put(session, Sending(rows, values=values))
    one_series = approved(session, DAILY)
    made = put(session, Sending([], values={"series_id": one_series.id}))
    assert series.get(session, one_series.id) is one_series
    session.add(
        PushRun(
            key="series:1:2026-11-20", series_id=one_series.id, day=NOON.date(), due_at=NOON,
            state="started", push_id=made.id, reason=None, created_at=NOON,
        )
    )  # fmt: skip


def test_each_promise_is_silent_on_sound_rows_and_fires_on_its_fault(house: House) -> None:
    house.do(furnish)
    found = house.database.read(lambda session: list(proof_runs.run(session, NOON, PROOFS)))
    assert found == []
    for proof in PROOFS:
        with Session(house.database.engine) as session:
            done = session.execute(text(FAULTS[proof.code]))
            assert done.rowcount > 0, proof.code  # type: ignore[attr-defined]
            assert proof_runs.find(session, proof, NOON) != [], proof.code
            session.rollback()


def test_every_promise_has_a_fault_and_a_code_of_its_own() -> None:
    assert [proof.code for proof in PROOFS] == list(FAULTS)
    codes = [proof.code for proof in push_proofs.EVERY]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("state", ["sent", "failed"])
def test_a_tally_that_forgot_somebody_is_found(quick_house: House, state: str) -> None:
    quick_house.do(furnish)
    with Session(quick_house.database.engine) as session:
        session.execute(text(f"DELETE FROM delivery WHERE state = '{state}'"))
        codes = [one.proof.code for one in proof_runs.run(session, NOON, PROOFS)]
        session.rollback()
    assert codes == ["P1", "P4"]
