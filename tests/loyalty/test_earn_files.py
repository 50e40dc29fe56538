"""Points for the lines of a file: what each brings, and that it does so once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import String, func, select, update
from sqlalchemy.orm import Session

from kernel.db import Base, Database
from kernel.hot import table_of
from loyalty import blocklist, earn_slips, erasure, merges, points
from loyalty.earn_files import Desk, Rehearsal, Verdict, book
from loyalty.earn_rules import EarnRule, RuleEarning
from loyalty.earn_slips import BadSlip, Slip
from loyalty.ledger import PointsEntry
from loyalty.members import Member
from loyalty.merges import Decision
from tests.loyalty.books import breaches
from tests.loyalty.desk import hire
from tests.loyalty.people import POLICY, VAULT, join, join_many
from tests.loyalty.test_points_desk import rule
from tests.world import NOON

DAY = timedelta(days=1)
DESK = Desk("bill", VAULT, POLICY)


def slip(line: int, member: int, voucher: str, units: int = 0, awaits: str = "") -> Slip:
    """A line that names its member by number."""
    return Slip(line, [], member, None, voucher, units, awaits)


def run(
    database: Database, slips: Sequence[Slip | BadSlip], at: datetime = NOON, desk: Desk = DESK
) -> list[Verdict]:
    """Book the lines as a command does: each in a transaction of its own."""
    return [
        database.transaction(lambda session, one=one: book(session, desk, one, at))  # type: ignore[misc]
        for one in slips
    ]


def rehearse(database: Database, slips: Sequence[Slip | BadSlip]) -> list[Verdict]:
    """What the lines would bring."""
    rehearsal = Rehearsal(DESK)
    return [
        database.read(lambda session, one=one: rehearsal.judge(session, one, NOON))  # type: ignore[misc]
        for one in slips
    ]


def said(verdicts: list[Verdict]) -> list[tuple[str, str]]:
    """The verdicts without their lines."""
    return [(one.verdict, one.said) for one in verdicts]


def balances(database: Database, *members: int) -> list[int]:
    """The points of each."""
    return database.read(lambda session: [points.balance_of(session, one) for one in members])


def rows(database: Database) -> int:
    """How many lines were written down."""
    return database.read(lambda session: session.scalar(select(func.count(RuleEarning.id))) or 0)


def test_a_file_twice_is_paid_once(database: Database) -> None:
    one, two = join_many(database, 2)
    database.transaction(rule)
    slips = [slip(2, one, "a", 12_399), slip(3, two, "b", 5_000), slip(4, one, "c", 99)]
    assert said(run(database, slips)) == [
        ("booked", "已入账 123 积分"), ("booked", "已入账 50 积分"), ("small", "不足 1 积分"),
    ]  # fmt: skip
    again = run(database, slips, NOON + DAY)
    assert said(again) == [
        ("standing", "此前已入账 123 积分"), ("standing", "此前已入账 50 积分"),
        ("standing", "此前已登记"),
    ]  # fmt: skip
    assert [one.points for one in again] == [123, 50, 0]
    assert (balances(database, one, two), rows(database)) == ([123, 50], 3)
    assert breaches(database, NOON + DAY) == {}


def test_after_a_kill_the_rest_is_booked(sqlite: Database) -> None:
    [member] = join_many(sqlite, 1)
    sqlite.transaction(rule)
    slips = [slip(n, member, f"v{n}", 1_000) for n in range(5)]

    def killed(session: Session) -> None:
        book(session, DESK, slips[2], NOON)
        raise KeyboardInterrupt

    run(sqlite, slips[:2])
    with pytest.raises(KeyboardInterrupt):
        sqlite.transaction(killed)
    assert balances(sqlite, member) == [20]
    verdicts = [one.verdict for one in run(sqlite, slips)]
    assert verdicts == ["standing"] * 2 + ["booked"] * 3
    assert balances(sqlite, member) == [50]
    assert breaches(sqlite) == {}


def test_two_who_bring_the_same_file_at_once_pay_once(server_database: Database) -> None:
    members = join_many(server_database, 4)
    server_database.transaction(rule)
    slips = [slip(n, member, "v", 1_000) for n, member in enumerate(members * 3)]
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: run(server_database, slips), range(3)))
    verdicts = [one.verdict for each in done for one in each]
    assert (verdicts.count("booked"), verdicts.count("standing")) == (4, 32)
    assert balances(server_database, *members) == [10] * 4
    assert breaches(server_database) == {}


def test_a_cap_is_reached_in_the_middle_and_the_rehearsal_knew(database: Database) -> None:
    one, two = join_many(database, 2)
    database.transaction(lambda session: rule(session, month_cap=50))
    slips = [slip(n, one, f"v{n}", 2_000) for n in range(4)]
    slips += [slip(9, two, "v", 2_000), slip(10, one, "v0", 2_000)]
    foreseen = rehearse(database, slips)
    assert (rows(database), balances(database, one, two)) == (0, [0, 0])
    done = run(database, slips)
    assert said(done) == [
        ("booked", "已入账 20 积分"), ("booked", "已入账 20 积分"),
        ("booked", "已入账 10 积分，超出上限的 10 积分不计"), ("capped", "已到上限"),
        ("booked", "已入账 20 积分"), ("standing", "此前已入账 20 积分"),
    ]  # fmt: skip
    assert foreseen == [
        replace(each, said=each.said.replace("已入账", "会入账", each.verdict == "booked"))
        for each in done
    ]
    assert said(rehearse(database, slips[:4])) == said(run(database, slips[:4]))
    assert said(run(database, slips[3:4])) == [("standing", "此前已登记")]
    assert balances(database, one, two) == [50, 20]
    assert breaches(database) == {}


def test_who_cannot_be_paid(sqlite: Database) -> None:
    def prepare(session: Session) -> tuple[int, ...]:
        rule(session)
        found = tuple(join(session) for _ in range(4))
        blocked, merged, erased, heir = found
        by = hire(session)
        book(session, DESK, slip(1, blocked, "early", 500), NOON)
        blocklist.block(session, blocked, "刷单", NOON, by=by)
        merges.merge(session, Decision(merged, heir, "同一人"), NOON, by=by)
        erasure.erase(session, erased, NOON)
        return found

    blocked, merged, erased, heir = sqlite.transaction(prepare)
    slips: list[Slip | BadSlip] = [
        slip(2, blocked, "a", 500), slip(3, merged, "a", 500), slip(4, erased, "a", 500),
        slip(5, heir + 1_000, "a", 500), BadSlip(6, [], "没有金额"),
        slip(7, blocked, "early", 500), slip(8, heir, "big", 100_000_100),
    ]  # fmt: skip
    expected = [
        ("refused", "会员已暂停"), ("refused", "会员已合并"), ("refused", "会员已注销"),
        ("refused", "查无此会员"), ("refused", "没有金额"),
        ("standing", "此前已入账 5 积分"), ("refused", "超过单笔上限 1000000 积分，请核对"),
    ]  # fmt: skip
    assert said(rehearse(sqlite, slips)) == expected
    assert said(run(sqlite, slips)) == expected
    assert (balances(sqlite, blocked, heir), rows(sqlite)) == ([5, 0], 1)
    assert said(run(sqlite, [slip(9, heir, "most", 100_000_000)])) == [
        ("booked", "已入账 1000000 积分")
    ]
    assert breaches(sqlite) == {}


def test_a_phone_and_a_number_are_one_member(database: Database) -> None:
    def prepare(session: Session) -> tuple[int, str]:
        rule(session)
        member = join(session)
        sealed = session.scalar(select(Member.phone_sealed).where(Member.id == member))
        return member, VAULT.open(str(sealed), "member.phone")

    member, phone = database.transaction(prepare)
    slips = [
        Slip(2, [], None, phone, "a", 500, ""),
        slip(3, member, "a", 500),
        Slip(4, [], None, "13000000000", "a", 500, ""),
    ]
    assert said(run(database, slips)) == [
        ("booked", "已入账 5 积分"), ("standing", "此前已入账 5 积分"), ("refused", "查无此会员"),
    ]  # fmt: skip
    assert balances(database, member) == [5]


def test_one_voucher_counts_for_each_member_and_rule(database: Database) -> None:
    one, two = join_many(database, 2)
    code, voucher = "r" * 40, "证" * earn_slips.VOUCHER_LENGTH

    def prepare(session: Session) -> None:
        rule(session)
        rule(session, code=code, per_units=0, points=7)

    database.transaction(prepare)
    slips = [slip(2, one, voucher, 500), slip(3, two, voucher, 900)]
    assert [each.points for each in run(database, slips)] == [5, 9]
    assert [each.points for each in run(database, slips, desk=replace(DESK, rule=code))] == [7, 7]
    assert balances(database, one, two) == [12, 16]
    longest = f"rule:{code}:{10**18 - 1}:{voucher}"
    assert len(longest) <= room(RuleEarning)
    assert len(f"release:{longest}") <= room(PointsEntry)
    assert breaches(database) == {}


def room(table: type[Base]) -> int:
    """How long a reference may be."""
    kind = table_of(table).c.reference.type
    assert isinstance(kind, String)
    return kind.length or 0


def test_a_rule_that_closes_meanwhile_pays_no_more(sqlite: Database) -> None:
    [member] = join_many(sqlite, 1)
    sqlite.transaction(rule)
    slips = [slip(2, member, "a", 500), slip(3, member, "b", 500)]
    run(sqlite, slips[:1])
    sqlite.transaction(lambda session: session.execute(update(EarnRule).values(active=False)))
    expected = [
        ("standing", "此前已入账 5 积分"), ("refused", "积分规则已停用或不在有效期"),
    ]  # fmt: skip
    assert said(rehearse(sqlite, slips)) == expected
    assert said(run(sqlite, slips)) == expected
