"""Which rule answers: kinds, patterns, times of Shanghai, tags, cool-downs, who comes first."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from content.reply_book import Rule, RuleBook
from content.reply_decisions import Asked, choose
from content.reply_traces import Trail
from kernel.clock import SHANGHAI
from kernel.db import Database
from loyalty import tag_definitions, tags
from tests.content.desk import form, live, people, word
from tests.loyalty.people import join
from tests.world import NOON


def at(text: str) -> datetime:
    """An instant by the clock of Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def ask(session: Session, **values: Any) -> tuple[str | None, list[str]]:
    """Who answers, and why each of the others does not."""
    given: dict[str, Any] = {
        "kind": "text",
        "openid": "oSomebody",
        "at": NOON,
        "text": "家里断网了",
    }
    trail = Trail()
    rule = choose(RuleBook().rules(session), Asked(session=session, **(given | values)), trail)
    return (rule.code if rule else None), [step.why for step in trail.steps]


def rule(database: Database, code: str = "one", **values: Any) -> None:
    """A live rule; the operators are made with the first."""

    def work(session: Session) -> None:
        from kernel.operators import Operator

        who = [one.id for one in session.query(Operator).order_by(Operator.id)] or people(session)
        live(session, code, form(**values), who)

    database.transaction(work)


@pytest.mark.parametrize(
    ("moment", "answers"),
    [
        ("2026-11-20T21:59:59", False),
        ("2026-11-20T22:00:00", True),
        ("2026-11-20T23:59:59.9", True),
        ("2026-11-21T00:00:00", True),
        ("2026-11-21T05:59:59", True),
        ("2026-11-21T06:00:00", False),
    ],
)
def test_hours_over_midnight(sqlite: Database, moment: str, answers: bool) -> None:
    rule(sqlite, hours_from="22:00", hours_until="06:00")
    found, why = sqlite.read(lambda session: ask(session, at=at(moment)))
    assert (found == "one") is answers
    assert answers or why == ["不在 22:00 至 06:00"]


@pytest.mark.parametrize(
    ("moment", "answers"),
    [
        ("2026-11-20T23:00:00", True),  # a Friday
        ("2026-11-21T05:00:00", True),  # Saturday morning, of the window of Friday
        ("2026-11-21T23:00:00", False),
        ("2026-11-20T05:00:00", False),  # Friday morning, of the window of Thursday
    ],
)
def test_a_weekday_with_hours_over_midnight(sqlite: Database, moment: str, answers: bool) -> None:
    rule(sqlite, hours_from="22:00", hours_until="06:00", weekdays=[5])
    assert (sqlite.read(lambda session: ask(session, at=at(moment)))[0] == "one") is answers


def test_the_day_is_that_of_shanghai(sqlite: Database) -> None:
    rule(sqlite, weekdays=[6])
    late_friday_utc = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)  # Saturday 00:00 there
    assert sqlite.read(lambda session: ask(session, at=late_friday_utc))[0] == "one"
    before = late_friday_utc - timedelta(microseconds=1)
    assert sqlite.read(lambda session: ask(session, at=before)) == (None, ["星期五不回复"])


def test_a_window_is_half_open(database: Database) -> None:
    ends = NOON + timedelta(days=1)
    rule(database, starts_at=NOON, ends_at=ends)

    def said(moment: datetime) -> tuple[str | None, list[str]]:
        return database.read(lambda session: ask(session, at=moment))

    assert said(NOON - timedelta(microseconds=1)) == (None, ["还没到开始时间"])
    assert said(NOON)[0] == "one"
    assert said(ends) == (None, ["已过结束时间"])


def test_the_greater_priority_is_asked_first(sqlite: Database) -> None:
    rule(sqlite, "low", priority=1)
    rule(sqlite, "high", priority=900)
    rule(sqlite, "middle", priority=500, patterns=word("别的"))
    found, why = sqlite.read(ask)
    assert found == "high"
    assert why == ["包含“断网”", "“规则断网”在它前面回复了", "“规则断网”在它前面回复了"]


@pytest.mark.parametrize(
    ("scenes", "scene", "answers"),
    [
        ([], "anything", True),
        (["poster-1"], "poster-1", True),
        (["poster-1"], "poster-12", False),
        (["poster-*"], "poster-12", True),
        (["poster-*", "shop"], "shop", True),
        (["shop"], "", False),
    ],
)
def test_scenes(sqlite: Database, scenes: list[str], scene: str, answers: bool) -> None:
    rule(sqlite, kinds=["follow"], patterns=[], scenes=scenes)
    found, _ = sqlite.read(lambda session: ask(session, kind="follow", scene=scene))
    assert (found == "one") is answers
    assert sqlite.read(lambda session: ask(session, kind="scan", scene=scene))[0] is None


def test_tags(database: Database) -> None:
    def prepare(session: Session) -> None:
        member_id = join(session, "oTagged")
        for code, name in (("vip", "贵宾"), ("old", "老客户")):
            tag_definitions.define(session, tag_definitions.Draft(code, name), NOON, by=None)
        tags.put(session, member_id, "vip", NOON)

    database.transaction(prepare)
    rule(database, "with", with_tag="vip", priority=300)
    rule(database, "without", without_tag="vip")
    assert database.read(lambda db: ask(db, openid="oTagged"))[0] == "with"
    found, why = database.read(ask)
    assert (found, why[0]) == ("without", "没有标签“贵宾”")


def test_while_it_cools_down_a_rule_passes_over(database: Database) -> None:
    rule(database, "cool", cool_down_seconds=3_600, priority=300)
    rule(database, "other")

    def said(moment: datetime) -> tuple[str | None, list[str]]:
        return database.transaction(lambda db: ask(db, at=moment))

    assert said(NOON)[0] == "cool"
    found, why = said(NOON + timedelta(minutes=59))
    assert (found, why[0]) == ("other", "冷却中： 1 小时内已回复过")
    assert database.transaction(lambda db: ask(db, openid="oElse"))[0] == "cool"
    assert said(NOON + timedelta(hours=1))[0] == "cool"


def test_who_talks_to_staff_is_interrupted_by_exact_words_only(sqlite: Database) -> None:
    rule(sqlite, "loose", patterns=word("断网"), priority=300)
    rule(sqlite, "exact", patterns=word("家里断网了", "exact"))
    found, why = sqlite.read(lambda db: ask(db, is_talking=lambda: True))
    assert (found, why[0]) == ("exact", "包含“断网”，但客户正在和人工对话")


def test_a_hot_message_asks_nothing_of_the_database(sqlite: Database) -> None:
    rule(sqlite, with_tag="vip", patterns=word("别的"))
    rules: tuple[Rule, ...] = sqlite.read(RuleBook().rules)

    class NoDatabase:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(name)

    asked = Asked(NoDatabase(), "text", "oX", NOON, "签到")  # type: ignore[arg-type]
    assert choose(rules, asked, Trail()) is None
