"""What must always hold of rewards: silent on sound books, heard on each seeded fault."""

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from kernel.db import Database
from loyalty import (
    proof_runs,
    proofs_rewards,
)
from loyalty.ledger import PointsEntry
from loyalty.points_reversals import PointsReversal
from loyalty.proofs import Proof
from loyalty.reward_orders import (
    RewardOrder,
    RewardOrderEvent,
)
from loyalty.rewards import Reward
from tests.loyalty.shop import buy, rich, show
from tests.world import NOON

FAULTS = {
    "O1": update(Reward).values(taken=2),
    "O2": update(RewardOrder).values(points=11),
    "O3": update(RewardOrder).values(state="cancelled"),
    "O4": update(RewardOrder).values(no="gone"),
    "O5": update(RewardOrder).values(seq=9),
    "O6": update(RewardOrderEvent).values(to_state="returned"),
    "O7": delete(RewardOrderEvent),
    "O8": update(Reward).values(kind="coupon"),
}


@pytest.mark.parametrize("proof", proofs_rewards.PROOFS, ids=lambda proof: proof.code)
def test_each_promise_is_silent_on_sound_books_and_fires_on_a_fault(
    database: Database, proof: Proof
) -> None:
    def work(session: Session) -> None:
        buy(session, show(session), rich(session))
        session.flush()
        assert proof_runs.find(session, proof, NOON) == []
        session.execute(FAULTS[proof.code])
        assert proof_runs.find(session, proof, NOON) != []

    database.transaction(work)


def test_a_refund_of_a_standing_order_is_found(sqlite: Database) -> None:
    def work(session: Session) -> None:
        order = buy(session, show(session), rich(session))
        entry = session.scalars(select(PointsEntry).where(PointsEntry.kind == "spend")).one()
        row = {"origin_id": entry.id, "member_id": order.member_id, "moved": 10}
        session.execute(insert(PointsReversal), {**row, "reason": "", "created_at": NOON})
        assert proof_runs.find(session, proofs_rewards.PROOFS[2], NOON) == [(order.id,)]

    sqlite.transaction(work)
