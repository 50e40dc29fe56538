"""Files of members as people save them, and as attackers make them."""

import csv
import tracemalloc
import zipfile
from io import StringIO
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty import member_files, sheets
from loyalty.file_refusals import FileRefused
from loyalty.member_files import BadLine, Person

GOOD = [["姓名", "手机"], ["李梅", "13812345678"], ["王芳", "13912345678"]]
PEOPLE = [Person(2, "李梅", "13812345678"), Person(3, "王芳", "13912345678")]
BROKEN_PHONES = [
    "1.38E+10", "13812345678.0", "'13812345678", "1381234567", "", "=13812345678", "12812345678",
]  # fmt: skip


def text_of(rows: list[list[str]], separator: str = ",", ending: str = "\r\n") -> str:
    """The rows as CSV."""
    file = StringIO()
    csv.writer(file, delimiter=separator, lineterminator=ending).writerows(rows)
    return file.getvalue()


def write(folder: Path, data: bytes | str, name: str = "members.csv") -> Path:
    """A file with those bytes."""
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def write_xlsx(folder: Path, rows: list[list[object]]) -> Path:
    """A workbook as Excel would save it."""
    path = folder / "members.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return path


def read(path: Path, fields: dict[str, str] | None = None) -> list[Person | BadLine]:
    """Every line of the file."""
    return list(member_files.read(path, fields))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_csv_in_every_dress(tmp_path: Path, encoding: str, separator: str, ending: str) -> None:
    data = text_of(GOOD, separator, ending).encode(encoding)
    assert read(write(tmp_path, data)) == PEOPLE


def test_a_workbook_says_the_same(tmp_path: Path) -> None:
    assert read(write_xlsx(tmp_path, [list(row) for row in GOOD])) == PEOPLE


def test_phones_as_numbers_are_read_only_when_whole(tmp_path: Path) -> None:
    rows: list[list[object]] = [["姓名", "手机"], ["李梅", 13812345678]]
    rows.append(["赵敏", "=13812345678"])
    first, second = read(write_xlsx(tmp_path, rows))
    assert first == PEOPLE[0]
    assert second == BadLine(3, "单元格是公式，请改为文字")


@pytest.mark.parametrize("number", ["1.38E+10", "13812345678.0", "1.3812345678E10"])
def test_a_number_as_the_sheet_spells_it_is_not_rounded(tmp_path: Path, number: str) -> None:
    row = f"<row>{cell('李梅')}<c><v>{number}</v></c></row>"
    (line,) = read(book(tmp_path, SHEET + row + END))
    assert isinstance(line, BadLine)


@pytest.mark.parametrize("phone", BROKEN_PHONES)
def test_a_broken_phone_is_an_error_of_its_line_and_never_guessed(
    tmp_path: Path, phone: str
) -> None:
    path = write(tmp_path, text_of([*GOOD, ["赵敏", phone]]))
    *good, bad = read(path)
    assert good == PEOPLE
    assert isinstance(bad, BadLine)
    assert bad.line == 4
    assert "1381234567" not in bad.reason


@pytest.mark.parametrize(
    ("head", "row"),
    [
        (["手机", "备注", "姓名"], ["13812345678", "x", "李梅"]),
        (["phone", "name"], ["13812345678", "李梅"]),
        ([" 姓名 ", "手机号码"], ["李梅", "+86 138 1234 5678"]),
        (["姓名", "手机"], ["李梅", "１３８１２３４５６７８"]),
        (["姓名", "手机"], ["李\u202e梅\t", "13812345678", "", "more"]),
    ],
)
def test_columns_are_found_by_their_names(tmp_path: Path, head: list[str], row: list[str]) -> None:
    assert read(write(tmp_path, text_of([head, row]))) == [PEOPLE[0]]


def test_further_columns_are_answers_where_the_hall_asks(tmp_path: Path) -> None:
    rows = [["姓名", "手机", "会员卡号", "备注"], ["李梅", "13812345678", "K-7", "x"]]
    (person,) = read(write(tmp_path, text_of(rows)), {"会员卡号": "card"})
    assert person == Person(2, "李梅", "13812345678", None, {"card": "K-7"})


def test_newlines_inside_quotes_and_text_of_formulas(tmp_path: Path) -> None:
    rows = [GOOD[0], ["李\n梅", "13812345678"], ["@SUM", "13912345678"], ["=1+1", "13712345678"]]
    first, second, third = read(write(tmp_path, text_of(rows)))
    assert (first.line, getattr(first, "name", "")) == (3, "李梅")
    assert getattr(second, "name", "") == "@SUM"
    assert isinstance(third, BadLine)


