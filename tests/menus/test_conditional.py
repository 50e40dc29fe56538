"""Conditional menus: who sees what, and tags on their way to WeChat."""

from typing import Any

import pytest
from sqlalchemy import delete, select

from handlers import menu_jobs
from kernel.refusals import NotFound
from loyalty import followers, members, tags
from loyalty.members import Member
from loyalty.tags import MemberTag
from menus import conditional, publications, sights, tag_sync
from menus.conditional import Face, Rule, Sight, Variant
from menus.targets import view
from menus.tree import Entry, Hall, Menu, MenuMalformed
from menus.wechat_tags import WechatTagging, fitting
from tests.menus.house import BASE, MARKETER, RULES, House, Killed, menu, variant

ONE, TWO = menu("资费"), menu("网点")


@pytest.mark.parametrize(
    ("held", "platform", "seen"),
    [
        ([], "2", None),
        (["vip"], "2", "贵宾"),
        (["new"], "2", None),
        (["new"], "1", "苹果新客"),
        (["vip", "new"], "1", "贵宾"),
        (["other"], "3", None),
    ],
)
def test_the_first_that_fits_is_seen(held: list[str], platform: str, seen: str | None) -> None:
    face = Face(ONE, (variant("贵宾", "vip", "甲"), Variant("苹果新客", Rule("new", "1"), TWO)))
    sight = conditional.see(face, held, platform, {"vip": "贵宾", "new": "新客户"})
    assert (sight.variant.name if sight.variant else None) == seen
    assert sight.ambiguous is (len(set(held) & {"vip", "new"}) > 1)
    assert sight.why


def test_why_somebody_does_not_see_it_is_told() -> None:
    face = Face(ONE, (variant("贵宾", "vip", "甲"), Variant("苹果", Rule("", "1"), TWO)))
    why = conditional.see(face, [], "2", {"vip": "金牌客户"}).why
    assert "没有标签“金牌客户”" in why[0]
    assert "iPhone" in why[1]
    assert "默认菜单" in why[2]


def test_links_of_a_variant_lead_to_three_hosts_at_most() -> None:
    entries = tuple(Entry(str(n), view(f"https://d{n}.test/")) for n in range(4))
    wide = Variant("广", Rule("vip"), Menu((Hall("x", entries),)))
    found = conditional.check(Face(ONE, (wide,)), BASE, {"vip"})
    assert [one.errcode for one in found] == [65316]


@pytest.mark.parametrize(
    "data",
    [None, {}, [5], [{"name": "x", "halls": 3}], [{"name": 5, "halls": []}],
     [{"name": "x", "platform": "9", "halls": []}], [{"name": "x", "tag": "a\0", "halls": []}],
     [{"name": "x" * 41, "halls": []}], [{"name": "x", "halls": []}] * 11,
     [{"name": "x", "halls": [], "sex": "1"}]],
)  # fmt: skip
def test_hostile_variants_are_refused(data: Any) -> None:
    with pytest.raises(MenuMalformed):
        conditional.variants_from_json(data)


def test_variants_come_back_as_they_were() -> None:
    variants = (variant("贵宾", "vip", "甲"), Variant("苹果", Rule("", "1"), TWO))
    assert conditional.variants_from_json(conditional.variants_json(variants)) == variants


def sync(house: House) -> None:
    """The job and its worker, until nothing is left."""
    for _ in range(6):
        menu_jobs.compare_tags(house.tools)
        menu_jobs.sync_tags(house.tools)


def with_variant(house: House) -> None:
    house.tag("vip", "贵宾")
    house.publish(Face(ONE, (variant("贵宾", "vip", "甲"),)))
    house.wechat.calls.clear()


def tagged(house: House) -> set[str]:
    return house.wechat.tagged.get(house.wechat.named.get("贵宾", 0), set())


def test_the_tag_goes_to_its_members_in_batches_and_only_once(house: House) -> None:
    with_variant(house)
    openids = {house.member(number, "vip") for number in range(60)}
    house.member(60)
    sync(house)
    assert tagged(house) == openids
    assert house.wechat.calls.count("put_tag") == 2
    sync(house)
    assert house.wechat.calls.count("put_tag") == 2
    assert house.database.read(lambda db: tag_sync.counts(db, "vip")) == {"done": 60}


def test_who_loses_the_tag_loses_it_at_wechat(house: House) -> None:
    with_variant(house)
    anna, boris = house.member(1, "vip"), house.member(2, "vip")
    sync(house)
    house.do(lambda db: tags.take(db, members.get(db, anna).id, "vip", house.clock.now()))
    sync(house)
    assert tagged(house) == {boris}
    house.do(lambda db: tags.put(db, members.get(db, anna).id, "vip", house.clock.now()))
    sync(house)
    assert tagged(house) == {anna, boris}


