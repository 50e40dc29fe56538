"""For any rule and any small population, SQL finds whom an independent reading in Python finds."""

import operator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.clock import business_day
from kernel.db import Database
from loyalty import rules
from loyalty.members import Member
from tests.loyalty.crowd import Person, settle
from tests.world import NOON

TODAY = business_day(NOON)
NUMBERS = (">=", ">", "<=", "<", "=", "!=", "between", "in", "not_in")
CITIES, TAGS = ("Hangzhou", "hangzhou", "宁波"), ("vip", "new", "old")
COMPARE = {
    ">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt, "=": operator.eq,
}  # fmt: skip


def reads(person: Person, leaf: dict[str, Any]) -> Any:
    """What the field of a leaf says of the person; None where nothing is known."""
    days = leaf.get("days")
    values: dict[str, Any] = {
        "tier.level": person.level,
        "points.balance": sum(left for _, left in person.expiring),
        "points.earned": sum(
            amount for ago, amount in person.earned if days is None or ago < days
        ),
        # A lot of noon in n days is gone by the midnight that ends a window of n + 1 days.
        "points.expiring": sum(
            left for ahead, left in person.expiring if ahead > 0 and days and ahead < days
        ),
        "check_ins.count": sum(1 for ago in person.check_ins if days is None or ago < days),
        "check_ins.streak": person.check_ins.get(0, person.check_ins.get(1, 0)),
        "check_ins.last_days_ago": min(person.check_ins, default=None),
        "check_ins.today": 0 in person.check_ins,
        "member.registered_days": person.registered,
        "member.registered_on": TODAY - timedelta(days=person.registered),
        "follower.subscribed": person.subscribed is True,
        "tags": set(person.tags),
        "profile.city": person.city,
        "profile.age": person.age,
        "profile.birthday": person.birthday,
        "birthday.month": person.birthday.month if person.birthday else None,
        "birthday.this_month": bool(person.birthday and person.birthday.month == TODAY.month),
        "weekday": TODAY.isoweekday(),
    }
    return values[leaf["field"]]


def holds(person: Person, rule: dict[str, Any]) -> bool:
    """The rule read in plain Python."""
    if "field" in rule:
        return compares(person, rule)
    name, inner = next(iter(rule.items()))
    if name == "not":
        return not holds(person, inner)
    return (all if name == "all" else any)(holds(person, part) for part in inner)


def compares(person: Person, leaf: dict[str, Any]) -> bool:
    """One comparison; what is missing meets only what denies."""
    op, found = leaf["op"], reads(person, leaf)
    if op in {"!=", "not_in", "lacks"}:
        opposite = {"!=": "=", "not_in": "in", "lacks": "has"}[op]
        return not compares(person, {**leaf, "op": opposite})
    several = leaf["value"] if isinstance(leaf["value"], list) else [leaf["value"]]
    if isinstance(found, date):
        several = [date.fromisoformat(day) for day in several]
    if op == "has":
        return bool(found & set(several))
    if op == "in":
        return found in several
    if op == "between":
        return found is not None and bool(several[0] <= found <= several[1])
    return found is not None and bool(COMPARE[op](found, several[0]))


def leaf(field: str, ops: tuple[str, ...], one: st.SearchStrategy[Any], **more: Any) -> Any:
    """Leaves of a field with values that each of its operators takes."""

    def valued(op: str) -> st.SearchStrategy[dict[str, Any]]:
        if op == "between":
            value: Any = st.lists(one, min_size=2, max_size=2).map(sorted)
        elif op in {"in", "not_in", "has", "lacks"}:
            value = st.lists(one, min_size=1, max_size=3)
        else:
            value = one
        fixed = {"field": st.just(field), "op": st.just(op), "value": value}
        return st.fixed_dictionaries({**fixed, **more})

    return st.sampled_from(ops).flatmap(valued)


def depth(rule: dict[str, Any]) -> int:
    """How deep the tree is."""
    if "field" in rule:
        return 1
    inner = next(iter(rule.values()))
    return 1 + max(depth(part) for part in (inner if isinstance(inner, list) else [inner]))


