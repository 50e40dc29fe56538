"""Imports: a verdict a line, nothing twice, and going on where it was cut short."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel.db import Database
from loyalty import erasure, member_imports, members, profiles
from loyalty.member_files import BadLine, Person
from loyalty.member_imports import File, ImportRunning, Line, MemberImport, Verdict
from loyalty.members import Member, Registration
from loyalty.profiles import Question
from tests.loyalty.desk import hire
from tests.loyalty.people import VAULT
from tests.world import NOON

FILE = File("f" * 64, "会员.csv")
STANDING, GONE = "13800000001", "13800000002"
OPENID = "oImported-0001"
LINES: list[Line] = [
    Person(2, "李梅", "13700000001", OPENID, {"card": "7"}),
    Person(3, "王芳", "13700000002"),
    BadLine(4, "手机号有误"),
    Person(5, "旧人", STANDING),
    Person(6, "离人", GONE),
    Person(7, "重复", "13700000001"),
    Person(8, "同号", "13700000003", "oStanding-0001"),
    Person(9, "坏卡", "13700000004", None, {"card": "很多"}),
]
EXPECTED = {
    2: ("added", ""),
    3: ("added", ""),
    4: ("bad", "手机号有误"),
    5: ("existing", ""),
    6: ("bad", "该会员已注销，须本人重新注册"),
    7: ("bad", "手机号在文件中重复"),
    8: ("bad", "微信标识属于另一会员"),
    9: ("bad", "会员卡号填写有误"),
}


def furnish(session: Session) -> int:
    """A member, an erased one, a field for the card; returns the operator."""
    by = hire(session)
    members.admit(session, VAULT, Registration("oStanding-0001", "旧人", STANDING, "v1"), NOON)
    gone = members.admit(session, VAULT, Registration("oGone", "离人", GONE, "v1"), NOON).id
    erasure.erase(session, gone, NOON)
    profiles.define(session, Question("card", "会员卡号", "number"), NOON, by=by)
    return by


def said(verdicts: list[Verdict]) -> dict[int, tuple[str, str]]:
    """The verdicts by line."""
    return {one.line: (one.verdict, one.reason) for one in verdicts}


@pytest.mark.parametrize("size", [1, 3, 100])
def test_each_line_gets_its_verdict(database: Database, size: int) -> None:
    def work(session: Session) -> None:
        by = furnish(session)
        before = session.scalar(select(func.count(Member.id)))
        seen: set[int] = set()
        rehearsed = [
            verdict
            for page in member_imports.pages(LINES, size)
            for verdict in member_imports.rehearse(session, VAULT, page, seen)
        ]
        assert said(rehearsed) == EXPECTED
        assert session.scalar(select(func.count(Member.id))) == before

        job = member_imports.start(session, FILE, NOON, by=by)
        done = [
            verdict
            for page in member_imports.pages(LINES, size)
            for verdict in member_imports.take(session, VAULT, job.id, page, NOON)
        ]
        assert said(done) == EXPECTED
        assert member_imports.finish(session, job.id, NOON)
        session.refresh(job)
        assert (job.added, job.existing, job.bad, job.last_line) == (2, 1, 5, 9)
        new = members.get(session, OPENID)
        assert (new.channel, new.name) == ("import", "李梅")
        assert profiles.read(session, new.id) == {"card": 7}

    database.transaction(work)


def test_a_second_run_changes_nothing(sqlite: Database) -> None:
    def run(session: Session, file: File, by: int) -> MemberImport:
        job = member_imports.start(session, file, NOON, by=by)
        member_imports.take(session, VAULT, job.id, LINES, NOON)
        member_imports.finish(session, job.id, NOON)
        session.refresh(job)
        return job

    def work(session: Session) -> None:
        by = furnish(session)
        first = run(session, FILE, by)
        count = session.scalar(select(func.count(Member.id)))
        again = run(session, FILE, by)
        assert (again.id, again.added, again.existing) == (first.id, 2, 1)
        other = run(session, File("e" * 64, "再来.csv"), by)
        assert (other.added, other.existing) == (0, 3)
        assert session.scalar(select(func.count(Member.id))) == count

    sqlite.transaction(work)


def test_an_import_goes_on_where_it_was_cut_short(sqlite: Database) -> None:
    def work(session: Session) -> None:
        by = furnish(session)
        job = member_imports.start(session, FILE, NOON, by=by)
        member_imports.take(session, VAULT, job.id, LINES[:2], NOON)
        later = NOON + member_imports.LEASE
        with pytest.raises(ImportRunning):
            member_imports.start(session, FILE, later - timedelta(seconds=1), by=by)
        again = member_imports.start(session, FILE, later, by=by)
        assert again.id == job.id
        rest = member_imports.take(session, VAULT, job.id, LINES, later)
        assert [one.line for one in rest] == [4, 5, 6, 7, 8, 9]
        with pytest.raises(ImportRunning):
            member_imports.start(session, FILE, later, by=by)

    sqlite.transaction(work)


def test_the_report_names_lines_and_nobody(sqlite: Database) -> None:
    def work(session: Session) -> None:
        by = furnish(session)
        job = member_imports.start(session, FILE, NOON, by=by)
        member_imports.take(session, VAULT, job.id, LINES, NOON)
        rows = list(member_imports.report(session, job.id))
        assert [(line, verdict) for line, verdict, _, _ in rows][:4] == [
            (2, "已新增"), (3, "已新增"), (4, "错误"), (5, "已存在"),
        ]  # fmt: skip
        assert rows[0][3] == str(members.get(session, OPENID).id)
        assert not any("李梅" in str(row) or "137000" in str(row) for row in rows)

    sqlite.transaction(work)