@pytest.mark.parametrize(
    ("name", "openid", "reason"),
    [
        ("很" * 21, "", "姓名为空或超过 20 字"),
        ("\u202e", "", "姓名为空或超过 20 字"),
        ("李梅", "o;DROP TABLE", "微信标识有误"),
        ("李梅", "import:0001", "微信标识有误"),
    ],
)
def test_other_mistakes_of_a_line(tmp_path: Path, name: str, openid: str, reason: str) -> None:
    rows = [["姓名", "手机", "openid"], [name, "13812345678", openid]]
    assert read(write(tmp_path, text_of(rows))) == [BadLine(2, reason)]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "a.csv"),
        ("姓名,手机\n", "a.csv"),
        ("李梅,13812345678\n", "a.csv"),
        ("姓名,姓名,手机\n李,李,13812345678\n", "a.csv"),
        ("姓名\n李梅\n", "a.csv"),
        ('姓名,手机\n"李梅,13812345678\n', "a.csv"),
        ("姓名,手机\n" + "x" * 10_000_000, "a.csv"),
        ("姓名,手机\n李\x00梅,13812345678\n", "a.csv"),
        ("姓名,手机\n".encode() + b"\xff\xff\xff,1\n", "a.csv"),
        ("姓名,手机\n李,1\n".encode("utf-16") + b"\x00", "a.csv"),
        (b"\xd0\xcf\x11\xe0" + b"\x00" * 600, "a.csv"),
        (b"PK\x03\x04" + b"\x00" * 600, "a.csv"),
        (b"PK\x03\x04" + b"\x00" * 600, "a.xlsx"),
        ("姓名,手机\n李梅,13812345678\n", "a.xls"),
        ("姓名,手机\n李梅,13812345678\n", "a.xlsx"),
        ("姓名,手机\n李梅,13812345678\n", "a"),
        (",".join(["姓名", "手机", *("x" * 60)]) + "\n李,1\n", "a.csv"),
    ],
    ids=range(17),
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, data: bytes | str, name: str) -> None:
    with pytest.raises(FileRefused) as refused:
        read(write(tmp_path, data, name))
    assert set(refused.value.facts) == {"line", "problem"}


def test_a_mistake_of_the_encoding_names_its_line(tmp_path: Path) -> None:
    lines = "".join(f"李梅,138{number:08d}\n" for number in range(5_000))
    data = ("姓名,手机\n" + lines).encode() + b"\xff\xff\n"
    with pytest.raises(FileRefused) as refused:
        read(write(tmp_path, data))
    line = refused.value.facts["line"]
    assert isinstance(line, int)
    assert line > 2_000


def book(folder: Path, sheet: str, **parts: bytes) -> Path:
    """A workbook made by hand, with that XML as its sheet."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    path = folder / "made.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{links}"><sheets>'
            '<sheet name="x" sheetId="1" r:id="rId1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/>'
            "</Relationships>",
        )
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        for name, data in parts.items():
            archive.writestr(name.replace("__", "/"), data)
    return path


def cell(text: str, place: str = "") -> str:
    """A cell with text of its own."""
    where = f' r="{place}"' if place else ""
    return f'<c{where} t="inlineStr"><is><t>{text}</t></is></c>'


SHEET = f"<worksheet><sheetData><row>{cell('姓名')}{cell('手机')}</row>"
ROW = f"<row>{cell('李梅')}{cell('13812345678')}</row>"
END = "</sheetData></worksheet>"


def test_a_sheet_made_by_hand_is_read(tmp_path: Path) -> None:
    assert read(book(tmp_path, SHEET + ROW + END)) == [PEOPLE[0]]
    gap = f'<row r="9">{cell("13812345678", "B9")}{cell("李梅", "A9")}</row>'
    assert read(book(tmp_path, SHEET + gap + END)) == [Person(9, "李梅", "13812345678")]


@pytest.mark.parametrize(
    "sheet",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + SHEET + ROW + END,
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">' + SHEET + ROW + END,
        SHEET + ROW,
        SHEET + f"<row>{cell('x' * 10_001)}</row>" + END,
        SHEET + f"<row>{cell('x', 'ZZZ2')}</row>" + END,
        SHEET + f"<row>{cell('x', '!!')}</row>" + END,
        SHEET + '<row r="99999999">' + cell("x") + "</row>" + END,
        SHEET + '<row r="x">' + cell("x") + "</row>" + END,
        SHEET + '<row><c t="s"><v>7</v></c></row>' + END,
        "<a>" * 200 + "</a>" * 200,
        "",
    ],
    ids=range(11),
)
def test_a_sheet_made_to_harm_is_refused(tmp_path: Path, sheet: str) -> None:
    with pytest.raises(FileRefused):
        read(book(tmp_path, sheet))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    padding = " " * 40_000_000
    path = book(tmp_path, SHEET + padding + ROW + END)
    assert path.stat().st_size < 100_000
    tracemalloc.start()
    with pytest.raises(FileRefused):
        read(path)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_macros_links_and_half_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused):
        read(book(tmp_path, SHEET + ROW + END, xl__vbaProject=b"x"))
    whole = write_xlsx(tmp_path, [list(row) for row in GOOD]).read_bytes()
    for end in (len(whole) // 2, len(whole) - 30):
        with pytest.raises(FileRefused):
            read(write(tmp_path, whole[:end], "half.xlsx"))


def test_a_long_workbook_is_read_in_flat_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, GOOD[0])
        for number in range(1, 20_001):
            sheet.write_row(number, 0, ["李梅", f"138{number:08d}"])
    tracemalloc.start()
    count = sum(1 for _ in sheets.rows(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_001
    assert peak < 8_000_000


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes) -> None:
    for name in ("x.csv", "x.xlsx"):
        try:
            read(write(tmp_path, data, name))
        except FileRefused:
            continue
