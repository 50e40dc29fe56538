"""Rules without JSON: rows that come and go, the sentence beside them, and what is saved."""

import json
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from loyalty import segments
from loyalty.members import Member
from tests.console import loyalty_seeds
from tests.console.house import Browser, House
from web.console import rule_builder, rule_forms, rule_picks

POINTS = {"field": "points.balance", "op": ">=", "value": 100}
RULES: list[dict[str, Any]] = [
    {"all": [POINTS, {"any": [{"field": "check_ins.count", "days": 30, "op": "between",
                               "value": [1, 9]}, {"not": POINTS}]}]},
    {"not": {"all": [POINTS, {"field": "check_ins.today", "op": "=", "value": False}]}},
    {"any": [{"field": "member.registered_on", "op": "<", "value": "2026-01-31"},
             {"field": "weekday", "op": "in", "value": [6, 7]},
             {"field": "member.channel", "op": "not_in", "value": ["site", "qr"]}]},
    {"all": [{"field": "tags", "op": "lacks", "value": ["vip", "gone"]},
             {"field": "tier.level", "op": ">=", "value": 7},
             {"field": "coupons.used", "batch": "old", "op": "=", "value": 0}]},
    {"all": []},
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_the_same_after_the_builder(house: House, rule: dict[str, Any]) -> None:
    picks = house.database.read(lambda db: rule_picks.picks(db, json.dumps(rule)))

    top = rule_forms.rows_of(rule, picks)

    assert top is not None
    assert rule_forms.as_json(top, picks) == rule


def test_what_no_row_can_say_is_kept_as_it_is(house: House) -> None:
    picks = house.database.read(lambda db: rule_picks.picks(db, ""))
    gone = {"all": [{"field": "gone", "op": "=", "value": 1}, POINTS]}

    top = rule_forms.rows_of(gone, picks)

    assert top is not None
    assert rule_forms.as_json(top, picks) == gone
    assert rule_forms.rows_of({"all": POINTS}, picks) is None


# A form whose top group holds one condition on points.
ROWS = [
    ("rule-shown", ""), ("rule", ""), ("rule-at", ""), ("rule-how", "all"), ("rule-at", "-0"),
    ("rule-0-field", "points.balance"), ("rule-0-op", ">="), ("rule-0-value", "100"),
]  # fmt: skip


def sent(house: House, *more: tuple[str, str]) -> dict[str, Any] | None:
    form = MultiDict([*more, *ROWS])
    return house.database.read(lambda db: rule_builder.rule_of(db, form))


def test_rows_are_saved_and_code_by_hand_comes_before_them(house: House) -> None:
    other = json.dumps({"not": POINTS})

    assert sent(house) == {"all": [POINTS]}
    assert sent(house, ("rule", other)) == {"not": POINTS}
    # Untouched rows leave what was written as it is, without the group around it.
    shown = json.dumps(POINTS)
    assert sent(house, ("rule", shown), ("rule-shown", shown)) == POINTS


def test_a_row_lost_its_group_or_is_one_too_many(house: House) -> None:
    flood = [("rule-at", f"-{number}") for number in range(1, 99)]

    assert sent(house, ("rule-at", "-7-0"), ("rule-at", "x"), ("rule-at", "-0-0")) is not None
    posted = MultiDict([*ROWS, *flood * 9])
    assert len(rule_forms.sent(posted).rows) <= 100


def test_buttons_add_and_drop_rows(owner: Browser) -> None:
    form: dict[str, Any] = dict(ROWS) | {"rule-at": ["", "-0"]}

    grown = owner.post("/console/rules/board", **form, **{"rule-act": "group:"}).text
    assert 'name="rule-1-how"' in grown
    assert 'name="rule-1-0-field"' in grown
    assert "第 2 条里的第 1 条：请选择条件" in grown
    shrunk = owner.post("/console/rules/board", **form, **{"rule-act": "drop:-0"}).text
    assert "rule-0-field" not in shrunk
    for odd in ("drop:", "drop:-9", "add:-0", "add:-9", "no", "group:-x"):
        same = owner.post("/console/rules/board", **form, **{"rule-act": odd})
        assert same.status_code == 200


def test_the_sentence_and_the_count_follow_the_rows(
    house: House, owner: Browser, wang: Member
) -> None:
    house.database.transaction(lambda db: loyalty_seeds.give_points(db, wang.id, 150))
    form: dict[str, Any] = dict(ROWS) | {"rule-at": ["", "-0"]}

    told = owner.post("/console/rules/meaning", **form).text

    assert "积分余额不少于 100 分" in told
    assert ">1</b> 位会员" in told
    assert "points.balance" in told  # the code beside it follows, out of band
    missing = owner.post("/console/rules/meaning", **form | {"rule-0-value": ""}).text
    assert "第 1 条：请填写要比较的值" in missing
    wrong = owner.post("/console/rules/meaning", **form | {"rule-0-value": "很多"}).text
    assert "须为整数" in wrong


def test_a_segment_is_saved_from_rows_and_comes_back_with_what_was_typed(
    house: House, owner: Browser
) -> None:
    form: dict[str, Any] = dict(ROWS) | {"rule-at": ["", "-0"], "code": "rich", "name": "满百"}

    refused = owner.post("/console/segments", **form | {"rule-0-value": "1x0"})
    assert refused.status_code == 422
    assert 'value="1x0"' in refused.text
    assert owner.post("/console/segments", **form).status_code == 303
    page = owner.text("/console/segments/rich")
    assert 'value="100"' in page
    assert "积分余额不少于 100 分" in page

    kept = house.database.read(lambda db: segments.rule_of(db, segments.get(db, "rich")))
    assert kept == {"all": [POINTS]}


def test_everybody_is_said_not_left_out(house: House, owner: Browser) -> None:
    form = {"rule-at": "", "rule-how": "all", "code": "all", "name": "所有人"}

    assert owner.post("/console/segments", **form).status_code == 422
    assert owner.post("/console/segments", **form | {"rule-how": "everybody"}).status_code == 303
    kept = house.database.read(lambda db: segments.rule_of(db, segments.get(db, "all")))
    assert kept == {"all": []}
