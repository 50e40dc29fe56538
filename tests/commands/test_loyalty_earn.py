"""`flask loyalty earn` and `settle`: points for a business file, and what they wait for."""

import csv
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from sqlalchemy import func, select, update

from loyalty import blocklist, earn_files, points
from loyalty.earn_rules import EarnRule, RuleEarning
from tests.commands.test_hall_commands import run
from tests.loyalty.desk import hire
from tests.world import NOON, Hall

ANNA, BORIS = "13812345678", "13912345678"


def people(hall: Hall) -> tuple[int, int]:
    """Two members of the demo hall."""
    return hall.member("oOne", phone=ANNA).id, hall.member("oTwo", phone=BORIS).id


def balances(hall: Hall, *members: int) -> list[int]:
    """The points of each."""
    return hall.database.read(lambda db: [points.balance_of(db, one) for one in members])


def rows_of(path: Path) -> list[list[str]]:
    """A report as a spreadsheet shows it."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def written(hall: Hall) -> int:
    """How many lines were booked."""
    return hall.database.read(lambda db: db.scalar(select(func.count(RuleEarning.id))) or 0)


BILLS = (
    "手机,凭证号,金额,备注\n"
    f"{ANNA},票-1,200.50,=HYPERLINK(1)\n"
    f"{ANNA},票-2,400,\n"
    "13000000000,票-3,10,\n"
    f"{BORIS},票-1,0.99,\n"
    f"{BORIS},票-4,-5,+1\n"
    f"{ANNA},票-5,1,\n"
)


def test_a_file_brings_points_once_and_says_so_line_by_line(
    hall_everywhere: Hall, tmp_path: Path
) -> None:
    hall, file = hall_everywhere, tmp_path / "账单.csv"
    anna, boris = people(hall)
    file.write_text(BILLS)
    words = ["loyalty", "earn", "bill", str(file)]
    dry = run(hall, *words, "--dry-run")
    assert (dry.exit_code, written(hall), list(tmp_path.glob("*结果*"))) == (1, 0, [])
    faults = "第 4 行：查无此会员\n第 6 行：金额无效\n"
    summary = (
        "已入账 2 行（500 积分），待到账 0 行（0 积分），此前已登记 0 行，"
        "已到上限 1 行，不足 1 积分 1 行，错误 2 行\n"
    )
    refusal = "Error: 有 2 行未能登记，修改后可再次运行\n"
    assert dry.output == f"{faults}{summary}以上为试运行，没有写入积分。\n{refusal}"

    done, report = run(hall, *words), tmp_path / "账单-结果.csv"
    assert done.exit_code == 1
    assert done.output == f"{faults}{summary}逐行结果已写入 {report}\n{refusal}"
    # 500 make her a silver member, which brings 30.
    assert (balances(hall, anna, boris), written(hall)) == ([530, 0], 4)
    assert rows_of(report) == [
        ["手机", "凭证号", "金额", "备注", "结果"],
        [ANNA, "票-1", "200.50", "'=HYPERLINK(1)", "已入账 200 积分"],
        [ANNA, "票-2", "400", "", "已入账 300 积分，超出上限的 100 积分不计"],
        ["13000000000", "票-3", "10", "", "查无此会员"],
        [BORIS, "票-1", "0.99", "", "不足 1 积分"],
        [BORIS, "票-4", "'-5", "'+1", "金额无效"],
        [ANNA, "票-5", "1", "", "已到上限"],
    ]
    assert report.stat().st_mode & 0o077 == 0

    again = run(hall, *words)
    assert "已入账 0 行（0 积分），待到账 0 行（0 积分），此前已登记 4 行" in again.output
    assert [row[-1] for row in rows_of(report)[1:4]] == [
        "此前已入账 200 积分", "此前已入账 300 积分", "查无此会员",
    ]  # fmt: skip
    assert balances(hall, anna, boris) == [530, 0]
    assert run(hall, "loyalty", "prove").exit_code == 0


def test_a_report_put_right_comes_in_again(hall: Hall, tmp_path: Path) -> None:
    file, report = tmp_path / "a.csv", tmp_path / "b.csv"
    people(hall)
    file.write_text(f"手机,凭证号,金额\n{ANNA},a,10\n{BORIS},b,-7\n")
    assert run(hall, "loyalty", "earn", "bill", str(file), "--report", str(report)).exit_code == 1
    report.write_text(report.read_text().replace("'-7", "7"))
    done = run(hall, "loyalty", "earn", "bill", str(report))
    assert done.exit_code == 0, done.output
    assert rows_of(tmp_path / "b-结果.csv") == [
        ["手机", "凭证号", "金额", "结果"],
        [ANNA, "a", "10", "此前已入账 10 积分"],
        [BORIS, "b", "7", "已入账 7 积分"],
    ]


def test_a_workbook_with_numbers_of_members(hall: Hall, tmp_path: Path) -> None:
    anna, boris = people(hall)
    hall.database.transaction(lambda db: blocklist.block(db, boris, "刷单", NOON, by=hire(db)))
    file, report = tmp_path / "评价.xlsx", tmp_path / "结果.csv"
    table: list[list[Any]] = [["会员号", "凭证号"], [anna, 1001], [anna, 1002], [boris, 1001]]
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(table):
            sheet.write_row(number, 0, row)
    words = ["loyalty", "earn", "rating", str(file), "--report", str(report)]
    assert run(hall, *words, "--dry-run").exit_code == 1
    assert [row[-1] for row in rows_of(report)[1:]] == ["会入账 10 积分", "已到上限", "会员已暂停"]
    assert run(hall, *words).exit_code == 1
    assert rows_of(report)[1:] == [
        [str(anna), "1001", "已入账 10 积分"],
        [str(anna), "1002", "已到上限"],
        [str(boris), "1001", "会员已暂停"],
    ]
    assert balances(hall, anna, boris) == [10, 0]


def test_a_command_that_is_cut_short_books_the_rest_when_it_runs_again(
    hall: Hall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, boris = people(hall)
    file = tmp_path / "a.csv"
    file.write_text(f"手机,凭证号,金额\n{ANNA},a,10\n{BORIS},b,20\n{ANNA},c,30\n")
    words = ["loyalty", "earn", "bill", str(file)]
    book, left = earn_files.book, [1, 1, 0]

    def killed(*args: Any) -> Any:
        done = book(*args)
        if not left.pop(0):
            raise KeyboardInterrupt
        return done

    with monkeypatch.context() as patched:
        patched.setattr(earn_files, "book", killed)
        assert run(hall, *words).exit_code != 0
    assert balances(hall, anna, boris) == [10, 20]
    assert list(tmp_path.glob(".*")) + list(tmp_path.glob("*结果*")) == []
    done = run(hall, *words)
    assert done.exit_code == 0
    assert "已入账 1 行（30 积分），待到账 0 行（0 积分），此前已登记 2 行" in done.output
    assert balances(hall, anna, boris) == [40, 20]
    assert run(hall, "loyalty", "prove").exit_code == 0


def test_points_wait_for_their_event_and_come_once(hall_everywhere: Hall, tmp_path: Path) -> None:
    hall, file = hall_everywhere, tmp_path / "新装.csv"
    anna, boris = people(hall)
    file.write_text(
        f"手机,凭证号,等待事件\n{ANNA},单-1,装机:1\n{BORIS},单-2,装机:1\n{BORIS},单-3,装机:3\n"
        f"{BORIS},单-4,装机:4\n{ANNA},单-5,\n"
    )
    done = run(hall, "loyalty", "earn", "install", str(file))
    assert (done.exit_code, balances(hall, anna, boris)) == (1, [0, 0])
    assert [row[-1] for row in rows_of(tmp_path / "新装-结果.csv")[1:]] == [
        "待到账 200 积分", "待到账 200 积分", "待到账 200 积分", "已到上限", "没有等待事件",
    ]  # fmt: skip
    settle = ["loyalty", "settle"]
    assert run(hall, *settle, "装机:1").output == "2 位会员的 400 积分已到账。\n"
    nothing = run(hall, *settle, " 装机:1 ")
    assert (nothing.exit_code, nothing.output) == (0, "没有等待“装机:1”的积分。\n")
    cancelled = run(hall, *settle, "装机:3", "--cancel")
    assert cancelled.output == "已取消 1 位会员待到账的 200 积分。\n"
    assert run(hall, *settle, "装机:3").output == "没有等待“装机:3”的积分。\n"
    assert run(hall, *settle, "装机:1", "--cancel").output == "没有等待“装机:1”的积分。\n"
    assert balances(hall, anna, boris) == [200, 200]
    run(hall, "loyalty", "earn", "install", str(file))
    assert run(hall, *settle, "装机:1").output == "没有等待“装机:1”的积分。\n"
    assert balances(hall, anna, boris) == [200, 200]
    assert run(hall, "loyalty", "prove").exit_code == 0


@pytest.mark.parametrize(
    ("data", "words", "told"),
    [
        ("手机,金额\n1,2\n", [], "文件第 1 行：表头没有“凭证号”列。请修改后重新上传。"),
        (f'手机,凭证号,金额\n{ANNA},a,10\n{ANNA},"b,20\n', [], "文件第 3 行：引号或分隔符有误"),
        ("", [], "文件是空的或超过 50 MB"),
        (BILLS, ["--report", "a.pdf"], "结果文件名请以 .csv 结尾"),
        (BILLS, ["--report", "none/a.csv"], "无法写入 none/a.csv：No such file or directory"),
        (BILLS, ["--report", "."], "结果文件名请以 .csv 结尾"),
    ],
)
def test_what_cannot_be_read_or_written_books_nothing(
    hall: Hall, tmp_path: Path, data: str, words: list[str], told: str
) -> None:
    people(hall)
    file = tmp_path / "a.csv"
    file.write_text(data)
    result = run(hall, "loyalty", "earn", "bill", str(file), *words)
    assert (result.exit_code, written(hall)) == (1, 0)
    assert result.output.startswith("Error: ")
    assert told in result.output


def test_a_rule_must_be_known_and_in_force(hall: Hall, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(BILLS)
    words = ["loyalty", "earn", "nothing", str(file)]
    assert run(hall, *words).output == "Error: 没有编码为 nothing 的积分规则\n"
    words[2] = "bill"
    over = run(hall, *words, "--report", str(file))
    assert over.output == "Error: 结果不能写入原文件\n"
    hall.database.transaction(lambda db: db.execute(update(EarnRule).values(active=False)))
    assert run(hall, *words).output == "Error: 积分规则 bill 已停用或不在有效期\n"
    assert file.read_text() == BILLS
