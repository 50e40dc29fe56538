"""Files of business that brings points: bills, installations, ratings, one a line.

A line names a member (会员号 or 手机), the voucher of the business (凭证号), how much it was
(数量 in the rule's units, or 金额 in yuan) and perhaps the event that its points wait for.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from pathlib import Path

from kernel.refusals import Invalid
from loyalty import member_files, table_files
from loyalty.earn_rules import EarnRule
from loyalty.file_refusals import FileRefused
from loyalty.phones import normalise

RESULT = "结果"
VOUCHER_LENGTH = 32
EVENT_LENGTH = 80
_HEADS = {
    "member": ("会员号", "会员编号"),
    "phone": member_files.HEADS["phone"],
    "voucher": ("凭证号",),
    "units": ("数量",),
    "yuan": ("金额", "金额（元）", "金额(元)"),
    "awaits": ("等待事件",),
}
_KNOWN = {word: name for name, words in _HEADS.items() for word in words}
_NUMBER = re.compile(r"[1-9]\d{0,17}", re.ASCII)
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,20})?", re.ASCII)
_ROUNDED = re.compile(r"\d(\.\d+)?E\+?\d+", re.ASCII | re.I)
# Sheets keep 19.99 as 19.989999999999998; what is off by more was not written so by people.
_SLACK = Decimal("1e-6")
# A report puts an apostrophe before such text; brought in again it would be another name.
_MARKS = tuple("=+-@'＝＋－＠")


@dataclass(frozen=True)
class Slip:
    """A line that can be booked: one of `member_id` and `phone`; `units` as the rule counts."""

    line: int
    cells: list[str]
    member_id: int | None
    phone: str | None
    voucher: str
    units: int
    awaits: str


@dataclass(frozen=True)
class BadSlip:
    """A line that cannot; `reason` is a short Chinese text without what stood in the line."""

    line: int
    cells: list[str]
    reason: str


def read(path: Path, rule: EarnRule) -> tuple[list[str], Iterator[Slip | BadSlip]]:
    """The head of an XLSX or CSV file and its lines in order, each with the cells of the head.

    A column 结果, from an earlier report, is dropped; unknown columns are left alone. Raises
    FileRefused, for what stands further down while the lines are read.
    """
    lines = table_files.lines(path)
    number, head = next(lines, (1, []))
    columns = table_files.places(number, head, _KNOWN)
    for problem in _head_faults(set(columns), rule):
        raise FileRefused(line=number, problem=problem)
    first = next(lines, None)
    if first is None:
        raise FileRefused(line=number, problem="只有表头，没有内容")
    kept = [place for place, title in enumerate(head) if title.strip() != RESULT]
    slips = (_slip(line, len(head), columns, kept, rule) for line in chain([first], lines))
    return [head[place] for place in kept], slips


def _head_faults(found: set[str], rule: EarnRule) -> Iterator[str]:
    if "voucher" not in found:
        yield "表头没有“凭证号”列"
    if len(found & {"member", "phone"}) != 1:
        yield "表头须有“会员号”或“手机”中的一列"
    if len(found & {"units", "yuan"}) > 1:
        yield "“数量”和“金额”只能有一列"
    if rule.per_units and not found & {"units", "yuan"}:
        yield "表头没有“数量”或“金额”列"
    if rule.waits and "awaits" not in found:
        yield "表头没有“等待事件”列"


def _slip(
    line: tuple[int, list[str]], width: int, columns: dict[str, int], kept: list[int],
    rule: EarnRule,
) -> Slip | BadSlip:  # fmt: skip
    number, cells = line
    cells = cells + [""] * (width - len(cells))
    found = {name: cells[place].strip() for name, place in columns.items()}
    shown = [cells[place] for place in kept]
    try:
        # An amount with a comma and no quotes pushes every later cell into the wrong column.
        _demand(not any(cell.strip() for cell in cells[width:]), "单元格比表头多")
        _demand(
            not any(text.startswith("=") for text in found.values()), "单元格是公式，请改为文字"
        )
        return Slip(
            number,
            shown,
            _member(found["member"]) if "member" in found else None,
            _phone(found["phone"]) if "phone" in found else None,
            _voucher(found["voucher"]),
            _units(found, rule),
            _awaits(found.get("awaits", ""), rule),
        )
    except Invalid as invalid:
        return BadSlip(number, shown, str(invalid.facts["reason"]))


def _demand(met: bool, reason: str) -> None:
    if not met:
        raise Invalid(field="line", reason=reason)


def _member(text: str) -> int:
    digits = unicodedata.normalize("NFKC", text)
    _demand(_NUMBER.fullmatch(digits) is not None, "会员号有误")
    return int(digits)


def _phone(text: str) -> str:
    try:
        return normalise(text)
    except Invalid:
        raise Invalid(field="phone", reason="手机号有误，请把该列设为文本格式") from None


def _voucher(text: str) -> str:
    _demand(text != "", "没有凭证号")
    # Two long numbers that a sheet has rounded look alike, and one would not be paid.
    _demand(not _ROUNDED.fullmatch(text), "凭证号已被表格改写，请把该列设为文本格式")
    _demand(_is_name(text, VOUCHER_LENGTH), f"凭证号有误，最多 {VOUCHER_LENGTH} 字")
    return text


def _awaits(text: str, rule: EarnRule) -> str:
    if not rule.waits:
        _demand(text == "", "积分规则为立即到账，不能填等待事件")
        return ""
    _demand(text != "", "没有等待事件")
    _demand(_is_name(text, EVENT_LENGTH), f"等待事件有误，最多 {EVENT_LENGTH} 字")
    return text


def _is_name(text: str, longest: int) -> bool:
    return len(text) <= longest and text.isprintable() and not text.startswith(_MARKS)


def _units(found: dict[str, str], rule: EarnRule) -> int:
    text = unicodedata.normalize("NFKC", found.get("units") or found.get("yuan") or "")
    title, places = ("数量", 0) if "units" in found else ("金额", 2)
    if not text:
        _demand(not rule.per_units, f"没有{title}")
        return 0
    _demand(_AMOUNT.fullmatch(text) is not None, f"{title}无效")
    exact = Decimal(text) * 10**places
    whole: int = round(exact)
    _demand(
        abs(exact - whole) <= _SLACK, f"{title}无效，最多两位小数" if places else "数量须为整数"
    )
    return whole
