"""What operators do to a member, and that each act is written down."""

import json

import pytest
from sqlalchemy import select

from loyalty import members, points, tags
from loyalty.ledger import PointsAccount
from loyalty.members import Member
from loyalty.points import Debit
from loyalty.points_adjustments import PointsAdjustment
from tests.console import loyalty_seeds, seeds
from tests.console.acts import acts
from tests.console.house import NOON, Browser, House
from tests.loyalty.books import breaches


def balance(house: House, member: Member) -> int:
    return house.database.read(lambda db: points.balance_of(db, member.id))


def member_now(house: House, member: Member) -> Member:
    return house.database.read(lambda db: members.get_by_id(db, member.id))


def give(house: House, member: Member, amount: int = 500) -> int:
    return house.database.transaction(lambda db: loyalty_seeds.give_points(db, member.id, amount))


def form(points_: str, way: str = "give", key: str = "key-1") -> dict[str, str]:
    return {"points": points_, "way": way, "reason": "停机补偿", "request_key": key}


def test_a_small_adjustment_counts_at_once(house: House, owner: Browser, wang: Member) -> None:
    for _ in range(2):  # the same form twice
        owner.post(f"/console/members/{wang.id}/adjustments", **form("300"))

    assert balance(house, wang) == 300
    (act,) = acts(house)
    assert (act.action, act.subject, act.address) == (
        "points.adjusted", f"member:{wang.id}", "127.0.0.1"
    )  # fmt: skip
    assert "立即生效" in owner.text(f"/console/members/{wang.id}/acts")
    assert breaches(house.database, NOON) == {}


def test_a_large_adjustment_waits(house: House, owner: Browser, wang: Member) -> None:
    owner.post(f"/console/members/{wang.id}/adjustments", **form("1001"))

    assert balance(house, wang) == 0
    assert "由另一位同事审批后生效" in owner.text(f"/console/members/{wang.id}/acts")


@pytest.mark.parametrize("amount", ["", "0", "x", "٣", "1e3", "99999999999", "-5"])
def test_a_number_that_is_none_changes_nothing(
    house: House, owner: Browser, wang: Member, amount: str
) -> None:
    owner.post(f"/console/members/{wang.id}/adjustments", **form(amount))

    assert balance(house, wang) == 0
    assert [act for act in acts(house) if act.action == "points.adjusted"] == []


def test_more_than_there_is_is_not_taken(house: House, owner: Browser, wang: Member) -> None:
    give(house, wang, 100)

    owner.post(f"/console/members/{wang.id}/adjustments", **form("300", "take"))

    assert balance(house, wang) == 100
    assert "refused: not_enough_points" in owner.text(f"/console/members/{wang.id}/acts")


def test_a_request_key_of_another_member_is_refused(
    house: House, owner: Browser, wang: Member
) -> None:
    li = house.database.transaction(lambda db: seeds.add_member(db, house.vault, 2))
    owner.post(f"/console/members/{wang.id}/adjustments", **form("300"))

    owner.post(f"/console/members/{li.id}/adjustments", **form("300"))

    assert (balance(house, wang), balance(house, li)) == (300, 0)
    rows = house.database.read(lambda db: db.scalars(select(PointsAdjustment)).all())
    assert len(rows) == 1


def test_tags_are_put_and_taken(house: House, owner: Browser, wang: Member) -> None:
    house.database.transaction(loyalty_seeds.add_words)
    path = f"/console/members/{wang.id}"

    owner.post(f"{path}/tags", tag="vip")
    assert "专属客服" in owner.text(path)
    owner.post(f"{path}/tags/vip/removals")

    assert house.database.read(lambda db: tags.of_member(db, wang.id)) == []
    done = [act.action for act in acts(house) if act.subject == f"member:{wang.id}"]
    assert done == ["tag.put", "tag.taken"]


def test_a_tag_kept_by_a_rule_is_not_put_by_hand(
    house: House, owner: Browser, wang: Member
) -> None:
    house.database.transaction(loyalty_seeds.add_words)

    owner.post(f"/console/members/{wang.id}/tags", tag="rich")

    assert house.database.read(lambda db: tags.of_member(db, wang.id)) == []
    assert owner.post(f"/console/members/{wang.id}/tags", tag="no-such").status_code == 404


def test_a_member_is_blocked_with_a_reason_and_let_in_again(
    house: House, owner: Browser, wang: Member
) -> None:
    path = f"/console/members/{wang.id}"

    owner.post(f"{path}/blocks", reason=" ")
    assert member_now(house, wang).state == "active"
    owner.post(f"{path}/blocks", reason="虚假申办")
    assert member_now(house, wang).state == "blocked"
    assert "虚假申办" in owner.text(path)
    owner.post(f"{path}/unblocks", reason="已核实")

    assert member_now(house, wang).state == "active"
    assert [act.action for act in acts(house)] == ["member.blocked", "member.unblocked"]


