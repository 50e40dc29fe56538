"""Rules: checked when written, said in one sentence, and the same in SQL as in plain Python."""

from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.refusals import NotFound
from loyalty import points, reasons, rules, tag_definitions
from loyalty.members import Member
from loyalty.points import Credit
from loyalty.rule_trees import EVERYBODY
from loyalty.rules import RuleInvalid, RuleNotMet
from loyalty.tag_definitions import Draft
from loyalty.vocabulary import BASE
from tests.loyalty.people import NEXT_YEAR, join
from tests.world import NOON

BALANCE = {"field": "points.balance", "op": ">=", "value": 100}
SILVER = {"field": "tier.level", "op": ">=", "value": 2}
KEEN = {"field": "check_ins.count", "days": 30, "op": ">=", "value": 10}


def said(value: Any, names: dict[tuple[str, Any], str] | None = None) -> str:
    return rules.explain(rules.parse(value), names)


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = BALANCE
    for _ in range(depth - 1):
        value = {"not": value}
    return value


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"all": [SILVER, KEEN]}, "等级为银卡及以上，且近 30 天签到不少于 10 天"),
        ({"all": []}, "不限"),
        ({"not": SILVER}, "等级低于银卡"),
        ({"field": "tier.level", "op": "=", "value": 0}, "等级为普通会员"),
        ({"field": "tier.level", "op": "<=", "value": 7}, "等级为 7 级及以下"),
        ({"field": "tier.level", "op": "between", "value": [0, 2]}, "等级为普通会员至银卡"),
        ({"any": [BALANCE, KEEN]}, "积分余额不少于 100 分，或近 30 天签到不少于 10 天"),
        (
            {"all": [SILVER, {"any": [BALANCE, KEEN]}]},
            "等级为银卡及以上，且（积分余额不少于 100 分，或近 30 天签到不少于 10 天）",
        ),
        (
            {"field": "points.expiring", "days": 7, "op": ">", "value": 0},
            "7 天内到期积分多于 0 分",
        ),
        ({"field": "member.registered_days", "op": ">=", "value": 100}, "注册不少于 100 天"),
        (
            {"field": "member.registered_on", "op": "<", "value": "2026-01-01"},
            "注册日期早于 2026 年 1 月 1 日",
        ),
        ({"field": "tags", "op": "has", "value": "vip"}, "标签含“大客户”"),
        ({"not": {"field": "tags", "op": "has", "value": ["vip", "x"]}}, "标签不含“大客户”或“x”"),
        (
            {"field": "coupons.claimed", "batch": "spring", "op": "=", "value": 0},
            "领取“新春券”为 0 张",
        ),
        (
            {"field": "coupons.used", "days": 30, "op": ">=", "value": 1},
            "近 30 天使用优惠券不少于 1 张",
        ),
        ({"field": "follower.subscribed", "op": "=", "value": True}, "已关注"),
        ({"not": {"field": "follower.subscribed", "op": "=", "value": True}}, "未关注"),
        ({"field": "weekday", "op": "in", "value": [6, 7]}, "今天为周六或周日"),
        (
            {"field": "today", "op": "between", "value": ["2026-11-01", "2026-11-30"]},
            "日期在 2026 年 11 月 1 日至 2026 年 11 月 30 日之间",
        ),
        (
            {"not": {"field": "check_ins.last_days_ago", "op": ">=", "value": 3}},
            "不满足（距上次签到不少于 3 天）",
        ),
        ({"field": "profile.city", "op": "in", "value": ["杭州", "宁波"]}, "城市为“杭州”或“宁波”"),
        ({"field": "birthday.month", "op": "=", "value": 2}, "生日月份为 2 月"),
    ],
)  # fmt: skip
def test_a_rule_is_said_in_one_sentence(value: Any, sentence: str) -> None:
    names = {
        ("tier.level", 2): "银卡",
        ("tags", "vip"): "大客户",
        ("batch", "spring"): "新春券",
        ("title", "profile.city"): "城市",
    }
    assert said(value, names) == sentence


