"""The page of what a push came to."""

from kernel.clock import day_start
from loyalty.checkin_days import CheckIn
from tests.console import seeds
from tests.console.house import Browser, House
from tests.jobs.push_rows import Sending, Sent, put
from tests.world import NOON


def furnish(house: House, **values: object) -> int:
    """A push to one member, with another held back; the first checked in since."""

    def work(db):  # type: ignore[no-untyped-def]
        people = [seeds.add_member(db, house.vault, number) for number in (1, 2)]
        rows = [
            Sent(people[0].openid, "notice", member_id=people[0].id),
            Sent(people[1].openid, "notice", "held", member_id=people[1].id),
        ]
        day = NOON.date()
        db.add(
            CheckIn(
                member_id=people[0].id, day=day, kind="daily", streak=1, points=1, cost=0,
                created_at=NOON,
            )
        )  # fmt: skip
        assert day_start(day) < NOON
        return put(db, Sending(rows, values={"link": "/site/", **values})).id

    return int(house.database.transaction(work))


def test_the_results_say_what_is_known_and_how_surely(house: House, owner: Browser) -> None:
    push_id = furnish(house)
    page = owner.text(f"/console/pushes/{push_id}/results")
    assert "带来了多少" in page
    assert "100.0%" in page
    assert "差异不显著，再多些样本" in page
    assert "点过的人" in page
    assert owner.text(f"/console/pushes/{push_id}/results?days=30").count('aria-current="page"')


def test_a_push_that_has_not_begun_has_none(house: House, owner: Browser) -> None:
    push_id = furnish(house, started_at=None, state="draft")
    assert "还没有开始发送" in owner.text(f"/console/pushes/{push_id}/results")
    assert owner.get("/console/pushes/999/results").status_code == 404