def test_the_data_of_a_member_is_a_file_for_a_reason(
    house: House, owner: Browser, wang: Member
) -> None:
    path = f"/console/members/{wang.id}/exports"

    assert owner.post(path, reason="就想看看").status_code == 422
    answer = owner.post(path, reason="会员本人申请")

    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(answer.text)["会员"]["手机"] == seeds.phone_of(1)
    (act,) = acts(house)
    assert (act.action, act.details) == ("member.exported", {"reason": "会员本人申请"})


def test_an_erasure_wants_the_number_typed(house: House, owner: Browser, wang: Member) -> None:
    path = f"/console/members/{wang.id}/erasures"
    give(house, wang)

    owner.post(path, reason="会员本人申请", typed="999")
    assert member_now(house, wang).state == "active"
    owner.post(path, reason="会员本人申请", typed=str(wang.id))

    assert member_now(house, wang).state == "erased"
    page = owner.text(f"/console/members/{wang.id}")
    assert "王芳" not in page
    assert ">撤销<" not in page
    assert {act.action for act in acts(house)} == {"member.erased", "member.erase_reason"}
    assert breaches(house.database, NOON) == {}


def test_a_credit_is_taken_back_once(house: House, owner: Browser, wang: Member) -> None:
    entry = give(house, wang, 500)
    path = f"/console/members/{wang.id}/entries/{entry}/reversal"
    assert "收回 500 积分" in owner.text(path)

    for _ in range(2):
        owner.post(path, reason="发错了")

    assert balance(house, wang) == 0
    page = owner.text(f"/console/members/{wang.id}")
    assert "已撤销" in page
    assert breaches(house.database, NOON) == {}


def test_a_spent_credit_becomes_a_debt(house: House, owner: Browser, wang: Member) -> None:
    entry = give(house, wang, 500)
    spent = Debit(400, "counter:1", "营业厅兑换")
    house.database.transaction(lambda db: points.spend(db, wang.id, spent, NOON))

    owner.post(f"/console/members/{wang.id}/entries/{entry}/reversal", reason="发错了")

    account = house.database.read(lambda db: db.get_one(PointsAccount, wang.id))
    assert (account.balance, account.debt) == (0, 400)
    assert "另欠 400 分" in owner.text(f"/console/members/{wang.id}")


def test_what_an_order_took_goes_back_with_the_order_only(
    house: House, owner: Browser, wang: Member
) -> None:
    give(house, wang)
    reward = house.database.transaction(loyalty_seeds.add_reward)
    house.database.transaction(
        lambda db: loyalty_seeds.add_order(db, house.vault, wang.id, reward)
    )
    entry = house.database.read(lambda db: points.entries_of(db, wang.id)[0].id)
    path = f"/console/members/{wang.id}/entries/{entry}/reversal"

    assert owner.get(path).status_code == 404
    assert owner.post(path, reason="退").status_code == 404
    assert path not in owner.text(f"/console/members/{wang.id}")


def test_an_entry_of_another_member_is_not_found(
    house: House, owner: Browser, wang: Member
) -> None:
    entry = give(house, wang)
    li = house.database.transaction(lambda db: seeds.add_member(db, house.vault, 2))

    answer = owner.post(f"/console/members/{li.id}/entries/{entry}/reversal", reason="x")

    assert answer.status_code == 404
    assert balance(house, wang) == 500


def test_two_members_are_merged_after_a_look(house: House, owner: Browser, wang: Member) -> None:
    give(house, wang, 120)
    li = house.database.transaction(lambda db: seeds.add_member(db, house.vault, 2, "李雷"))
    path = f"/console/members/{wang.id}/merge"

    plan = owner.text(f"{path}?into={li.id}")
    assert "120" in plan
    assert "李雷" in plan
    owner.post(path, into=str(li.id), reason="")
    assert member_now(house, wang).state == "active", "a reason is needed"
    owner.post(path, into=str(li.id), reason="同一人")

    assert member_now(house, wang).merged_into_id == li.id
    assert balance(house, li) == 120
    assert f"会员 {li.id}" in owner.text(f"/console/members/{wang.id}")
    assert breaches(house.database, NOON) == {}


@pytest.mark.parametrize("into", ["", "x", "424242", "1"])
def test_nobody_to_merge_into_is_said_on_the_page(
    house: House, owner: Browser, wang: Member, into: str
) -> None:
    answer = owner.get(f"/console/members/{wang.id}/merge?into={into}")

    assert answer.location == f"/console/members/{wang.id}/acts"
    assert "alert-danger" in owner.text(answer.location)
