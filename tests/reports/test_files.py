"""Export files: whole or not there, and no cell that a spreadsheet would run."""

import csv
import re
import sys
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reports import files
from reports.files import Cell, UnknownFormat, safe, write

HEADER = ("姓名", "积分")
FORMULAS = [
    "=1+1", "+86", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1", "＝1+1", "＋1", "－1", "＠x",
    "=cmd|' /C calc'!A0", '=HYPERLINK("http://x")',
]  # fmt: skip
PLAIN = [
    "王芳", "00123", "1e5", "true", "2026-11-20", " =1", "a=b", "", "\"quoted\", comma", "👋",
    "two\nlines", "x\x0by", "_x0041_", "http://hall.example/", "<b>&amp;</b>", "]]>", " blanks ",
]  # fmt: skip
_NS = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def read_csv(path: Path) -> list[list[str]]:
    """The cells of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def read_xlsx(path: Path) -> list[list[Cell]]:
    """The cells of an XLSX file, read as any program would, without the help of a writer."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            ET.fromstring(archive.read(name))
        shared = _shared(archive)
        sheet = ET.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    assert sheet.findall(".//x:f", _NS) == [], "a formula"
    return [_row(row, shared) for row in sheet.findall(".//x:row", _NS)]


def _row(row: ET.Element, shared: list[str]) -> list[Cell]:
    # An empty cell may be left out.
    found = {str(cell.get("r"))[0]: _cell(cell, shared) for cell in row.findall("x:c", _NS)}
    return [found.get(column, "") for column in "AB"]


def _shared(archive: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    root = ET.fromstring(archive.read("xl/sharedStrings.xml"))
    return ["".join(item.itertext()) for item in root.findall("x:si", _NS)]


def _cell(cell: ET.Element, shared: list[str]) -> Cell:
    if cell.get("t") == "inlineStr":
        text = "".join(cell.itertext())
    elif cell.get("t") == "s":
        text = shared[int(cell.findtext("x:v", "", _NS))]
    else:
        return int(float(cell.findtext("x:v", "0", _NS)))
    return re.sub(r"_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)


@pytest.fixture(params=["fast", "fallback"])
def writer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both writers of XLSX: a machine may have no wheel of the fast one."""
    if request.param == "fallback":
        monkeypatch.setitem(sys.modules, "rustpy_xlsxwriter", None)
    return str(request.param)


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_is_made_text(formula: str) -> None:
    assert safe(formula) == f"'{formula}"


@pytest.mark.parametrize("cell", [*PLAIN, 5, -5, 0])
def test_other_cells_are_left_alone(cell: Cell) -> None:
    assert safe(cell) == cell


def test_a_csv_is_utf8_with_a_mark_and_counts_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    rows: list[tuple[Cell, ...]] = [(text, number) for number, text in enumerate(FORMULAS + PLAIN)]
    assert write(path, HEADER, rows) == len(rows)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf" + "姓名,积分\r\n".encode())
    cells = read_csv(path)
    assert cells[0] == list(HEADER)
    assert [row[0] for row in cells[1:]] == [f"'{text}" for text in FORMULAS] + PLAIN
    assert [row[1] for row in cells[1:]] == [str(number) for number in range(len(rows))]


def test_an_xlsx_opens_again_with_the_same_cells(tmp_path: Path, writer: str) -> None:
    path = tmp_path / "m.xlsx"
    rows: list[tuple[Cell, ...]] = [(text, number) for number, text in enumerate(FORMULAS + PLAIN)]
    assert write(path, HEADER, rows) == len(rows)
    cells = read_xlsx(path)
    assert cells[0] == list(HEADER)
    assert [row[0] for row in cells[1:]] == [f"'{text}" for text in FORMULAS] + PLAIN
    assert [row[-1] for row in cells[1:]] == list(range(len(rows)))


@pytest.mark.parametrize("name", ["m.csv", "m.xlsx"])
def test_nobody_to_export_is_a_file_with_its_header(
    tmp_path: Path, writer: str, name: str
) -> None:
    path = tmp_path / name
    assert write(path, HEADER, []) == 0
    assert (read_csv if name == "m.csv" else read_xlsx)(path) == [list(HEADER)]


def broken() -> Iterator[tuple[Cell, ...]]:
    """Rows whose source fails half way."""
    yield ("王芳", 1)
    raise ConnectionError


@pytest.mark.parametrize("name", ["m.csv", "m.xlsx"])
def test_a_failed_export_leaves_no_file_and_keeps_the_old_one(
    tmp_path: Path, writer: str, name: str
) -> None:
    path = tmp_path / name
    with pytest.raises(ConnectionError):
        write(path, HEADER, broken())
    assert list(tmp_path.iterdir()) == []
    write(path, HEADER, [("王芳", 1)])
    before = path.read_bytes()
    with pytest.raises(ConnectionError):
        write(path, HEADER, broken())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["none/m.csv", "none/m.xlsx", "file/m.csv", "file/m.xlsx"])
def test_a_folder_that_is_not_there_is_an_error_with_its_reason(
    tmp_path: Path, writer: str, name: str
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r".") as error:
        write(tmp_path / name, HEADER, [("王芳", 1)])
    assert error.value.strerror in {"No such file or directory", "Not a directory"}


@pytest.mark.parametrize("name", ["m.xls", "m", ".csv", "m.csv.exe"])
def test_another_ending_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnknownFormat):
        write(tmp_path / name, HEADER, [])
    assert list(tmp_path.iterdir()) == []


def test_the_ending_may_be_shouted(tmp_path: Path) -> None:
    assert files.write(tmp_path / "M.CSV", HEADER, [("王芳", 1)]) == 1
