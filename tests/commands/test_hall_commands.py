"""The commands of a hall: operators, menus, reports."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import select

from emulator.server import run_in_thread
from emulator.settings import Settings as Emulated
from kernel import operators
from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.operators import SignInRefused
from tests.world import Hall, MovableClock, make_hall, make_settings


def run(hall: Hall, *words: str) -> Result:
    """Run a command of the hall."""
    return hall.app.test_cli_runner().invoke(args=list(words))


def test_an_operator_is_made_with_a_password_that_is_shown_once(hall: Hall) -> None:
    result = run(hall, "operators", "add", "lin", "--name", "林晓", "--role", "marketer")
    assert result.exit_code == 0
    found = re.search(r"登录名 lin　密码 (\S{16,})", result.output)
    assert found
    operator = hall.database.read(lambda db: operators.check_password(db, "lin", found[1]))
    assert (operator.name, operator.role, operator.active) == ("林晓", "marketer", True)
    assert found[1] not in operator.password_hash
    act = hall.database.read(lambda db: db.scalars(select(AuditEntry)).all())[-1]
    assert (act.action, act.subject) == ("operator.created", "operator:lin")
    assert found[1] not in str(act.details)


def test_a_login_that_is_taken_is_refused_and_its_password_stays(hall: Hall) -> None:
    run(hall, "operators", "add", "lin", "--name", "林晓", "--role", "marketer")
    again = run(hall, "operators", "add", "lin", "--name", "别人", "--role", "owner")
    assert again.exit_code != 0
    assert again.output == "Error: 登录名 lin 已存在\n"
    with pytest.raises(SignInRefused):
        hall.database.read(lambda db: operators.check_password(db, "lin", "x" * 16))


def test_a_role_that_does_not_exist_is_refused_with_those_that_do(hall: Hall) -> None:
    result = run(hall, "operators", "add", "lin", "--name", "林", "--role", "king")
    assert result.exit_code != 0
    assert "marketer" in result.output


@pytest.fixture
def connected(
    sqlite: Database, redis_url: str, clock: MovableClock, tmp_path: Path
) -> Iterator[Hall]:
    """A hall whose WeChat is an emulator."""
    settings = make_settings(tmp_path, sqlite, redis_url)
    wechat = settings.wechat
    account = Emulated(
        port=0,
        mode="plain",
        app_id=wechat.app_id,
        app_secret=wechat.app_secret.get_secret_value(),
    )
    with run_in_thread(account) as url:
        wechat = wechat.model_copy(update={"api_base": url})
        hall = make_hall(settings.model_copy(update={"wechat": wechat}), sqlite, clock)
        yield hall
        hall.close()


def test_a_menu_is_checked_published_and_shown(connected: Hall) -> None:
    assert "还没有菜单" in run(connected, "menus", "show").output
    checked = run(connected, "menus", "check")
    assert (checked.exit_code, checked.output) == (0, "菜单符合微信的限制。\n")
    published = run(connected, "menus", "publish")
    assert published.exit_code == 0, published.output
    shown = run(connected, "menus", "show")
    buttons = json.loads(shown.output)["menu"]["button"]
    assert [button["name"] for button in buttons] == ["业务介绍", "产品申办", "优惠活动"]
    assert "每日签到" in shown.output
    act = connected.database.read(lambda db: db.scalars(select(AuditEntry)).all())[-1]
    assert act.action == "menu.published"


@pytest.mark.parametrize("command", ["publish", "show"])
def test_without_wechat_a_menu_command_says_so(hall: Hall, command: str) -> None:
    result = run(hall, "menus", command)
    assert result.exit_code == 1
    assert result.output.startswith("Error: 微信没有")
    assert "Traceback" not in result.output


@pytest.mark.parametrize("name", ["members.csv", "members.xlsx"])
def test_the_members_are_exported(hall: Hall, anna: str, tmp_path: Path, name: str) -> None:
    hall.member(anna, name="=李梅", phone="13812345678")
    out = tmp_path / name
    result = run(hall, "reports", "export", "members", "--out", str(out))
    assert (result.exit_code, result.output) == (0, f"已导出 1 位会员到 {out}\n")
    assert out.stat().st_size > 100
    if name.endswith("csv"):
        with out.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        assert rows[1][1:3] == ["'=李梅", "138****5678"]


@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("members.pdf", "请以 .csv 或 .xlsx 结尾"),
        ("none/members.csv", "No such file or directory"),
        ("none/members.xlsx", "No such file or directory"),
    ],
)
def test_an_export_that_cannot_be_written_says_why(
    hall: Hall, tmp_path: Path, out: str, told: str
) -> None:
    result = run(hall, "reports", "export", "members", "--out", str(tmp_path / out))
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert told in result.output


def test_today_is_told_with_definitions(hall: Hall, anna: str) -> None:
    hall.member(anna)
    hall.say(anna, "签到")
    result = run(hall, "reports", "today")
    assert result.exit_code == 0
    assert "签到人数\t1\t" in result.output
    assert "积分负债\t5\t" in result.output
