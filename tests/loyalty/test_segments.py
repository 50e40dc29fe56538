"""Segments: saved rules whose versions are kept, counted, sampled, and read in pages."""

from typing import Any

import pytest
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.refusals import Invalid, NotFound
from loyalty import rules, segments
from loyalty.rule_trees import EVERYBODY
from loyalty.rules import RuleInvalid
from loyalty.segments import Draft
from tests.loyalty.crowd import Person, settle
from tests.loyalty.desk import hire
from tests.world import NOON

RICH: dict[str, Any] = {"field": "points.balance", "op": ">=", "value": 5}
RICHER: dict[str, Any] = {"field": "points.balance", "op": ">=", "value": 6}


def test_each_rule_of_a_segment_is_a_version(database: Database) -> None:
    def work(session: Session) -> None:
        operator = hire(session)
        first = segments.save(session, Draft("rich", "积分多", RICH), NOON, by=operator)
        assert (first.version, first.created_by) == (1, operator)
        segments.save(session, Draft("rich", "积分较多", RICH), NOON, by=operator)
        saved = segments.save(session, Draft("rich", "积分更多", RICHER), NOON, by=operator)
        assert (saved.name, saved.version) == ("积分更多", 2)
        assert segments.rule_of(session, saved) == RICHER
        kept = segments.versions_of(session, saved)
        assert [(one.version, one.rule) for one in kept] == [(2, RICHER), (1, RICH)]
        assert [one.code for one in segments.every(session)] == ["rich"]
        segments.retire(session, "rich", NOON, by=operator)
        assert segments.every(session) == []

    database.transaction(work)


@pytest.mark.parametrize(
    ("draft", "refusal"),
    [
        (Draft("X", "名", RICH), Invalid),
        (Draft("x", "", RICH), Invalid),
        (Draft("x", "名" * 41, RICH), Invalid),
        (Draft("x", "名", {"any": []}), RuleInvalid),
    ],
)
def test_a_faulty_segment_is_refused(
    sqlite: Database, draft: Draft, refusal: type[Invalid]
) -> None:
    with pytest.raises(refusal):
        sqlite.transaction(lambda session: segments.save(session, draft, NOON, by=None))
    with pytest.raises(NotFound):
        sqlite.read(lambda session: segments.get(session, "x"))


def test_a_segment_is_counted_sampled_and_read_in_pages(database: Database) -> None:
    def work(session: Session) -> None:
        rich = [settle(session, Person(expiring=[(9, 5)]), NOON) for _ in range(7)]
        settle(session, Person(expiring=[(9, 4)]), NOON)
        settle(session, Person(expiring=[(9, 5)], state="blocked"), NOON)
        rule = rules.parse(RICH)
        assert segments.count(session, rule, NOON) == 7
        assert [one.id for one in segments.sample(session, rule, NOON)] == rich[:1:-1]
        first = segments.ids(session, rule, NOON, limit=4)
        rest = segments.ids(session, rule, NOON, first[-1], limit=4)
        assert (first, rest) == (rich[:4], rich[4:])
        assert segments.ids(session, rule, NOON, rest[-1]) == []
        assert segments.count(session, EVERYBODY, NOON) == 8

    database.transaction(work)
