"""Versions: drafting, stale saves, review by another person."""

from functools import partial

import pytest

from content.reviews import AlreadyInReview, NotCompliant, OwnWork
from kernel.refusals import Invalid, NotFound
from menus import approvals, differences, versions
from menus.conditional import Face
from menus.targets import Target, click, view
from menus.tree import Entry, Hall, Menu
from menus.versions import MenuChanged, MenuRefused, MenuState
from tests.menus.house import APPROVER, BASE, MARKETER, OTHER, House, menu, variant

OLD = menu("资费", "网点")


def draft(house: House, shown: Menu = OLD) -> int:
    return house.do(lambda db: versions.draft(db, Face(shown), "新版", house.hand(MARKETER))).id


def test_a_stale_save_is_refused_and_changes_nothing(house: House) -> None:
    number = draft(house)
    first = (Face(menu("甲")), "甲")
    saved = house.do(lambda db: versions.save(db, number, 1, first, house.hand(OTHER)))
    assert (saved.revision, saved.editors) == (2, [MARKETER, OTHER])
    with pytest.raises(MenuChanged) as refused:
        house.do(
            lambda db: versions.save(db, number, 1, (Face(menu("乙")), "乙"), house.hand(MARKETER))
        )
    assert refused.value.facts["revision"] == 2
    assert versions.face_of(house.version(number)) == first[0]
    assert house.version(number).note == "甲"


def test_who_wrote_in_it_cannot_approve_it(house: House) -> None:
    number = draft(house)
    house.do(lambda db: versions.save(db, number, 1, (Face(OLD), "改"), house.hand(OTHER)))
    house.do(lambda db: approvals.ask(db, number, house.hand(MARKETER), BASE))
    for author in (MARKETER, OTHER):
        with pytest.raises(OwnWork):
            house.do(partial(approvals.approve, version_id=number, hand=house.hand(author)))
    house.do(lambda db: approvals.approve(db, number, house.hand(APPROVER), "好"))
    assert house.state(number) == "approved"


def test_what_is_in_review_is_not_edited_and_comes_back_as_a_draft(house: House) -> None:
    number = draft(house)
    house.do(lambda db: approvals.ask(db, number, house.hand(MARKETER), BASE))
    with pytest.raises(MenuState):
        house.do(lambda db: versions.save(db, number, 1, (Face(OLD), ""), house.hand(MARKETER)))
    with pytest.raises((MenuState, AlreadyInReview)):
        house.do(lambda db: approvals.ask(db, number, house.hand(MARKETER), BASE))
    with pytest.raises(Invalid):
        house.do(lambda db: approvals.refuse(db, number, house.hand(APPROVER), " "))
    assert house.state(number) == "in_review"
    house.do(lambda db: approvals.refuse(db, number, house.hand(APPROVER), "名称太长"))
    assert house.state(number) == "draft"
    house.do(lambda db: versions.save(db, number, 1, (Face(OLD), "改"), house.hand(MARKETER)))
    house.do(lambda db: approvals.ask(db, number, house.hand(MARKETER), BASE))
    house.do(lambda db: approvals.withdraw(db, number, house.hand(MARKETER)))
    assert house.state(number) == "draft"


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (Menu((Hall("一二三四五六", target=click("prices")),)), "16 字节"),
        (Menu((Hall("x", target=click("nobody")),)), "没有可以回复"),
        (Menu((Hall("x", target=click("article.gone")),)), "article.gone"),
        (Menu((Hall("x", target=click("reply.gone")),)), "reply.gone"),
        (Menu((Hall("x", (Entry("y", Target("scancode_waitmsg", "nobody")),)),)), "nobody"),
    ],
)
def test_what_wechat_or_nobody_takes_is_not_sent_to_review(
    quick_house: House, shown: Menu, told: str
) -> None:
    number = draft(quick_house, shown)
    with pytest.raises(MenuRefused) as refused:
        quick_house.do(lambda db: approvals.ask(db, number, quick_house.hand(MARKETER), BASE))
    assert told in str(refused.value.facts["findings"])
    assert quick_house.state(number) == "draft"


def test_a_variant_is_checked_with_its_version(quick_house: House) -> None:
    face = Face(OLD, (variant("老客户", "vip", "甲"), variant("老客户二", "vip", "乙")))
    number = quick_house.do(lambda db: versions.draft(db, face, "", quick_house.hand(MARKETER))).id
    with pytest.raises(MenuRefused) as refused:
        quick_house.do(lambda db: approvals.ask(db, number, quick_house.hand(MARKETER), BASE))
    told = str(refused.value.facts["findings"])
    assert "标签不存在" in told
    assert "条件相同" in told


