"""Reply rules in the console: two people, the form, the list."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content import reply_rules
from content.reply_rules import ReplyRule
from kernel.audit import AuditEntry
from tests.console import desk_seeds
from tests.console.house import NOON, House

EVIL = '<script>alert("x")</script>'


def typed(**other: str) -> dict[str, str]:
    """The form as a browser sends it."""
    return {
        "name": "断网报修", "kinds-text": "yes", "pattern_kind": "contains",
        "pattern_text": "断网", "reply_kind": "text", "reply_text": "请先重启光猫。",
        "mode": "first", "priority": "100", "cool_down_unit": "60",
    } | other  # fmt: skip


def only(house: House) -> ReplyRule:
    """The newest revision."""
    query = select(ReplyRule).order_by(ReplyRule.id.desc()).limit(1)
    return house.database.read(lambda db: db.scalars(query).one())


def rule_in(house: House, state: str, **values: Any) -> int:
    """A rule in that state; its number."""
    return house.database.transaction(
        lambda db: desk_seeds.add_rule(db, "outage", desk_seeds.form(**values), state).id
    )


def test_two_people_bring_a_rule_to_customers(house: House) -> None:
    marketer, approver = house.enter("marketer"), house.enter("approver")
    made = marketer.post("/console/replies", **typed(code="outage"))
    page = made.location
    assert "草稿" in marketer.text(page)
    marketer.post(f"{page}/review", note="请看")
    assert "需由另一位同事审核" in marketer.text(page)
    assert "我改好了" not in approver.text(page)
    approver.post(f"{page}/comments", body="<b>话术</b>再短些")
    approver.post(f"{page}/refuse", reason="请写上报修电话")
    assert "请写上报修电话" in marketer.text(page)
    assert "&lt;b&gt;话术" in marketer.text(page)
    marketer.post(page, **typed(reply_text="请先重启光猫，再拨 10050。"))
    marketer.post(f"{page}/review", note="改好了")
    assert approver.post(f"{page}/approve", reason="可以").status_code == 303

    assert only(house).state == "live"
    assert "已通过，马上按新的规则回复客户" in approver.text(page)
    actions = house.database.read(lambda db: set(db.scalars(select(AuditEntry.action))))
    assert {"reply_rule.drafted", "reply_rule.refused", "reply_rule.approved"} <= actions


def test_nobody_approves_his_own_rule(house: House) -> None:
    owner = house.enter("owner")
    page = owner.post("/console/replies", **typed()).location
    owner.post(f"{page}/review")
    owner.post(f"{page}/approve", reason="我自己看过")

    assert only(house).state == "in_review"
    assert "refused: own_work" in owner.text(page)


def test_a_review_that_is_over_is_no_missing_page(house: House) -> None:
    page = f"/console/replies/{rule_in(house, 'live')}"
    approver = house.enter("approver")

    assert approver.post(f"{page}/approve", reason="晚了").status_code == 303
    assert "这次审核已经有结果或已撤回" in approver.text(page)


def test_what_stands_is_paused_resumed_and_retired(house: House) -> None:
    page = f"/console/replies/{rule_in(house, 'live')}"
    marketer = house.enter("marketer")
    for act, state in (("pause", "paused"), ("resume", "live"), ("retire", "retired")):
        assert marketer.post(f"{page}/{act}").status_code == 303
        assert only(house).state == state
    marketer.post(f"{page}/pause")

    assert "refused: rule_wrong_state" in marketer.text(page)


def test_a_live_rule_stays_while_its_next_revision_is_written(house: House) -> None:
    first = rule_in(house, "live")
    marketer = house.enter("marketer")
    assert "的新一版" in marketer.text(f"/console/replies/{first}/edit")

    made = marketer.post(f"/console/replies/{first}", **typed(reply_text="新的话"))

    assert only(house).revision == 2
    assert made.location.endswith(str(only(house).id))
    assert "客户现在看到的是" in marketer.text(made.location)
    again = marketer.post(f"/console/replies/{first}", **typed(reply_text="又一版"))
    assert again.status_code == 409
    assert "又一版" in again.text


def test_a_draft_that_a_colleague_saved_meanwhile_is_not_overwritten(house: House) -> None:
    number = rule_in(house, "draft")
    marketer, owner = house.enter("marketer"), house.enter("owner")
    seen = only(house).changed_at.isoformat()
    house.clock.move(minutes=1)
    owner.post(f"/console/replies/{number}", **typed(name="负责人改的", seen=seen))

    late = marketer.post(f"/console/replies/{number}", **typed(name="市场改的", seen=seen))

    assert late.status_code == 409
    assert "同事刚保存过" in late.text
    assert "市场改的" in late.text
    assert only(house).name == "负责人改的"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "名称要有"),
        ({"name": "长" * 41}, "名称要有"),
        ({"pattern_text": ""}, "至少一个关键词"),
        ({"pattern_kind": "regex", "pattern_text": "((a{50}){50}){50}"}, "表达式太复杂"),
        ({"pattern_kind": "regex", "pattern_text": r"(a)\1"}, "反向引用"),
        ({"pattern_kind": "regex", "pattern_text": "(没关"}, "第 1 个关键词"),
        ({"pattern_kind": "glob"}, "请选择完全相同"),
        ({"reply_text": "字" * 683}, "超过 2048 字节"),
        ({"reply_text": ""}, "请填写文字"),
        ({"reply_kind": ""}, "1 至 10 条回复"),
        ({"reply_kind": "news", "reply_title": "卡", "reply_url": "javascript:alert(1)"}, "https"),
        ({"priority": "1000"}, "1 至 999"),
        ({"priority": "x"}, "请填写整数"),
        ({"mode": "loud"}, "请选择发送方式"),
        ({"hours_from": "08:30"}, "时段要写全"),
        ({"starts_at": "2026-12-02T00:00", "ends_at": "2026-12-01T00:00"}, "晚于开始"),
        ({"cool_down": "31", "cool_down_unit": "86400"}, "30 天"),
        ({"code": "Not A Code"}, "编号用小写"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    house: House, wrong: dict[str, str], words: str
) -> None:
    answer = house.enter("marketer").post(
        "/console/replies", **typed(scenes="poster-7", **wrong) if wrong else typed()
    )

    assert answer.status_code == 422
    assert words in answer.text
    assert "poster-7" in answer.text
    assert house.database.read(lambda db: db.scalars(select(ReplyRule)).all()) == []


def test_odd_characters_do_no_harm(house: House) -> None:
    answer = house.enter("marketer").post(
        "/console/replies", **typed(name="断\x00网", reply_text="好\x00的", code="nul")
    )

    assert answer.status_code == 303
    assert (only(house).name, only(house).replies[0]["text"]) == ("断网", "好的")


def test_nothing_of_a_form_but_its_fields_is_taken(house: House) -> None:
    house.enter("marketer").post(
        "/console/replies", **typed(state="live", standing="outage", author_id="1", revision="9")
    )

    assert (only(house).state, only(house).standing, only(house).revision) == ("draft", None, 1)


def test_without_scripts_the_server_adds_rows(house: House) -> None:
    answer = house.enter("marketer").post("/console/replies", **typed(more="patterns"))

    assert answer.status_code == 200
    assert "第 2 个关键词" in answer.text
    assert "断网" in answer.text


def test_every_text_is_shown_as_text(house: House) -> None:
    written = desk_seeds.form(
        EVIL, f'{EVIL}<a href="javascript:alert(1)">点这里</a>', name=EVIL[:40]
    )
    rule = house.database.transaction(lambda db: desk_seeds.add_rule(db, "evil", written, "draft"))
    browser = house.enter("marketer")

    for page in ("", f"/{rule.id}", f"/{rule.id}/edit"):
        text = browser.text(f"/console/replies{page}")
        assert "<script>alert" not in text, page
        assert 'href="javascript' not in text, page
    preview = browser.post("/console/replies/preview", **typed(reply_text=EVIL)).text
    assert "<script>" not in preview
    assert "&lt;script&gt;" in preview


def test_the_preview_says_what_keeps_it_from_being_saved(house: House) -> None:
    browser = house.enter("marketer")

    good = browser.post("/console/replies/preview", **typed())
    bad = browser.post(
        "/console/replies/preview", **typed(pattern_kind="regex", pattern_text="(a")
    )

    assert "可以保存" in good.text
    assert "还不能保存" in bad.text


def test_the_list_is_searched_and_filtered(house: House) -> None:
    def furnish(db: Session) -> None:
        desk_seeds.add_rule(db, "a", desk_seeds.form("断网", priority=10))
        desk_seeds.add_rule(db, "b", desk_seeds.form("资费", "每月 79 元", priority=900), "draft")
        follow = desk_seeds.form(
            kinds=["follow"], patterns=[], scenes=["poster-*"], name="海报欢迎"
        )
        desk_seeds.add_rule(db, "c", follow)

    house.database.transaction(furnish)
    browser = house.enter("auditor")

    page = browser.text("/console/replies")
    assert page.index("资费规则") < page.index("断网规则"), "greater priority first"
    assert "海报欢迎" not in page
    assert "海报欢迎" in browser.text("/console/replies?tab=follow")
    assert "渠道码 poster-*" in browser.text("/console/replies?tab=follow")
    assert "断网规则" not in browser.text("/console/replies?q=79 元")
    assert "资费规则" not in browser.text("/console/replies?state=live")
    assert "没有符合的规则" in browser.text("/console/replies?q=不存在的词")
    assert "新建规则" not in page


@pytest.mark.parametrize(
    "query", ["before=x-y", "before=9-", "before=" + "9" * 60, "tab=nope", "state=%00", "kind=zip"]
)
def test_odd_queries_are_the_first_page(house: House, query: str) -> None:
    assert house.enter("owner").get(f"/console/replies?{query}").status_code == 200


def test_conditions_are_said_in_words(house: House) -> None:
    number = rule_in(
        house, "draft", hours_from="20:00", hours_until="08:30", weekdays=[6, 7],
        cool_down_seconds=3600, starts_at=NOON, without_tag="vip",
    )  # fmt: skip

    page = house.enter("marketer").text(f"/console/replies/{number}")

    for words in ("每天 20:00–08:30", "每周六、日", "每人 1 小时内只回复一次", "没有标签“vip”"):
        assert words in page


def test_a_rule_that_is_not_there_is_a_page_that_says_so(house: House) -> None:
    browser = house.enter("owner")
    token = browser.token()

    for path in ("", "/edit"):
        assert browser.get(f"/console/replies/4242{path}").status_code == 404
    for path in ("", "/review", "/approve", "/pause", "/discard", "/comments"):
        data = {**typed(), "body": "话", "csrf_token": token}
        assert browser.client.post(f"/console/replies/4242{path}", data=data).status_code == 404


def test_changes_are_in_the_audit_log(house: House) -> None:
    number = rule_in(house, "draft")
    house.clock.at = NOON + timedelta(hours=1)
    house.enter("marketer").post(f"/console/replies/{number}", **typed(priority="7"))

    def changed(db: Session) -> AuditEntry:
        query = select(AuditEntry).where(AuditEntry.action == "reply_rule.changed")
        return db.scalars(query).one()

    assert (house.database.read(changed).details or {})["changes"]["优先级"] == [100, 7]
    assert reply_rules.STATES[only(house).state] == "草稿"
