"""Files of members to import: a head line with Chinese names, one person a line."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from kernel.refusals import Invalid
from loyalty import table_files
from loyalty.file_refusals import FileRefused
from loyalty.members import clean_name
from loyalty.phones import normalise

HEADS = {
    "name": ("姓名", "名字", "name"),
    "phone": ("手机", "手机号", "手机号码", "phone"),
    "openid": ("openid", "微信标识"),
}
_NEEDED = ("name", "phone")
_ANSWER = "answer:"
_OPENID = re.compile(r"[A-Za-z0-9_-]{10,64}", re.ASCII)
_PIECE = 1_048_576


@dataclass(frozen=True)
class Person:
    """One line that can be imported; `answers` are texts by profile field code."""

    line: int
    name: str
    phone: str
    openid: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class BadLine:
    """One line that cannot; `reason` is a short Chinese text without what stood in the line."""

    line: int
    reason: str


def digest(path: Path) -> str:
    """The file's own name: 64 hex digits of its bytes."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.hexdigest()


def read(path: Path, fields: Mapping[str, str] | None = None) -> Iterator[Person | BadLine]:
    """The lines of an XLSX or CSV file, in order. Raises FileRefused.

    What a file is its name says, and its first bytes must agree. `fields` are profile fields,
    title to code: a column with that title is read as answers; other columns are left alone.
    """
    lines = table_files.lines(path)
    head = next(lines, None)
    if head is None:
        raise FileRefused(line=1, problem="文件是空的")
    columns = _columns(*head, fields or {})
    first = next(lines, None)
    if first is None:
        raise FileRefused(line=head[0], problem="只有表头，没有会员")
    for number, cells in chain([first], lines):
        yield _line(number, cells, columns)


def _columns(line: int, cells: list[str], fields: Mapping[str, str]) -> dict[str, int]:
    known = {word: name for name, words in HEADS.items() for word in words}
    known |= {title.casefold(): f"{_ANSWER}{code}" for title, code in fields.items()}
    places = table_files.places(line, cells, known)
    for name in _NEEDED:
        if name not in places:
            raise FileRefused(line=line, problem=f"表头没有“{HEADS[name][0]}”列")
    return places


def _line(number: int, cells: list[str], columns: dict[str, int]) -> Person | BadLine:
    found = {name: cells[place].strip() for name, place in columns.items() if place < len(cells)}
    if any(text.startswith("=") for text in found.values()):
        return BadLine(number, "单元格是公式，请改为文字")
    try:
        name, phone = clean_name(found.get("name", "")), normalise(found.get("phone", ""))
    except Invalid as invalid:
        return BadLine(number, _REASONS[str(invalid.facts["field"])])
    openid = found.get("openid") or None
    if openid is not None and not _OPENID.fullmatch(openid):
        return BadLine(number, "微信标识有误")
    answers = {
        name.removeprefix(_ANSWER): text
        for name, text in found.items()
        if name.startswith(_ANSWER) and text
    }
    return Person(number, name, phone, openid, answers)


_REASONS = {"name": "姓名为空或超过 20 字", "phone": "手机号有误，请把该列设为文本格式"}
