"""A demo hall that travels in time: the phones with the operators' codes stay where they are."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import create_app
from kernel.audit import AuditEntry
from kernel.clock import FollowedClock, SystemClock
from kernel.db import Database
from tests.console.house import NOON, House, MovedClock
from tests.console.people import code_now, enrol, sign_in
from tests.world import MovableClock, make_settings


@pytest.fixture
def wall(house: House) -> MovedClock:
    """The time outside; the hall begins at the same instant."""
    wall = MovedClock()
    wiring = house.app.extensions["weiting"]
    house.app.extensions["weiting"] = replace(wiring, wall=wall)
    return wall


@pytest.mark.parametrize("days", [-30, 30])
def test_a_code_of_a_phone_opens_a_hall_that_has_travelled(
    house: House, wall: MovedClock, days: int
) -> None:
    phone = enrol(house, "owner")
    code = code_now(house, phone)
    house.clock.move(days=days)
    browser = house.browser()
    sign_in(browser, "owner")

    assert browser.post("/console/sign-in/code", code=code).status_code == 303
    assert browser.get("/console/account").status_code == 200
    # What is written down is the hall's time, as everything else of the log.
    written = house.database.read(lambda db: db.scalars(select(AuditEntry.at)).all())
    assert set(written) == {NOON + timedelta(days=days)}


def test_nobody_is_signed_out_by_a_journey_and_everybody_by_real_time(
    house: House, wall: MovedClock
) -> None:
    owner = house.enter("owner")

    house.clock.move(days=30)
    assert owner.get("/console/").status_code == 200
    wall.move(minutes=31)
    assert owner.get("/console/").status_code == 302


def test_an_invitation_ends_by_real_time(house: House, wall: MovedClock) -> None:
    owner = house.enter("owner")
    form = {"login": "new.one", "name": "新人", "role": "marketer", "branch": ""}
    page = owner.post("/console/operators/invitations", **form).text
    path = "/console/invitations/" + page.partition("/console/invitations/")[2].split('"')[0]

    house.clock.move(days=30)
    assert house.browser().get(path).status_code == 200
    wall.move(hours=73)
    assert house.browser().get(path).status_code == 404


def test_the_demo_alone_has_two_clocks(
    sqlite: Database, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def wall_of(clock: MovableClock | FollowedClock) -> object:
        settings = make_settings(tmp_path_factory.mktemp("hall"), sqlite, redis_url)
        return create_app(settings, clock).extensions["weiting"].wall

    still = MovableClock()
    assert wall_of(still) is still
    assert isinstance(wall_of(FollowedClock(lambda: 86_400.0)), SystemClock)
