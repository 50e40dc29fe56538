"""The second pair of eyes on points."""

import pytest

from loyalty import points
from loyalty.members import Member
from tests.console import loyalty_seeds
from tests.console.acts import acts
from tests.console.house import NOON, House
from tests.loyalty.books import breaches


@pytest.fixture
def adjustment(house: House, wang: Member) -> int:
    return house.database.transaction(lambda db: loyalty_seeds.propose(db, wang.id))


def balance(house: House, member: Member) -> int:
    return house.database.read(lambda db: points.balance_of(db, member.id))


def test_another_says_yes_once(house: House, wang: Member, adjustment: int) -> None:
    approver = house.enter("approver")
    assert "停机补偿" in approver.text("/console/adjustments")

    for _ in range(2):
        approver.post(f"/console/adjustments/{adjustment}/decisions", decision="approve")

    assert balance(house, wang) == 5000
    assert "refused: already_decided" in approver.text("/console/adjustments")
    last = acts(house)[-1]
    assert (last.action, last.login, last.address) == ("points.approved", "approver", "127.0.0.1")
    assert breaches(house.database, NOON) == {}


def test_a_no_changes_nothing(house: House, wang: Member, adjustment: int) -> None:
    approver = house.enter("approver")

    approver.post(f"/console/adjustments/{adjustment}/decisions", decision="refuse")

    assert balance(house, wang) == 0
    assert "已驳回" in approver.text("/console/adjustments")


def test_who_asked_cannot_decide(house: House, wang: Member) -> None:
    owner = house.enter("owner")
    form = {"points": "5000", "way": "give", "reason": "补偿", "request_key": "mine"}
    owner.post(f"/console/members/{wang.id}/adjustments", **form)
    assert "我提交的，等同事审批" in owner.text("/console/adjustments")

    owner.post("/console/adjustments/1/decisions", decision="approve")

    assert balance(house, wang) == 0
    assert "refused: second_person_needed" in owner.text("/console/adjustments")


def test_no_decision_is_none(house: House, wang: Member, adjustment: int) -> None:
    answer = house.enter("approver").post(
        f"/console/adjustments/{adjustment}/decisions", decision="perhaps"
    )

    assert answer.status_code == 422
    assert balance(house, wang) == 0


def test_home_tells_what_waits(house: House, wang: Member, adjustment: int) -> None:
    assert "1 笔积分调整等待审批" in house.enter("approver").text("/console/")
    assert house.enter("approver").post("/console/adjustments/4242/decisions", decision="approve"
    ).status_code == 404  # fmt: skip
