"""The calendar on the command line, and what the running hall proposes by itself."""

from datetime import UTC, datetime

from click.testing import Result
from sqlalchemy import select

from handlers.jobs import JOBS
from handlers.tools import Tools
from pushes.proposals import PushProposal
from tests.world import Hall


def calendar(hall: Hall, year: str) -> Result:
    return hall.app.test_cli_runner().invoke(args=["pushes", "calendar", year])


def test_a_year_is_printed_day_by_day(hall: Hall) -> None:
    result = calendar(hall, "2026")

    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert "2026-02-17 周二 休 春节" in lines
    assert "2026-10-10 周六 班" in lines
    assert "2026-09-23 周三 秋分" in lines
    assert not any(line.startswith("2026-10-12") for line in lines)
    assert "放假安排" not in result.output


def test_a_year_without_a_list_says_so_and_other_years_are_refused(hall: Hall) -> None:
    missing = calendar(hall, "2035")

    assert missing.exit_code == 0
    assert "2035 年的放假安排还没有收录" in missing.output
    assert calendar(hall, "2023").exit_code == 2


def test_the_hall_proposes_in_its_own_words(hall: Hall) -> None:
    hall.clock.instant = datetime(2026, 12, 20, 4, tzinfo=UTC)
    tools: Tools = hall.app.cli.commands["pushes"].context_settings["obj"].tools

    _, run = JOBS["propose_pushes"]
    run(tools)

    (row,) = hall.database.read(lambda db: db.scalars(select(PushProposal)).all())
    assert (row.occasion, row.title) == ("new-year", "元旦问候")
    assert hall.settings.hall.name in row.body
    assert f"{hall.settings.web.base_url}/site/check-ins" in row.body
