"""The member activity and the figures of a day, on three databases."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from kernel.clock import day_start
from kernel.db import Database
from kernel.vault import Vault
from loyalty import checkins, followers, members
from loyalty.members import Member, Registration
from loyalty.policy import Policy
from reports import figures, files
from reports import members as report
from tests.loyalty.people import open_programme
from tests.reports.test_files import read_csv
from tests.world import NOON

VAULT = Vault({"k1": b"k" * 32}, b"l" * 32)
POLICY = Policy()
DAY = date(2026, 11, 20)


def join(session: Session, number: int, name: str, at: datetime = NOON) -> int:
    """Somebody follows and registers; his member number."""
    openid = f"oMember-{number:04d}"
    followers.follow(session, openid, at)
    form = Registration(openid, name, f"138{number:08d}", "2026-11")
    return members.admit(session, VAULT, form, at).id


def export(database: Database, path: Path) -> int:
    """Write the file in one reading transaction, as the command does."""
    return database.read(lambda db: files.write(path, report.HEADER, report.rows(db)))


def test_a_row_tells_what_a_member_did_and_hides_the_phone(
    database: Database, tmp_path: Path
) -> None:
    def fill(session: Session) -> int:
        open_programme(session)
        first = join(session, 1, "=王芳")
        for days in range(2):
            checkins.check_in(session, first, NOON + timedelta(days=days), POLICY)
        join(session, 2, "李雷")
        followers.unfollow(session, "oMember-0002", NOON + timedelta(seconds=1))
        return first

    number = database.transaction(fill)
    assert export(database, tmp_path / "m.csv") == 2
    header, first, second = read_csv(tmp_path / "m.csv")
    assert header == list(report.HEADER)
    assert dict(zip(header, first, strict=True)) == {
        "会员号": f"{number}",
        "姓名": "'=王芳",
        "手机": "138****0001",
        "关注": "是",
        "注册时间": "2026-11-20 12:00",
        "注册渠道": "微站",
        "积分": "11",
        "签到次数": "2",
        "最近签到": "2026-11-21",
        "领券": "0",
        "用券": "0",
        "申办": "0",
    }
    assert second[1:5] == ["李雷", "138****0002", "否", "2026-11-20 12:00"]
    assert "13800000001" not in (tmp_path / "m.csv").read_text()


def test_many_members_come_in_batches_each_once(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = {"phone_sealed": "k1:x", "phone_hint": "138****0000", "channel": "site"}
    rows = [
        {
            "id": 3 * number + 1,  # with gaps
            "openid": f"o{number}",
            "name": f"会员{number}",
            "phone_digest": f"{number:064d}",
            "registered_at": NOON,
            **columns,
        }
        for number in range(5_000)
    ]
    sqlite.transaction(lambda db: db.execute(insert(Member), rows))
    asked: list[int] = []
    real: Callable[[int], object] = report._query
    monkeypatch.setattr(report, "_query", lambda after: asked.append(after) or real(after))  # type: ignore[func-returns-value]
    assert export(sqlite, tmp_path / "m.csv") == 5_000
    numbers = [int(row[0]) for row in read_csv(tmp_path / "m.csv")[1:]]
    assert numbers == [3 * number + 1 for number in range(5_000)]
    assert asked == [0, 5_998, 11_998]
    assert export(sqlite, tmp_path / "m.xlsx") == 5_000


def test_the_day_begins_and_ends_in_shanghai(database: Database) -> None:
    start = day_start(DAY)
    assert start == datetime(2026, 11, 19, 16, 0, tzinfo=UTC)
    moment, day = timedelta(microseconds=1), timedelta(days=1)

    def fill(session: Session) -> None:
        open_programme(session)
        for number, at in enumerate((start - moment, start, start + day - moment, start + day)):
            member_id = join(session, number, f"会员{number}", at)
            checkins.check_in(session, member_id, at, POLICY)

    database.transaction(fill)
    found = database.read(lambda db: figures.of_day(db, DAY))
    assert (found.followed, found.registered, found.checked_in) == (2, 2, 2)
    assert (found.followers, found.members, found.points) == (4, 4, 20)
    assert type(found.points) is int
    before = database.read(lambda db: figures.of_day(db, DAY - day))
    assert (before.followed, before.registered, before.checked_in) == (1, 1, 1)


def test_leaving_counts_on_its_day_until_one_follows_again(database: Database) -> None:
    start = day_start(DAY)

    def fill(session: Session) -> None:
        for number in range(3):
            join(session, number, "x", start - timedelta(days=2))
            followers.unfollow(session, f"oMember-{number:04d}", start + timedelta(hours=number))
        followers.follow(session, "oMember-0001", start + timedelta(hours=9))

    database.transaction(fill)
    found = database.read(lambda db: figures.of_day(db, DAY))
    assert (found.unfollowed, found.followed, found.followers) == (2, 1, 1)


def test_an_empty_house_is_all_noughts(database: Database) -> None:
    found = database.read(lambda db: figures.of_day(db, DAY))
    assert set(found.__dict__.values()) == {0}
    assert set(figures.DEFINITIONS) == set(found.__dict__)
