"""Lines of a business file: what each may say, and what nobody guesses into a value."""

from pathlib import Path

import pytest

from loyalty import earn_slips
from loyalty.earn_rules import EarnRule
from loyalty.earn_slips import BadSlip, Slip
from loyalty.file_refusals import FileRefused
from tests.loyalty.test_member_files import text_of, write, write_xlsx

BILL = EarnRule(per_units=100, waits=False)
EACH = EarnRule(per_units=0, waits=False)
WAITS = EarnRule(per_units=0, waits=True)


def read(path: Path, of: EarnRule = BILL) -> list[Slip | BadSlip]:
    """The lines of a file."""
    return list(earn_slips.read(path, of)[1])


def line_of(folder: Path, head: list[str], cells: list[str], of: EarnRule) -> Slip | BadSlip:
    """The line of a file that has only one."""
    [found] = read(write(folder, text_of([head, cells])), of)
    return found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_file_is_read_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    table = [["会员号", "门店", "凭证号", "数量"], ["7", "西湖店", "票-1", "300"]]
    path = write(tmp_path, text_of(table).encode(encoding))
    head, slips = earn_slips.read(path, BILL)
    assert head == table[0]
    assert list(slips) == [Slip(2, table[1], 7, None, "票-1", 300, "")]


def test_a_workbook_keeps_amounts_that_binary_fractions_bend(tmp_path: Path) -> None:
    table: list[list[object]] = [["手机", "凭证号", "金额（元）"]]
    table += [[13812345678, 1001, amount] for amount in (19.99, 0.07, 1234.5, 20, "=1+1")]
    found = read(write_xlsx(tmp_path, table))
    assert [one.units if isinstance(one, Slip) else one.reason for one in found] == [
        1_999, 7, 123_450, 2_000, "单元格是公式，请改为文字",
    ]  # fmt: skip
    assert isinstance(found[0], Slip)
    assert (found[0].phone, found[0].voucher) == ("13812345678", "1001")


@pytest.mark.parametrize(
    ("title", "text", "units"),
    [
        ("金额", "200.50", 20_050), ("金额", "200", 20_000), ("金额", "１００", 10_000),
        ("金额", "19.989999999999998", 1_999), ("金额(元)", "0", 0), ("金额", " 0.01 ", 1),
        ("数量", "3", 3), ("数量", "3.0", 3), ("数量", "999999999999", 10**12 - 1),
    ],
)  # fmt: skip
def test_amounts_are_yuan_and_quantities_what_the_rule_counts(
    tmp_path: Path, title: str, text: str, units: int
) -> None:
    found = line_of(tmp_path, ["会员号", "凭证号", title], ["7", "a", text], BILL)
    assert isinstance(found, Slip)
    assert found.units == units


@pytest.mark.parametrize(
    "text", ["-1", "NaN", "inf", "1e3", "1,000", "+5", "五", "1 0", "0x10", "9" * 13, "1.", "--"]
)
@pytest.mark.parametrize("title", ["数量", "金额"])
def test_what_is_no_amount_is_refused(tmp_path: Path, title: str, text: str) -> None:
    for of in (BILL, EACH):  # a return is no visit either
        found = line_of(tmp_path, ["会员号", "凭证号", title], ["7", "a", text], of)
        assert isinstance(found, BadSlip)
        assert found.reason == f"{title}无效"