small = st.integers(0, 6)
days = st.integers(1, 6)
near = st.integers(-6, 1).map(lambda n: (TODAY + timedelta(days=n)).isoformat())
born = st.sampled_from(["2000-02-29", "1990-11-01", "1988-12-31"])
DAYS_AGO, DAY = NUMBERS[:7], (">=", ">", "<=", "<", "=", "!=", "between")
WORDS = ("=", "!=", "in", "not_in")
LEAVES = st.one_of(
    leaf("tier.level", NUMBERS, st.integers(0, 3)),
    leaf("points.balance", NUMBERS, small),
    leaf("points.earned", NUMBERS, small),
    leaf("points.earned", NUMBERS, small, days=days),
    leaf("points.expiring", NUMBERS, small, days=days),
    leaf("check_ins.count", NUMBERS, small, days=days),
    leaf("check_ins.count", NUMBERS, small),
    leaf("check_ins.streak", NUMBERS, small),
    leaf("check_ins.last_days_ago", DAYS_AGO, small),
    leaf("check_ins.today", ("=",), st.booleans()),
    leaf("member.registered_days", DAYS_AGO, small),
    leaf("member.registered_on", DAY, near),
    leaf("follower.subscribed", ("=",), st.booleans()),
    leaf("tags", ("has", "lacks"), st.sampled_from((*TAGS, "none"))),
    leaf("profile.city", WORDS, st.sampled_from(CITIES)),
    leaf("profile.age", NUMBERS, small),
    leaf("profile.birthday", DAY, born),
    leaf("birthday.month", WORDS, st.sampled_from([2, 11, 12])),
    leaf("birthday.this_month", ("=",), st.booleans()),
    leaf("weekday", WORDS, st.integers(1, 7)),
)
RULES = st.recursive(
    LEAVES,
    lambda part: st.one_of(
        part.map(lambda one: {"not": one}),
        st.lists(part, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(part, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
    ),
    max_leaves=6,
).filter(lambda rule: depth(rule) <= rules.MOST_DEPTH)
PEOPLE = st.builds(
    Person,
    registered=small,
    level=st.integers(0, 3),
    subscribed=st.sampled_from([None, True, False]),
    check_ins=st.dictionaries(small, st.integers(1, 5), max_size=4),
    earned=st.lists(st.tuples(small, st.integers(1, 4)), max_size=3),
    expiring=st.lists(st.tuples(st.integers(-2, 5), st.integers(0, 4)), max_size=3),
    tags=st.lists(st.sampled_from(TAGS), unique=True).map(tuple),
    city=st.sampled_from([None, *CITIES]),
    age=st.none() | small,
    birthday=st.none() | born.map(date.fromisoformat),
)
CASES = (st.lists(PEOPLE, min_size=1, max_size=4), st.lists(RULES, min_size=1, max_size=4))


class _Undo(Exception):
    """Leaves the transaction without a trace."""


def agree(database: Database, people: list[Person], values: list[dict[str, Any]]) -> None:
    """Put the people down, ask SQL and Python, undo."""

    def work(session: Session) -> None:
        for person in people:
            settle(session, person, NOON)
        for value in values:
            rule = rules.parse(value)
            found = set(session.scalars(select(Member.id).where(rules.where(rule, NOON))))
            wanted = {person.id for person in people if holds(person, value)}
            assert found == wanted, (value, people)
            for person in people:
                met = all(one.met for one in rules.check(session, rule, person.id, NOON))
                assert met == (person.id in wanted), (value, person)
        raise _Undo

    with pytest.raises(_Undo):
        database.transaction(work)


QUIET = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large)


@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(*CASES)
def test_sql_and_python_agree(
    sqlite: Database, people: list[Person], values: list[dict[str, Any]]
) -> None:
    agree(sqlite, people, values)


@settings(max_examples=30, deadline=None, suppress_health_check=QUIET)
@given(*CASES)
def test_servers_agree_too(
    server_database: Database, people: list[Person], values: list[dict[str, Any]]
) -> None:
    agree(server_database, people, values)