def test_compliance_has_a_word(quick_house: House) -> None:
    shown = Menu((Hall("优惠", (Entry("分享到朋友圈领红包", click("prices")),)),))
    number = draft(quick_house, shown)
    with pytest.raises(NotCompliant) as refused:
        quick_house.do(lambda db: approvals.ask(db, number, quick_house.hand(MARKETER), BASE))
    assert "分享到朋友圈领红包" in str(refused.value.facts["findings"])
    assert quick_house.state(number) == "draft"


def test_a_draft_is_made_of_any_version_and_thrown_away(house: House) -> None:
    number = house.publish(OLD)
    made = house.do(lambda db: versions.draft_from(db, number, "下一版", house.hand(OTHER)))
    assert (made.base_id, made.state, made.author_id) == (number, "draft", OTHER)
    assert versions.face_of(made) == Face(OLD)
    house.do(lambda db: versions.discard(db, made.id, house.hand(OTHER)))
    with pytest.raises(NotFound):
        house.version(made.id)
    with pytest.raises(MenuState):
        house.do(lambda db: versions.discard(db, number, house.hand(OTHER)))


def test_notes_are_bounded(quick_house: House) -> None:
    with pytest.raises(Invalid):
        quick_house.do(
            lambda db: versions.draft(db, Face(OLD), "说" * 101, quick_house.hand(MARKETER))
        )


def halls(*shown: Hall) -> Menu:
    return Menu(shown)


A, B, C = (Entry(name, click(name)) for name in "abc")
AS_ENTRY, AS_HALL = Hall("一", (A,)), Hall("一", target=click("a"))
NEW = Hall("一", (Entry("新", view("/")),))


@pytest.mark.parametrize(
    ("old", "new", "verbs"),
    [
        (halls(Hall("一", (A, B))), halls(Hall("一", (A, B))), []),
        (halls(Hall("一", (A,))), halls(Hall("一", (A, B))), ["added"]),
        (halls(Hall("一", (A, B))), halls(Hall("一", (B,))), ["removed"]),
        (halls(Hall("一", (B, C))), halls(Hall("一", (A, B, C))), ["added"]),
        (halls(Hall("一", (A, B, C))), halls(Hall("一", (C, A, B))), ["moved"]),
        (
            halls(AS_ENTRY, Hall("二", (B, C))),
            halls(Hall("一", (A, B)), Hall("二", (C,))),
            ["moved"],
        ),
        (halls(Hall("一", (A,))), halls(Hall("一", (Entry("新", click("a")),))), ["renamed"]),
        (halls(Hall("一", (A,))), halls(Hall("一", (Entry("a", view("/")),))), ["retargeted"]),
        (halls(Hall("一", (A,))), halls(Hall("二", (A,))), ["renamed"]),
        (halls(AS_ENTRY, Hall("二", (B,))), halls(Hall("二", (B,)), AS_ENTRY), ["moved"]),
        (halls(AS_ENTRY), halls(AS_HALL), ["retargeted", "removed"]),
        (halls(AS_ENTRY), halls(NEW), ["added", "removed"]),
    ],
)  # fmt: skip
def test_differences_by_place(old: Menu, new: Menu, verbs: list[str]) -> None:
    assert [change.verb for change in differences.diff(old, new)] == verbs


def test_differences_tell_places_and_words() -> None:
    old = halls(Hall("一", (A, B)))
    new = halls(Hall("一", (Entry("签到", click("a")), B)))
    (change,) = differences.diff(old, new)
    assert (change.old, change.new, change.was, change.now) == ((0, 0), (0, 0), "a", "签到")
    assert differences.sentence(change) == "改名：签到（a → 签到）"


def test_variants_differ_too() -> None:
    old = Face(OLD, (variant("甲", "vip", "a"),))
    new = Face(OLD, (variant("乙", "vip", "a"), variant("甲", "new", "b")))
    told = [(one.verb, one.where) for one in differences.diff_faces(old, new)]
    assert ("added", "乙") in told
    assert ("moved", "甲") in told
    assert ("retargeted", "甲") in told
    assert ("renamed", "甲") in told
