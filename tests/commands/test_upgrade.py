"""A hall that ran the first version keeps its people, points and coupons, and its books close."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, select

from handlers.commands.schema import upgrade
from kernel.clock import business_day
from kernel.db import Database
from kernel.engine import make_engine
from loyalty import consents, coupons, members, points, redemptions, seen_phones, tier_runs
from loyalty.checkin_days import CheckIn
from loyalty.coupons import CouponStock
from loyalty.ledger import PointsAccount
from loyalty.members import Member
from loyalty.policy import Policy
from loyalty.redemptions import Redemption
from tests import databases
from tests.loyalty.books import breaches

# As the first version wrote them: naive UTC on SQLite and MariaDB. Noon in Shanghai.
THEN = datetime(2026, 11, 1, 4, tzinfo=UTC).replace(tzinfo=None)
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
ENDS = datetime(2028, 1, 1, tzinfo=UTC).replace(tzinfo=None)
OPENERS = {
    "sqlite": databases._sqlite,
    "postgresql": databases._postgresql,
    "mariadb": databases._mariadb,
}


class Old:
    """The tables of the first version, filled row by row as it filled them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        tables = MetaData()
        tables.reflect(connection)
        self._tables = tables.tables
        self._balances: dict[int, int] = {}

    def put(self, table: str, **row: Any) -> int:
        made = self._connection.execute(self._tables[table].insert(), row)
        return int(made.inserted_primary_key[0])  # type: ignore[index]

    def member(self, name: str, number: int) -> int:
        found = self.put(
            "member", openid=f"o{name}", name=name, phone_sealed="v1.sealed",
            phone_digest=f"digest-{number}", phone_hint=f"138****{number:04d}", channel="site",
            registered_at=THEN,
        )  # fmt: skip
        self.put("points_account", member_id=found, balance=0)
        self.consent(found, "2026-10", THEN)
        return found

    def consent(self, member_id: int, version: str, at: datetime) -> None:
        self.put(
            "consent", member_id=member_id, purpose="phone", version=version, channel="site",
            granted_at=at,
        )  # fmt: skip

    def entry(self, member_id: int, delta: int, reference: str, at: datetime) -> int:
        self._balances[member_id] = balance = self._balances.get(member_id, 0) + delta
        account = self._tables["points_account"]
        self._connection.execute(
            account.update().where(account.c.member_id == member_id).values(balance=balance)
        )
        return self.put(
            "points_entry", member_id=member_id, kind="earn" if delta > 0 else "spend",
            delta=delta, balance_after=balance, reference=reference, note="积分", created_at=at,
        )  # fmt: skip

    def earn(self, member_id: int, points: int, reference: str, at: datetime) -> int:
        entry = self.entry(member_id, points, reference, at)
        return self.put(
            "points_lot", member_id=member_id, entry_id=entry, amount=points, remaining=points,
            expires_at=ENDS,
        )  # fmt: skip

    def spend_lot(self, member_id: int, points: int, lot: int, at: datetime) -> None:
        entry = self.entry(member_id, -points, f"spend:{member_id}", at)
        self._connection.execute(
            self._tables["lot_use"].insert(), {"entry_id": entry, "lot_id": lot, "amount": points}
        )
        lots = self._tables["points_lot"]
        self._connection.execute(
            lots.update().where(lots.c.id == lot).values(remaining=lots.c.remaining - points)
        )

    def check_in(self, member_id: int, day: date, streak: int) -> int:
        at = THEN + timedelta(days=(day - THEN.date()).days)
        daily, extra = 4 + streak, {3: 5, 7: 20}.get(streak, 0)
        self.put(
            "check_in", member_id=member_id, day=day, streak=streak, points=daily + extra,
            created_at=at,
        )  # fmt: skip
        lot = self.earn(member_id, daily, f"check-in:{member_id}:{day}", at)
        if extra:
            self.earn(member_id, extra, f"check-in-streak:{member_id}:{day}", at)
        return lot

    def batch(self) -> int:
        return self.put(
            "coupon_batch", code="welcome", title="话费券", kind="bill_credit", worth="10 元",
            terms="全网通用", amount_fen=1000, stock=100, issued=2, per_member=2, valid_days=30,
            starts_at=THEN - timedelta(days=9), ends_at=ENDS,
        )  # fmt: skip

    def coupon(self, batch: int, member_id: int, seq: int, used_at: datetime | None) -> int:
        return self.put(
            "coupon", batch_id=batch, member_id=member_id, seq=seq,
            code=f"code-{member_id}-{seq}", state="used" if used_at else "available",
            source="site", claimed_at=THEN, valid_until=THEN + timedelta(days=30),
            used_at=used_at,
        )  # fmt: skip


