"""Many members at once for the benchmarks: written in bulk, with accounts and nothing else."""

from datetime import datetime
from functools import partial

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from kernel.db import Database
from loyalty.ledger import PointsAccount
from loyalty.members import Member

_PAGE = 10_000


def settle(database: Database, count: int, at: datetime, name: str = "oBench") -> list[int]:
    """So many members; their numbers, in order."""

    def page(session: Session, start: int) -> None:
        rows = [
            {
                "openid": f"{name}{number:020d}",
                "name": "测试",
                "channel": "bench",
                "registered_at": at,
                "state": "active",
                "tier_level": 0,
                "wants_check_in_reminder": False,
            }
            for number in range(start, min(start + _PAGE, count))
        ]
        session.execute(insert(Member), rows)

    for start in range(0, count, _PAGE):
        database.transaction(partial(page, start=start))

    def accounts(session: Session) -> list[int]:
        ids = list(session.scalars(select(Member.id).order_by(Member.id)))
        empty = {"balance": 0, "debt": 0, "qualified": 0, "streak_version": 0}
        for start in range(0, len(ids), _PAGE):
            part = [{"member_id": one, **empty} for one in ids[start : start + _PAGE]]
            session.execute(insert(PointsAccount), part)
        return ids

    return database.transaction(accounts)
