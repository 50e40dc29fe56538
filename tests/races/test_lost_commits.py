"""One COMMIT in twenty is done but never answered; a client that repeats has each effect once."""

import multiprocessing
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.engine import make_engine
from kernel.refusals import Refused
from loyalty import checkins, claims, points, reward_exchanges
from loyalty.checkin_days import CheckIn
from loyalty.coupons import Coupon
from loyalty.ledger import PointsEntry
from loyalty.points import Credit, Debit
from loyalty.reward_exchanges import Wish
from loyalty.reward_orders import RewardOrder
from tests.loyalty.books import breaches
from tests.loyalty.people import NEXT_YEAR, POLICY, VAULT, join_many, offer, open_programme
from tests.loyalty.shop import LIMEI, show
from tests.races.lost_commits import losing
from tests.world import NOON

pytestmark = pytest.mark.race
PROCESSES, EACH, SHARE = 4, 40, 0.05


def repeat(database: Database, work: Callable[[Session], Any]) -> Any:
    """A client that asks again until it hears an answer."""
    while True:
        try:
            return database.transaction(work)
        except Refused as refused:
            return refused.code
        except DBAPIError:
            continue


def act(url: str, first: int, members: list[int], shelf: tuple[int, int]) -> None:
    """One process of clients: every kind of deed, each with its own fact."""
    database = Database(make_engine(url))
    batch, reward = shelf
    for number in range(first, PROCESSES * EACH, PROCESSES):
        member = members[number]
        name = f"{number}"

        def earn(session: Session, member: int = member, name: str = name) -> int:
            return points.earn(session, member, [Credit(50, f"e{name}", "")], NOON, NEXT_YEAR)

        def spend(session: Session, member: int = member, name: str = name) -> int:
            return points.spend(session, member, Debit(20, f"s{name}", ""), NOON)

        def check_in(session: Session, member: int = member) -> int:
            return checkins.check_in(session, member, NOON, POLICY).streak

        def claim(session: Session, member: int = member) -> int:
            return claims.claim(session, batch, member, NOON).id

        def exchange(session: Session, member: int = member, name: str = name) -> str:
            wish = Wish(reward, member, f"form-{name}", LIMEI)
            return reward_exchanges.exchange(session, VAULT, wish, NOON, POLICY).no

        for work in (earn, spend, check_in, claim, exchange):
            repeat(database, work)
    database.engine.dispose()


def test_effects_happen_exactly_once(server_database: Database) -> None:
    count = PROCESSES * EACH
    members = join_many(server_database, count)

    def prepare(session: Session) -> tuple[int, int]:
        open_programme(session)
        return offer(session, stock=2 * count), show(session, stock=2 * count, per_member=5)

    shelf = server_database.transaction(prepare)
    server_database.engine.dispose()
    context = multiprocessing.get_context("fork")
    with losing(server_database, SHARE) as (url, eaten):
        clients = [
            context.Process(target=act, args=(url, first, members, shelf))
            for first in range(PROCESSES)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert [client.exitcode for client in clients] == [0] * PROCESSES
        assert eaten.value > 10, "hardly an answer was lost, so this proves nothing"
    assert breaches(server_database) == {}

    def rows(session: Session) -> list[int | None]:
        tables = (CheckIn, Coupon, RewardOrder)
        counted = [session.scalar(select(func.count()).select_from(table)) for table in tables]
        return [*counted, session.scalar(select(func.sum(PointsEntry.delta)))]

    assert server_database.read(rows) == [count, count, count, count * (50 - 20 + 5 - 10)]


def test_without_a_fact_to_know_it_by_an_effect_doubles(server_database: Database) -> None:
    member = join_many(server_database, 1)[0]
    server_database.engine.dispose()

    def naive(session: Session) -> None:
        name = f"naive-{session.scalar(select(func.count(PointsEntry.id)))}"
        points.earn(session, member, [Credit(1, name, "")], NOON, NEXT_YEAR)

    with losing(server_database, 0.2) as (url, eaten):
        database = Database(make_engine(url))
        for _ in range(60):
            repeat(database, naive)
        database.engine.dispose()
        assert eaten.value
    assert server_database.read(lambda session: points.balance_of(session, member)) > 60
