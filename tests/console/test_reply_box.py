"""The test box: who would answer, why the others would not, and nothing that is left behind."""

import time

import pytest
from sqlalchemy.orm import Session

from tests.console import desk_seeds, seeds
from tests.console.house import Browser, House
from tests.console.test_replies import EVIL, rule_in


def rehearse(browser: Browser, **said: str) -> str:
    given = {"kind": "text", "text": "家里断网了", "at": "2026-11-21T12:00"} | said
    return browser.post("/console/replies/test", **given).text


def test_the_box_shows_who_wins_and_why(house: House) -> None:
    def furnish(db: Session) -> None:
        night = desk_seeds.form("断网", "夜里的话", priority=900, name="夜间", hours_from="20:00",
                                hours_until="08:30")  # fmt: skip
        desk_seeds.add_rule(db, "night", night)
        desk_seeds.add_rule(db, "day", desk_seeds.form("断网", "白天的话", name="白天"))
        desk_seeds.add_rule(db, "last", desk_seeds.form("网", "谁也没轮到", priority=1))

    house.database.transaction(furnish)
    browser = house.enter("auditor")

    day, night = rehearse(browser), rehearse(browser, at="2026-11-21T22:00")

    assert "白天的话" in day
    assert "不在 20:00 至 08:30" in day
    assert "在它前面回复了" in day
    assert "没轮到" in day
    assert "夜里的话" in night


def test_the_box_tells_what_drafts_would_do(house: House) -> None:
    rule_in(house, "draft", priority=900)
    browser = house.enter("marketer")

    assert "通过后由它回复" in rehearse(browser, drafts="yes")
    assert "没有关键词符合" in rehearse(browser, text="别的话", drafts="yes")
    assert "通过后由它回复" not in rehearse(browser)


def test_the_box_asks_for_one_member(house: House) -> None:
    house.database.transaction(lambda db: seeds.add_member(db, house.vault, 1, "王芳"))
    house.database.transaction(lambda db: seeds.add_member(db, house.vault, 2, EVIL[:20]))
    house.database.transaction(lambda db: seeds.add_member(db, house.vault, 3, "王芳"))
    browser = house.enter("marketer")

    assert "有几位同名会员" in rehearse(browser, who="王芳")
    assert "王芳（会员号 3）" in rehearse(browser, who="王芳", member_id="3")
    assert "王芳（会员号 1）" in rehearse(browser, who=seeds.phone_of(1))
    assert "没有找到这位会员" in rehearse(browser, who="李四")
    assert "<script>" not in rehearse(browser, who="2")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("event.subscribe", {"scene": "poster-1"}), ("event.scan", {"scene": "poster-1"}),
        ("event.click", {"key": "reply.outage"}), ("image", {}), ("location", {}), ("voice", {}),
    ],
)  # fmt: skip
def test_the_box_takes_other_messages(house: House, kind: str, said: dict[str, str]) -> None:
    rule_in(house, "live")

    page = rehearse(house.enter("marketer"), kind=kind, text="", drafts="yes", **said)

    assert "会这样回复" in page
    assert kind != "event.click" or "请先重启光猫" in page


def test_a_pattern_that_runs_away_elsewhere_answers_at_once(house: House) -> None:
    rule_in(house, "live", patterns=[{"kind": "regex", "text": "(a+)+$"}])
    browser, begun = house.enter("marketer"), time.monotonic()

    assert "会这样回复" in rehearse(browser, text="a" * 500 + "!")
    assert time.monotonic() - begun < 3


def test_the_box_leaves_nothing_behind(house: House) -> None:
    rule_in(house, "live", cool_down_seconds=3600)
    browser = house.enter("marketer")

    assert all("请先重启光猫" in rehearse(browser) for _ in range(2)), "no cool-down was begun"


@pytest.mark.parametrize(
    "wrong", [{"kind": "zip"}, {"text": ""}, {"text": "长" * 601}, {"at": "x"}]
)
def test_the_box_says_what_is_missing(house: House, wrong: dict[str, str]) -> None:
    given = {"kind": "text", "text": "断网", "at": ""} | wrong

    assert house.enter("marketer").post("/console/replies/test", **given).status_code == 422
