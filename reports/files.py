"""Export files: CSV and XLSX, whole or not there, in which no cell is taken for a formula."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

# Excel and WPS run a cell that begins so; full-width forms are folded by some of them.
_FORMULA_STARTS = tuple("=+-@\t\r\n\0＝＋－＠")
Cell = str | int


class UnknownFormat(Exception):
    """The file name ends in neither .csv nor .xlsx."""


def safe(cell: Cell) -> Cell:
    """The cell, with an apostrophe before text that a spreadsheet would run."""
    if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS):
        return f"'{cell}"
    return cell


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    """Write a .csv (UTF-8 with BOM, for Excel) or .xlsx; returns the number of rows.

    The file appears under its name only when it is complete. Raises UnknownFormat, OSError.
    """
    writers = {".csv": _write_csv, ".xlsx": _write_xlsx}
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise UnknownFormat(path.suffix)
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    counted = _Counted(rows)
    part.touch()  # the writers' own errors about a folder say less, or are no OSError
    try:
        writer(part, header, counted)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return counted.count


class _Counted:
    """Counts what passes through, made safe on the way."""

    def __init__(self, rows: Iterable[Sequence[Cell]]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[list[Cell]]:
        for row in self._rows:
            self.count += 1
            yield [safe(cell) for cell in row]


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[list[Cell]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def _write_xlsx(path: Path, header: Sequence[str], rows: Iterable[list[Cell]]) -> None:
    try:
        from rustpy_xlsxwriter import write_worksheet
    except ImportError:  # no wheel for this machine
        _write_xlsx_slowly(path, header, rows)
        return
    remaining = iter(rows)
    first = next(remaining, None)
    if first is None:  # the fast writer takes the header from the rows
        _write_xlsx_slowly(path, header, ())
        return
    records = (dict(zip(header, row, strict=True)) for row in chain((first,), remaining))
    write_worksheet(records, str(path), sheet_name="会员活动")


def _write_xlsx_slowly(path: Path, header: Sequence[str], rows: Iterable[list[Cell]]) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet("会员活动")
        sheet.write_row(0, 0, header)
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, int):
                    sheet.write_number(number, column, cell)
                else:
                    sheet.write_string(number, column, cell)
