"""What is past its time goes; what is not stays."""

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from bot.inbox import InboxMessage
from handlers import pruning
from kernel.db import Base
from kernel.idempotency import IdempotencyKey
from tests.jobs.house import House


def count(house: House, table: type[Base]) -> int:
    """How many rows a table holds."""
    query = select(func.count()).select_from(table)
    return house.database.read(lambda session: session.scalar(query)) or 0


def test_old_rows_go_in_steps_and_young_ones_stay(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "_STEP", 4)
    now = house.clock.now()

    def fill(session: Session) -> None:
        for number in range(12):
            at = now - timedelta(days=5 * number, seconds=1)
            message = {"key": f"{number}", "kind": "text", "openid": "o", "reply": None}
            session.execute(insert(InboxMessage).values(**message, sent_at=at, received_at=at))
            key = {"scope": "s", "key": f"K{number}", "request_hash": "h", "answer": None}
            session.execute(insert(IdempotencyKey).values(**key, created_at=at))

    house.do(fill)
    assert pruning.prune(house.tools) == 6 + 10
    assert (count(house, InboxMessage), count(house, IdempotencyKey)) == (6, 2)
    assert pruning.prune(house.tools) == 0
