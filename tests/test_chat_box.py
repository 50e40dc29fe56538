"""The test box: it says what the bot says, and why, and does nothing."""

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot.replies import from_json, to_json
from content.reply_traces import Question
from kernel.db import Base
from tests.content.chat import explain, rules, text
from tests.content.desk import form, word
from tests.world import Hall, event_xml, message_xml


def everything(hall: Hall) -> dict[str, int]:
    """How many rows each table has."""
    return hall.database.read(
        lambda db: {
            table.name: db.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }
    )


def test_the_test_box_does_nothing(hall_everywhere: Hall, anna: str) -> None:
    hall = hall_everywhere
    hall.member(anna)
    rules(
        hall,
        cool=form(patterns=word("甲甲"), cool_down_seconds=60),
        many=form(patterns=word("丙丙"), replies=[text("一"), text("二")], mode="all"),
    )
    before = everything(hall)
    for said in ("签到", "甲甲", "甲甲", "丙丙", "人工", "光猫红灯", "胡言乱语"):
        assert explain(hall, anna, text=said).reply["content"]
    assert explain(hall, anna, text="丙丙").further == ({"kind": "Text", "content": "二"},)
    explain(hall, "oNobody", kind="event.subscribe", scene="poster-1")
    assert everything(hall) == before
    assert "签到成功" in hall.say(anna, "签到")


def test_the_test_box_tells_why(hall: Hall, anna: str) -> None:
    who = rules(
        hall,
        night=form(patterns=word("停电"), hours_from="22:00", hours_until="06:00", priority=300),
        vip=form(patterns=word("停电"), with_tag="vip", priority=200),
        plain=form(patterns=word("停电"), name="停电说明"),
        last=form(patterns=word("停电"), priority=1),
    )
    assert who
    trace = explain(hall, anna, text="今晚停电吗")
    assert [step.outcome for step in trace.steps] == ["passed", "passed", "won", "unreached"]
    assert [step.why for step in trace.steps][:3] == [
        "不在 22:00 至 06:00",
        "没有标签“vip”",
        "包含“停电”",
    ]
    assert trace.winner
    assert trace.winner.title == "停电说明"
    later = hall.clock.now() + timedelta(hours=11)
    box = hall.app.extensions["weiting"]
    assert box.explain(Question(text="今晚停电吗"), anna, later).steps[0].outcome == "won"
    stages = [step.stage for step in explain(hall, anna, text="胡言乱语").steps]
    assert stages[4:] == ["function", "phrase", "conversation", "faq", "default"]
    refused = explain(hall, anna, text="签到")
    assert refused.winner
    assert (refused.winner.title, "注册" in refused.reply["content"]) == ("每日签到", True)


SAID = st.sampled_from(
    ["签到", "套餐", "断网", "家里断网了", "人工", "有用", "1", "2", "甲甲", "乙乙", "光猫红灯",
     "宽带多少钱", "胡言乱语", "", " ", "<xml>", "\x07", "春节快乐", "转人工"]
)  # fmt: skip
DID = st.one_of(
    st.builds(lambda said: {"text": said}, SAID),
    st.sampled_from(
        [
            {"kind": "image"}, {"kind": "location"}, {"kind": "event.click", "key": "human"},
            {"kind": "event.click", "key": "reply.many"}, {"kind": "event.scan", "scene": "p-1"},
            {"kind": "event.subscribe", "scene": "p-1"}, {"kind": "link"},
        ]
    ),
)  # fmt: skip


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(DID, st.sampled_from([1, 61, 700, 40_000])), max_size=8), st.integers(0, 9)
)
def test_the_test_box_says_what_the_bot_says(
    talked: Hall, anna: str, did: list[tuple[dict[str, str], int]], seed: int
) -> None:
    hall, box = talked, talked.app.extensions["weiting"]
    for values, seconds in did:
        hall.clock.move(seconds=seconds)
        question, at = Question(**values), hall.clock.now()
        random.seed(seed)
        foretold = box.explain(question, anna, at).reply
        random.seed(seed)
        said = box.dispatch(inbound(hall, anna, question), at)
        assert foretold == to_json(from_json(to_json(said)))


@pytest.fixture
def talked(hall: Hall, anna: str) -> Hall:
    """A hall with some rules of each kind, and a member."""
    hall.member(anna)
    rules(
        hall,
        cool=form(cool_down_seconds=60, priority=300),
        dice=form(patterns=word("甲甲"), replies=[text(n) for n in "一二三"], mode="random"),
        many=form(patterns=word("乙乙"), replies=[text("一"), text("二")], mode="all"),
        scene=form(kinds=["scan"], patterns=[], scenes=["p-*"]),
        other=form(
            kinds=["default", "link"], patterns=[], hours_from="20:00", hours_until="08:00"
        ),
    )
    return hall


def inbound(hall: Hall, openid: str, question: Question) -> Any:
    """The question as WeChat would deliver it."""
    if question.kind.startswith("event."):
        name = question.kind.removeprefix("event.")
        inner = f"<EventKey><![CDATA[{question.scene or question.key}]]></EventKey>"
        xml = event_xml(hall, openid, name, inner)
    else:
        inner = f"<Content><![CDATA[{question.text}]]></Content>"
        xml = message_xml(hall, openid, inner.replace("\x07", ""), kind=question.kind)
    query, body = hall.sealed(xml)
    return hall.gate.open(query, body.encode(), hall.clock.now())
