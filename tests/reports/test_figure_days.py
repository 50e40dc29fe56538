"""Days that are over are counted once, and the totals as of now."""

from datetime import timedelta
from functools import partial

from sqlalchemy.orm import Session

from kernel.clock import business_day
from kernel.db import Database
from loyalty import followers, points
from loyalty.points import Credit, Debit
from reports import figure_days, figures
from tests.loyalty.people import NEXT_YEAR, join
from tests.world import NOON

DAY = timedelta(days=1)
TODAY = business_day(NOON)


def live(session: Session) -> int:
    """Two followers of long ago, a member of yesterday who got and spent points."""
    followers.follow(session, "o1", NOON - 40 * DAY)
    member = join(session)
    points.earn(session, member, [Credit(100, "a:1", "")], NOON - DAY, NEXT_YEAR)
    points.spend(session, member, Debit(30, "b:1", ""), NOON - DAY)
    return member


def test_points_of_a_day_are_those_that_came_and_went(database: Database) -> None:
    database.transaction(live)

    found = database.read(lambda db: figures.counts(db, TODAY - DAY))
    assert (found["granted"], found["spent"]) == (100, 30)
    today = database.read(lambda db: figures.counts(db, TODAY))
    assert (today["granted"], today["spent"]) == (0, 0)
    assert database.read(figures.totals)["points"] == 70


def test_days_are_counted_once_and_stay_as_they_were_counted(database: Database) -> None:
    database.transaction(live)
    missing = database.read(lambda db: figure_days.missing(db, TODAY))
    assert missing[0] == TODAY - DAY
    assert len(missing) >= 30

    for day in missing:
        database.transaction(partial(figure_days.count, day=day, at=NOON))
    assert database.read(lambda db: figure_days.missing(db, TODAY)) == []
    assert database.read(lambda db: figure_days.missing(db, TODAY + DAY)) == [TODAY]

    kept = database.read(lambda db: figure_days.between(db, TODAY - 29 * DAY, TODAY))
    assert kept[TODAY - DAY]["granted"] == 100
    assert TODAY not in kept


def test_the_backfill_goes_back_to_the_beginning_but_not_for_ever(database: Database) -> None:
    database.transaction(lambda db: followers.follow(db, "o1", NOON - 4_000 * DAY))

    found = database.read(lambda db: figure_days.missing(db, TODAY))
    assert len(found) == figure_days.BACKFILL_DAYS


def test_totals_are_the_newest_that_are_whole(database: Database) -> None:
    whole = {"followers": 1, "members": 2, "points": 3}

    def work(session: Session) -> None:
        figure_days.put(session, TODAY - DAY, {**whole, "followed": 7}, NOON - DAY)
        figure_days.put(session, TODAY, {"followers": 9}, NOON)
        figure_days.put(session, TODAY, {"followers": 10}, NOON)

    database.transaction(work)
    kept = database.read(lambda db: figure_days.between(db, TODAY - DAY, TODAY))
    assert figure_days.newest_totals(kept) == whole
    assert figure_days.newest_totals({}) is None
    assert kept[TODAY] == {"followers": 10}
    days = [TODAY - 2 * DAY, TODAY - DAY, TODAY]
    assert figure_days.series(kept, days, "followed") == [None, 7, None]
