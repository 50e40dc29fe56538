"""The timeline of a member, and why something is not possible for him."""

import pytest

from loyalty import claims, tags
from loyalty.members import Member
from tests.console import loyalty_seeds
from tests.console.house import NOON, Browser, House


@pytest.fixture
def batch(house: House) -> int:
    return house.database.transaction(lambda db: loyalty_seeds.add_batch(db, min_tier=1))


def test_the_timeline_names_what_it_tells(house: House, owner: Browser, wang: Member) -> None:
    batch = house.database.transaction(loyalty_seeds.add_batch)
    house.database.transaction(loyalty_seeds.add_words)
    house.database.transaction(lambda db: claims.claim(db, batch, wang.id, NOON))
    house.database.transaction(lambda db: tags.put(db, wang.id, "vip", NOON))
    house.database.transaction(lambda db: loyalty_seeds.give_points(db, wang.id, 70))

    page = owner.text(f"/console/members/{wang.id}/timeline")

    for words in ("注册成为会员", "话费抵用券", "专属客服", "活动赠送", "+70"):
        assert words in page
    only = owner.text(f"/console/members/{wang.id}/timeline?group=tag")
    assert "专属客服" in only
    assert "话费抵用券" not in only


def test_the_timeline_pages(house: House, owner: Browser, wang: Member) -> None:
    def work(number: int) -> None:
        house.database.transaction(
            lambda db: loyalty_seeds.give_points(db, wang.id, number, f"gift:{number}")
        )

    for number in range(1, 41):
        work(number)
    first = owner.text(f"/console/members/{wang.id}/timeline?group=points")
    assert "余额 820" in first
    cursor = first.split("from=")[1].split('"')[0].replace("&amp;", "&")
    second = owner.text(f"/console/members/{wang.id}/timeline?group=points&from={cursor}")

    assert "余额 1<" in second
    assert "没有更早的了" in second


@pytest.mark.parametrize("odd", ["group=nonsense", "from=x", "from=9999999999999999999.1"])
def test_an_odd_question_to_the_timeline_is_no_fault(
    owner: Browser, wang: Member, odd: str
) -> None:
    owner.text(f"/console/members/{wang.id}/timeline?{odd}")


def test_why_a_coupon_is_not_to_be_had(owner: Browser, wang: Member, batch: int) -> None:
    page = owner.text(f"/console/members/{wang.id}/reasons?about=coupon:{batch}")

    assert "现在不可以" in page
    assert "refused: tier_too_low" in page
    assert page.count("wt-unmet") == 1


def test_what_is_possible_reads_so(house: House, owner: Browser, wang: Member) -> None:
    batch = house.database.transaction(loyalty_seeds.add_batch)

    page = owner.text(f"/console/members/{wang.id}/reasons?about=coupon:{batch}")

    assert "现在可以" in page
    assert "wt-unmet" not in page


def test_why_a_reward_and_a_make_up_are_not(house: House, owner: Browser, wang: Member) -> None:
    house.database.transaction(loyalty_seeds.add_programme)
    reward = house.database.transaction(loyalty_seeds.add_reward)
    path = f"/console/members/{wang.id}/reasons?about="

    assert "需要 150 积分" in owner.text(f"{path}reward:{reward}")
    assert "refused: day_not_open" in owner.text(f"{path}make_up:2026-11-01")


def test_without_a_programme_the_refusal_is_shown(owner: Browser, wang: Member) -> None:
    page = owner.text(f"/console/members/{wang.id}/reasons?about=make_up:2026-11-20")

    assert "refused: no_check_in_programme" in page


@pytest.mark.parametrize("about", ["coupon:x", "coupon:", "coupon:424242", "make_up:soon"])
def test_what_does_not_exist_is_not_found(owner: Browser, wang: Member, about: str) -> None:
    answer = owner.get(f"/console/members/{wang.id}/reasons?about={about}")

    assert answer.status_code == 404