def test_who_left_and_came_back_is_tagged_again(house: House) -> None:
    with_variant(house)
    anna = house.member(1, "vip")
    sync(house)
    house.clock.move(minutes=1)
    house.do(lambda db: followers.unfollow(db, anna, house.clock.now()))
    tagged(house).clear()  # WeChat forgets the tags of whoever leaves
    house.clock.move(minutes=1)
    house.do(lambda db: followers.follow(db, anna, house.clock.now()))
    sync(house)
    assert tagged(house) == {anna}
    house.do(lambda db: followers.unfollow(db, anna, house.clock.now()))
    sync(house)
    assert house.database.read(lambda db: db.scalars(select(WechatTagging)).all()) == []


def test_one_with_twenty_tags_does_not_keep_the_others_waiting(house: House) -> None:
    with_variant(house)
    openids = [house.member(number, "vip") for number in range(4)]
    house.wechat.fail("put_tag", "stop", "45059")  # the batch
    house.wechat.fail("put_tag", "stop", "45059")  # and the first of them alone
    sync(house)
    assert len(tagged(house)) == 3
    failed = house.database.read(
        lambda db: db.scalars(select(WechatTagging).where(WechatTagging.state == "failed")).all()
    )
    assert [(row.openid in openids, row.reason) for row in failed] == [(True, "45059")]


def test_what_is_unsure_is_sent_again_and_a_killed_worker_is_given_up(house: House) -> None:
    with_variant(house)
    anna = house.member(1, "vip")
    house.wechat.kill("put_tag", arrived=False)
    menu_jobs.compare_tags(house.tools)
    with pytest.raises(Killed):
        menu_jobs.sync_tags(house.tools)
    house.clock.move(minutes=2)
    house.wechat.fail("put_tag", "unknown", "ReadTimeout")
    sync(house)
    assert tagged(house) == {anna}


def test_a_full_account_is_told(house: House) -> None:
    house.tag("vip", "贵宾")
    house.wechat.named = {f"tag{n}": n for n in range(100)}
    number = house.approved(Face(ONE, (variant("贵宾", "vip", "甲"),)))
    ordered = house.order(number)
    house.send()
    assert house.publication(ordered).state == "failed"
    assert "标签已满 100 个" in house.publication(ordered).reason


def test_a_tag_that_wechat_lost_is_made_anew(house: House) -> None:
    with_variant(house)
    house.member(1, "vip")
    sync(house)
    house.wechat.named.clear()
    house.wechat.fail("add_conditional", "refused", "45159")
    number = house.approved(Face(TWO, (variant("贵宾", "vip", "乙"),)))
    house.order(number)
    house.send()
    assert house.state(number) == "approved"
    house.order(number)
    house.send()
    assert (house.state(number), list(house.wechat.named)) == ("published", ["贵宾"])


def test_tags_that_no_menu_goes_by_stay_here(house: House) -> None:
    house.tag("vip", "贵宾")
    house.publish(ONE)
    house.member(1, "vip")
    sync(house)
    assert "put_tag" not in house.wechat.calls


def see(house: House, openid: str) -> Sight:
    def look(db: Any) -> Sight:
        return sights.of_member(db, members.get(db, openid).id, "2", RULES)

    return house.database.read(look)


def test_see_as_a_member(house: House) -> None:
    with_variant(house)
    house.tag("trial", "试用")
    anna, boris = house.member(1, "vip"), house.member(2, "trial")
    assert see(house, anna).variant is not None
    assert any("还没有同步" in line for line in see(house, anna).why)
    sync(house)
    assert not any("还没有同步" in line for line in see(house, anna).why)
    assert see(house, boris).menu == ONE
    number = house.approved(TWO)
    house.do(lambda db: publications.try_out(db, number, house.hand(MARKETER)))
    house.send()
    assert see(house, boris).menu == TWO
    assert see(house, anna).menu == menu("甲")
    with pytest.raises(NotFound):
        house.database.read(lambda db: sights.of_member(db, 999_999, "2", RULES))


def test_names_are_cut_to_what_wechat_takes() -> None:
    assert fitting("一二三四五六七八九十甲") == "一二三四五六七八九十"
    assert fitting("vip") == "vip"


def test_nothing_of_the_members_is_changed(house: House) -> None:
    with_variant(house)
    house.member(1, "vip")
    sync(house)
    counts = house.database.read(
        lambda db: (
            len(db.scalars(select(Member)).all()),
            len(db.scalars(select(MemberTag)).all()),
        )
    )
    assert counts == (1, 1)
    house.do(lambda db: db.execute(delete(MemberTag)))
    sync(house)
    assert tagged(house) == set()
