"""The first sheet of an XLSX workbook, streamed: an archive of XML that a stranger sent us.

Sizes are checked before anything is unpacked and again while it is; XML with a document type
(and so with entities) is refused; macros and links are not followed, formulas not computed.
"""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

from loyalty.file_refusals import COLUMNS, FIELD_LENGTH, FileRefused
from loyalty.sheet_xml import Cells, Names, Texts, parse

# A million rows of a few short cells are some 300 MB of XML.
_UNPACKED_BYTES = 600_000_000
_TEXT_BYTES = 100_000_000
_SMALL_BYTES = 5_000_000
# Sheets of equal rows pack some 20 to 60 times.
_RATIO = 200
_PARTS = 1_000
_CELL = re.compile(r"([A-Z]{1,3})\d{1,7}", re.ASCII)


def rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(row number, cells as text) of every row that is not empty. Raises FileRefused.

    Numbers are given as the file spells them (`13812345678`, `1.38E+10`); a cell with a formula
    is given as `=` with the formula, so that nobody takes its result for a value.
    """
    try:
        with zipfile.ZipFile(path) as book:
            _refuse_bomb(book)
            texts = _shared_texts(book)
            cells = parse(book, _first_sheet(book), Cells(), _UNPACKED_BYTES)
            for number, found in cells:
                row = _row(number, found, texts)
                if any(cell.strip() for cell in row):
                    yield number, row
    except FileRefused:
        raise
    except (expat.ExpatError, UnicodeError, ValueError, IndexError) as error:
        raise FileRefused(line=1, problem="表格内容无法读取") from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, KeyError) as error:
        raise FileRefused(line=1, problem="文件不完整或不是 XLSX") from error
    except zlib.error as error:
        raise FileRefused(line=1, problem="文件不完整或不是 XLSX") from error


def _refuse_bomb(book: zipfile.ZipFile) -> None:
    parts = book.infolist()
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts) or 1
    names = [part.filename for part in parts]
    large = unpacked > _UNPACKED_BYTES or unpacked > max(packed * _RATIO, _SMALL_BYTES)
    if len(parts) > _PARTS or large:
        raise FileRefused(line=1, problem="文件解压后过大")
    if len(set(names)) != len(names) or any("vbaProject" in name for name in names):
        raise FileRefused(line=1, problem="含有宏或重复内容")


def _first_sheet(book: zipfile.ZipFile) -> str:
    sheets = parse(book, "xl/workbook.xml", Names("sheet"), _SMALL_BYTES)
    first = next((value for attributes in sheets for name, value in attributes.items()
                  if name.endswith("}id")), None)  # fmt: skip
    links = parse(book, "xl/_rels/workbook.xml.rels", Names("Relationship"), _SMALL_BYTES)
    for link in links:
        if link.get("Id") == first and link.get("TargetMode") != "External":
            return posixpath.normpath(posixpath.join("/xl", link["Target"])).lstrip("/")
    raise KeyError("no sheet")


def _shared_texts(book: zipfile.ZipFile) -> list[str]:
    name = "xl/sharedStrings.xml"
    if name not in book.namelist():
        return []
    return list(parse(book, name, Texts(), _TEXT_BYTES))


def _row(number: int, found: list[tuple[str, str, str, str]], texts: list[str]) -> list[str]:
    cells: dict[int, str] = {}
    for place, kind, value, formula in found:
        column = _column(place) if place else len(cells)
        if column >= COLUMNS:
            if value or formula:
                raise FileRefused(line=number, problem=f"最多 {COLUMNS} 列")
            continue
        text = texts[int(value)] if kind == "s" and value else value
        cells[column] = f"={formula}" if formula else text
        if len(cells[column]) > FIELD_LENGTH:
            raise FileRefused(line=number, problem="有单元格内容太长")
    return [cells.get(column, "") for column in range(max(cells, default=-1) + 1)]


def _column(place: str) -> int:
    match = _CELL.fullmatch(place)
    if not match:
        raise ValueError(place)
    number = 0
    for letter in match[1]:
        number = number * 26 + ord(letter) - 64
    return number - 1
