"""Tables as people send them: an XLSX or CSV file, a head line with Chinese names, then rows."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from loyalty import csv_files, sheets
from loyalty.file_refusals import COLUMNS, FILE_BYTES, ROWS, FileRefused


def lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of every line that is not empty. Raises FileRefused.

    What a file is its name says, and its first bytes must agree.
    """
    if not 0 < path.stat().st_size <= FILE_BYTES:
        raise FileRefused(line=1, problem="文件是空的或超过 50 MB")
    reading = {".xlsx": sheets.rows, ".csv": csv_files.rows}.get(path.suffix.lower())
    if reading is None:
        raise FileRefused(line=1, problem="只支持 XLSX 和 CSV 文件")
    for number, cells in reading(path):
        if number > ROWS or len(cells) > COLUMNS:
            raise FileRefused(line=number, problem=f"最多 {ROWS} 行、{COLUMNS} 列")
        yield number, cells


def places(line: int, cells: list[str], known: Mapping[str, str]) -> dict[str, int]:
    """Where the columns stand: `known` is column by title in lower case; others are left alone.

    Raises FileRefused for a column that comes twice.
    """
    found: dict[str, int] = {}
    for place, cell in enumerate(cells):
        name = known.get(cell.strip().casefold())
        if name is None:
            continue
        if name in found:
            raise FileRefused(line=line, problem=f"“{cell.strip()}”列出现两次")
        found[name] = place
    return found
