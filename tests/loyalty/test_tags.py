"""Tags: put and taken by hand, or kept by a rule and brought up to date in pages."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Update, event, select, update
from sqlalchemy.orm import Session

from kernel.activity import Activity
from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.refusals import Invalid, NotFound
from loyalty import proof_runs, proofs_tiers, tag_definitions, tag_runs, tags
from loyalty.rules import RuleInvalid
from loyalty.tag_definitions import Draft
from loyalty.tag_runs import Counts
from loyalty.tags import MemberTag, Tag, TagKeptByRule
from tests.loyalty.crowd import Person, settle
from tests.loyalty.desk import hire
from tests.loyalty.people import join
from tests.world import NOON

KEEN: dict[str, Any] = {"field": "check_ins.count", "days": 30, "op": ">=", "value": 2}


def vip(session: Session) -> None:
    tag_definitions.define(session, Draft("vip", "大客户"), NOON, by=None)


def test_a_tag_is_put_once_and_taken_once(database: Database) -> None:
    def work(session: Session) -> None:
        vip(session)
        member, operator = join(session), hire(session)
        assert tags.put(session, member, "vip", NOON, by=operator) is True
        assert tags.put(session, member, "vip", NOON, by=operator) is False
        (tag, held) = tags.of_member(session, member)[0]
        assert (tag.name, held.source, held.by_operator) == ("大客户", "hand", operator)
        assert [(tag.code, count) for tag, count in tags.every(session)] == [("vip", 1)]
        assert tags.take(session, member, "vip", NOON, by=operator) is True
        assert tags.take(session, member, "vip", NOON, by=operator) is False
        assert tags.of_member(session, member) == []
        session.flush()
        written = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert written == ["tag.defined", "tag.put", "tag.taken"]
        done = select(Activity.kind).where(
            Activity.member_id == member, Activity.kind.like("tag.%")
        )
        assert session.scalars(done.order_by(Activity.id)).all() == ["tag.put", "tag.taken"]

    database.transaction(work)


def test_an_unknown_or_retired_tag_is_not_found(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member = join(session)
        with pytest.raises(NotFound):
            tags.put(session, member, "vip", NOON)
        vip(session)
        tags.put(session, member, "vip", NOON)
        tag_definitions.retire(session, "vip", NOON, by=None)
        with pytest.raises(NotFound):
            tags.put(session, member, "vip", NOON)
        assert tags.of_member(session, member) == []
        vip(session)  # taken into use again, with whoever had it
        assert len(tags.of_member(session, member)) == 1

    sqlite.transaction(work)


def test_nobody_touches_by_hand_what_a_rule_keeps(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member = join(session)
        tag_definitions.define(session, Draft("keen", "常签到", KEEN), NOON, by=None)
        for deed in (tags.put, tags.take):
            with pytest.raises(TagKeptByRule):
                deed(session, member, "keen", NOON)
        with pytest.raises(Invalid):
            tag_definitions.define(session, Draft("keen", "常签到"), NOON, by=None)

    sqlite.transaction(work)


@pytest.mark.parametrize(
    ("draft", "refusal"),
    [
        (Draft("", "名"), Invalid),
        (Draft("A B", "名"), Invalid),
        (Draft("a" * 41, "名"), Invalid),
        (Draft("a", ""), Invalid),
        (Draft("a", "名" * 21), Invalid),
        (Draft("a", "名\x00"), Invalid),
        (Draft("a", "名", {"field": "x"}), RuleInvalid),
    ],
)
def test_a_faulty_tag_is_refused(sqlite: Database, draft: Draft, refusal: type[Invalid]) -> None:
    with pytest.raises(refusal):
        sqlite.transaction(lambda session: tag_definitions.define(session, draft, NOON, by=None))


def run(session: Session, tag_id: int, at: Any = NOON, page: int = 2) -> Counts:
    done, last = Counts(), 0
    while True:
        found, counts = tag_runs.run_page(session, tag_id, last, at, page)
        done += counts
        if found is None:
            return done
        last = found


def holders(session: Session) -> set[int]:
    return set(session.scalars(select(MemberTag.member_id)))


def test_a_rule_tag_follows_its_rule(database: Database) -> None:
    def work(session: Session) -> None:
        tag = tag_definitions.define(session, Draft("keen", "常签到", KEEN), NOON, by=None)
        assert tag_runs.due(session) == [tag.id]
        keen = [settle(session, Person(check_ins={0: 2, 1: 1}), NOON) for _ in range(3)]
        settle(session, Person(check_ins={0: 1}), NOON)
        settle(session, Person(check_ins={0: 2, 1: 1}, state="merged"), NOON)
        assert run(session, tag.id) == Counts(4, 3, 0)
        assert run(session, tag.id) == Counts(4, 0, 0)
        assert holders(session) == set(keen)
        later = NOON + timedelta(days=30)
        assert run(session, tag.id, later) == Counts(4, 0, 3)
        assert holders(session) == set()

    database.transaction(work)


def test_a_rule_may_ask_for_another_tag(database: Database) -> None:
    rule = {"not": {"field": "tags", "op": "has", "value": "vip"}}

    def work(session: Session) -> None:
        vip(session)
        settle(session, Person(tags=("vip",)), NOON)
        plain = settle(session, Person(), NOON)
        tag = tag_definitions.define(session, Draft("plain", "普通", rule), NOON, by=None)
        assert run(session, tag.id) == Counts(2, 1, 0)
        assert plain in holders(session)
        tag_runs.note(session, tag.id, Counts(2, 1, 0), NOON)
        noted = session.scalars(select(Activity).where(Activity.kind == "tag.run")).one()
        assert noted.facts == {"tag_id": tag.id, "seen": 2, "added": 1, "removed": 0}

    database.transaction(work)


def test_a_run_of_a_tag_without_a_rule_is_refused(sqlite: Database) -> None:
    def work(session: Session) -> None:
        vip(session)
        with pytest.raises(NotFound):
            tag_runs.run_page(session, tags.get(session, "vip").id, 0, NOON)

    sqlite.transaction(work)


def test_a_page_is_a_handful_of_statements(sqlite: Database) -> None:
    def prepare(session: Session) -> int:
        for number in range(30):
            settle(session, Person(check_ins={0: 2, 1: 1} if number % 2 else {}), NOON)
        return tag_definitions.define(session, Draft("keen", "常签到", KEEN), NOON, by=None).id

    tag_id = sqlite.transaction(prepare)
    sent: list[str] = []

    def note(_c: object, _k: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(sqlite.engine, "before_cursor_execute", note)
    try:
        sqlite.transaction(lambda session: tag_runs.run_page(session, tag_id, 0, NOON, 100))
    finally:
        event.remove(sqlite.engine, "before_cursor_execute", note)
    assert len([one for one in sent if not one.startswith(("BEGIN", "COMMIT"))]) == 3


@pytest.mark.parametrize(
    "fault", [update(MemberTag).values(source="rule"), update(Tag).values(kind="rule")]
)
def test_a_tag_of_the_wrong_source_is_found(database: Database, fault: Update) -> None:
    def work(session: Session) -> None:
        vip(session)
        tags.put(session, join(session), "vip", NOON)
        session.flush()
        (proof,) = [one for one in proofs_tiers.PROOFS if one.code == "T6"]
        assert proof_runs.find(session, proof, NOON) == []
        session.execute(fault)
        assert proof_runs.find(session, proof, NOON) != []

    database.transaction(work)