@pytest.mark.parametrize(
    ("value", "place", "reason"),
    [
        (None, "规则", "须为一个条件"),
        ([], "规则", "须为一个条件"),
        ({}, "规则", "须为 all、any、not 之一或一个条件"),
        ({"any": []}, "规则", "须为 all、any、not 之一，且不为空"),
        ({"all": [BALANCE], "any": [BALANCE]}, "规则", "须为 all、any、not 之一或一个条件"),
        ({"all": [BALANCE, 7]}, "规则 › 第 2 项", "须为一个条件"),
        ({"all": [{"any": [BALANCE, {"all": []}]}]}, "规则 › 第 1 项 › 第 2 项", "须为"),
        ({"field": "member.password", "op": "=", "value": 1}, "规则", "没有这个字段"),
        ({"field": ["x"], "op": "=", "value": 1}, "规则", "没有这个字段"),
        ({"field": "profile.No Code", "op": "=", "value": 1}, "规则", "没有这个字段"),
        ({**BALANCE, "op": "like"}, "规则", "此字段不能这样比较"),
        ({**BALANCE, "op": [">="]}, "规则", "此字段不能这样比较"),
        ({**BALANCE, "value": "100"}, "规则", "须为整数"),
        ({**BALANCE, "value": True}, "规则", "须为整数"),
        ({**BALANCE, "value": 10**13}, "规则", "须在"),
        ({**BALANCE, "value": 1.5}, "规则", "须为整数"),
        ({**BALANCE, "extra": 1}, "规则", "有不认识的参数"),
        ({**BALANCE, "op": "between", "value": [5, 1]}, "规则", "须为从小到大的两个值"),
        ({**BALANCE, "op": "in", "value": []}, "规则", "须为列表"),
        ({**BALANCE, "op": "in", "value": list(range(51))}, "规则", "最多 50 个值"),
        ({**KEEN, "days": 0}, "规则", "天数须为"),
        ({**KEEN, "days": "30"}, "规则", "天数须为"),
        ({"field": "points.expiring", "op": ">", "value": 0}, "规则", "缺少参数 days"),
        ({"field": "tags", "op": "has", "value": ""}, "规则", "须为前后无空格的文字"),
        ({"field": "tags", "op": "has", "value": "a\x00"}, "规则", "须为前后无空格的文字"),
        ({"field": "tags", "op": "has", "value": "x" * 101}, "规则", "须为 100 字以内的文字"),
        ({"field": "today", "op": "=", "value": "2026-02-30"}, "规则", "须为日期"),
        ({"field": "today", "op": "=", "value": "20261120"}, "规则", "须为日期"),
        ({"field": "weekday", "op": "=", "value": 8}, "规则", "不是可选的值"),
        ({"field": "member.state", "op": "=", "value": "gone"}, "规则", "不是可选的值"),
        ({"field": "follower.subscribed", "op": "=", "value": 1}, "规则", "须为 true 或 false"),
        (nested(7), "规则" + " › 第 1 项" * 6, "条件最多 6 层"),
        ({"all": [BALANCE] * 51}, "规则 › 第 51 项", "条件最多 50 个"),
    ],
)  # fmt: skip
def test_a_faulty_rule_is_refused_with_its_place(value: Any, place: str, reason: str) -> None:
    with pytest.raises(RuleInvalid) as refused:
        rules.parse(value)
    assert refused.value.facts["place"] == place
    assert str(refused.value.facts["reason"]).startswith(reason)


@pytest.mark.parametrize("value", [nested(6), {"any": [BALANCE] * 50}])
def test_a_rule_may_be_six_deep_and_have_fifty_leaves(sqlite: Database, value: Any) -> None:
    query = select(Member.id).where(rules.where(rules.parse(value), NOON))
    assert sqlite.read(lambda session: session.scalars(query).all()) == []


def test_every_field_compiles_and_is_said_everywhere(database: Database) -> None:
    values: dict[str, Any] = {
        "tags": ["vip"], "member.channel": "site", "member.state": "active", "today": "2026-11-20",
        "member.registered_on": "2026-01-01",
    }  # fmt: skip
    leaves = []
    for code, field in BASE.fields.items():
        is_flag = field.kind.ops == ("=",)
        value = values.get(code, True if is_flag else 3)
        extra = {one.name: 30 if one.name == "days" else "spring" for one in field.arguments}
        leaves.append({"field": code, "op": field.kind.ops[0], "value": value, **extra})

    def work(session: Session) -> None:
        member = join(session)
        for leaf in leaves:
            rule = rules.parse(leaf)
            session.execute(select(Member.id).where(rules.where(rule, NOON))).all()
            condition = rules.check(session, rule, member, NOON)[0]
            assert condition.title == rules.explain(rule), leaf
            assert condition.value, leaf

    database.transaction(work)


def test_why_not_me_shows_each_condition_with_the_value_used(database: Database) -> None:
    def work(session: Session) -> None:
        tag_definitions.define(session, Draft("vip", "大客户"), NOON, by=None)
        member = join(session)
        points.earn(session, member, [Credit(120, "a", "")], NOON, NEXT_YEAR)
        rule = rules.parse({
            "all": [
                BALANCE,
                {"field": "tags", "op": "has", "value": "vip"},
                {"any": [SILVER, KEEN]},
            ]
        })  # fmt: skip
        found = rules.check(session, rule, member, NOON)
        assert [(one.title, one.met, one.value) for one in found] == [
            ("积分余额不少于 100 分", True, "120 分"),
            ("标签含“大客户”", False, "没有"),
            (
                "等级为 2 级及以上，或近 30 天签到不少于 10 天",
                False,
                "等级：普通会员；近 30 天签到：0 天",
            ),
        ]
        with pytest.raises(RuleNotMet) as refused:
            reasons.enforce(found)
        assert refused.value.facts == {"condition": "标签含“大客户”", "value": "没有"}

    database.transaction(work)


def test_why_not_me_is_one_statement(sqlite: Database) -> None:
    member = sqlite.transaction(join)
    sent: list[str] = []

    def note(_c: object, _k: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    rule = rules.parse({"all": [SILVER, KEEN, {"not": BALANCE}]})
    event.listen(sqlite.engine, "before_cursor_execute", note)
    try:
        sqlite.read(lambda session: rules.check(session, rule, member, NOON))
    finally:
        event.remove(sqlite.engine, "before_cursor_execute", note)
    assert len([one for one in sent if one.startswith("SELECT")]) == 1


def test_everybody_meets_no_condition_and_nobody_unknown_is_asked(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member = join(session)
        assert rules.check(session, EVERYBODY, member, NOON) == []
        with pytest.raises(NotFound):
            rules.check(session, rules.parse(BALANCE), member + 1, NOON)

    sqlite.transaction(work)