@pytest.mark.parametrize(
    ("head", "cells", "reason"),
    [
        (["会员号", "凭证号", "数量"], ["7", "a", "2.5"], "数量须为整数"),
        (["会员号", "凭证号", "金额"], ["7", "a", "2.005"], "金额无效，最多两位小数"),
        (["会员号", "凭证号", "金额"], ["7", "a"], "没有金额"),
        (["会员号", "凭证号", "金额"], ["7", "a", "1", "234.50"], "单元格比表头多"),
        (["会员号", "凭证号", "金额"], ["7", "=a", "1"], "单元格是公式，请改为文字"),
        (["会员号", "凭证号", "金额"], ["7", "@a", "1"], "凭证号有误，最多 32 字"),
        (["会员号", "凭证号", "金额"], ["7", "'-a", "1"], "凭证号有误，最多 32 字"),
        (["会员号", "凭证号", "金额"], ["7", "a\u202eb", "1"], "凭证号有误，最多 32 字"),
        (["会员号", "凭证号", "金额"], ["7", "长" * 33, "1"], "凭证号有误，最多 32 字"),
        (["会员号", "凭证号", "金额"], ["7", " ", "1"], "没有凭证号"),
        (["会员号", "凭证号", "金额"], ["7", "1.23457E+19", "1"],
         "凭证号已被表格改写，请把该列设为文本格式"),
        (["会员号", "凭证号", "金额"], ["0", "a", "1"], "会员号有误"),
        (["会员号", "凭证号", "金额"], ["7; DROP", "a", "1"], "会员号有误"),
        (["会员号", "凭证号", "金额"], ["1" * 19, "a", "1"], "会员号有误"),
        (["手机", "凭证号", "金额"], ["123", "a", "1"], "手机号有误，请把该列设为文本格式"),
        (["会员号", "凭证号", "金额", "等待事件"], ["7", "a", "1", "装机"],
         "积分规则为立即到账，不能填等待事件"),
    ],
)  # fmt: skip
def test_a_mistake_of_a_line_is_named(
    tmp_path: Path, head: list[str], cells: list[str], reason: str
) -> None:
    found = line_of(tmp_path, head, cells, BILL)
    assert isinstance(found, BadSlip)
    assert (found.line, found.reason) == (2, reason)
    assert len(found.cells) == len(head)


def test_a_rule_that_waits_needs_an_event_and_none_of_them_an_amount(tmp_path: Path) -> None:
    head = ["会员号", "凭证号", "等待事件"]
    assert line_of(tmp_path, head, ["7", "a", "装机:9"], WAITS) == Slip(
        2, ["7", "a", "装机:9"], 7, None, "a", 0, "装机:9"
    )
    for text, reason in (("", "没有等待事件"), ("长" * 81, "等待事件有误，最多 80 字")):
        found = line_of(tmp_path, head, ["7", "a", text], WAITS)
        assert isinstance(found, BadSlip)
        assert found.reason == reason


@pytest.mark.parametrize(
    ("head", "of", "problem"),
    [
        (["会员号", "数量"], BILL, "表头没有“凭证号”列"),
        (["凭证号", "数量"], BILL, "表头须有“会员号”或“手机”中的一列"),
        (["会员号", "手机", "凭证号", "数量"], BILL, "表头须有“会员号”或“手机”中的一列"),
        (["会员号", "凭证号", "数量", "金额"], BILL, "“数量”和“金额”只能有一列"),
        (["会员号", "凭证号"], BILL, "表头没有“数量”或“金额”列"),
        (["会员号", "凭证号"], WAITS, "表头没有“等待事件”列"),
        (["会员号", "凭证号", "凭证号"], EACH, "“凭证号”列出现两次"),
    ],
)
def test_a_head_that_lacks_something_is_refused(
    tmp_path: Path, head: list[str], of: EarnRule, problem: str
) -> None:
    with pytest.raises(FileRefused) as refused:
        read(write(tmp_path, text_of([head, ["7"] * len(head)])), of)
    assert refused.value.facts == {"line": 1, "problem": problem}
    with pytest.raises(FileRefused, match="file_refused"):
        read(write(tmp_path, text_of([["会员号", "凭证号"]])), EACH)


def test_a_report_that_comes_back_loses_its_results(tmp_path: Path) -> None:
    table = [["会员号", "结果", "凭证号"], ["7", "查无此会员", "a"], ["8", "", "b", ""]]
    head, slips = earn_slips.read(write(tmp_path, text_of(table)), EACH)
    assert head == ["会员号", "凭证号"]
    assert [one.cells for one in slips] == [["7", "a"], ["8", "b"]]
