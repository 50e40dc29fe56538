"""Two registrations at once: one phone, one openid, one member."""

from collections import Counter

import pytest
from sqlalchemy.orm import Session

from kernel.db import Database
from loyalty import members
from loyalty.members import Registration
from tests.loyalty.people import VAULT
from tests.races.rivals import race
from tests.world import NOON

pytestmark = pytest.mark.race


def test_one_phone_makes_one_member(server_database: Database) -> None:
    def work(session: Session, number: int) -> str:
        form = Registration(f"oRival{number}", "李梅", "13812345678", "v1")
        return members.admit(session, VAULT, form, NOON).name

    assert Counter(race(server_database, work, 16)) == {"李梅": 1, "phone_taken": 15}


def test_one_openid_makes_one_member(server_database: Database) -> None:
    def work(session: Session, number: int) -> str:
        form = Registration("oAnna", "李梅", f"138{number:08d}", "v1")
        return members.admit(session, VAULT, form, NOON).name

    assert Counter(race(server_database, work, 16)) == {"李梅": 1, "already_registered": 15}