def fill(old: Old) -> tuple[int, int, int]:
    """Two members, one with a history; (Anna's id, Boris's id, the used coupon's id)."""
    boris, anna = old.member("Boris", 1), old.member("Anna", 2)
    old.consent(anna, "2026-11", THEN + timedelta(hours=1))
    lots = [old.check_in(anna, date(2026, 11, 1 + n), n + 1) for n in range(7)]
    old.spend_lot(anna, 3, lots[0], THEN + timedelta(days=8))
    batch, used_at = old.batch(), THEN + timedelta(days=2)
    old.coupon(batch, anna, 1, None)
    used = old.coupon(batch, anna, 2, used_at)
    staff = old.put(
        "staff", openid="oStaff", name="小王", branch="xihu", active=True, created_at=THEN
    )
    redeemed = {"coupon_id": used, "staff_id": staff, "branch": "xihu", "redeemed_at": used_at}
    old.put("redemption", **redeemed)
    old.put(
        "campaign", code="welcome", title="新人礼", summary="送券", body="正文", batch_id=batch,
        starts_at=THEN, ends_at=ENDS,
    )  # fmt: skip
    return anna, boris, used


@pytest.fixture(scope="module", params=databases.KINDS)
def upgraded(
    request: pytest.FixtureRequest, worker: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Database, int, int, int]]:
    """A database of the first version with people in it, brought to the present one.

    One for all tests of this file: the first ones only read, the last one goes on with it.
    """
    name = f"{databases.database_name(worker)}_old"
    opened: AbstractContextManager[str] = OPENERS[request.param](
        name, tmp_path_factory.mktemp("upgraded")
    )
    with opened as url:
        engine = make_engine(url)
        upgrade(engine, "0001")
        with engine.begin() as connection:
            people = fill(Old(connection))
        upgrade(engine)
        yield Database(engine), *people
        engine.dispose()


def test_the_books_of_an_upgraded_hall_close(upgraded: tuple[Database, int, int, int]) -> None:
    assert breaches(upgraded[0], NOW) == {}


def test_members_keep_what_they_had(upgraded: tuple[Database, int, int, int]) -> None:
    database, anna, boris, used = upgraded
    with database.engine.connect() as connection:
        rows = connection.execute(
            select(CheckIn.points, CheckIn.kind, CheckIn.cost, CheckIn.streak)
            .where(CheckIn.member_id == anna)
            .order_by(CheckIn.day)
        ).all()
        stock = connection.execute(select(CouponStock.stock, CouponStock.issued)).all()
        redeemed = connection.execute(
            select(Redemption.coupon_id, Redemption.standing_coupon_id, Redemption.channel)
        ).all()
        account = connection.execute(
            select(PointsAccount.balance, PointsAccount.qualified, PointsAccount.debt).where(
                PointsAccount.member_id == anna
            )
        ).one()
        states = connection.execute(select(Member.state, Member.tier_level)).all()
    assert [tuple(row) for row in rows] == [(4 + n, "daily", 0, n) for n in range(1, 8)]
    assert [tuple(row) for row in stock] == [(100, 2)]
    assert [tuple(row) for row in redeemed] == [(used, used, "counter")]
    earned = sum(range(5, 12)) + 25
    assert tuple(account) == (earned - 3, earned, 0)
    assert {tuple(row) for row in states} == {("active", 0)}
    assert boris != anna


def test_an_upgraded_hall_goes_on(upgraded: tuple[Database, int, int, int]) -> None:
    """The rows that were filled in are those that the engine itself would have written."""
    database, anna, _, _ = upgraded

    def live(session: Any) -> None:
        standing = consents.find(session, anna, "phone")
        assert standing is not None
        assert standing.version == "2026-11"
        closed = [one for one in consents.history(session, anna) if one.withdrawn_at is not None]
        assert [(one.version, one.withdrawn_at) for one in closed] == [
            ("2026-10", (THEN + timedelta(hours=1)).replace(tzinfo=UTC))
        ]
        seen = seen_phones.find(session, "digest-2")
        assert seen is not None
        assert seen.gifted_at == THEN.replace(tzinfo=UTC)
        assert members.get_id(session, "oAnna") == anna
        assert [batch.issued for batch in coupons.open_batches(session, NOW)] == [2]
        assert len(redemptions.taken_by(session, 1, THEN.replace(tzinfo=UTC))) == 1
        points.spend(session, anna, points.Debit(9, "spend:new", "兑换"), NOW)
        tier_runs.run_page(session, 0, business_day(NOW), 100, Policy())

    database.transaction(live)
    assert breaches(database, NOW) == {}
