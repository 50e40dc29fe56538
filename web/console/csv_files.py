"""Lists as CSV files for spreadsheets, sent while they are read, so that memory stays flat."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from flask import Response

from reports.files import Cell, safe

_ROWS = 500
_MARK = "\ufeff"  # by which Excel knows that it is UTF-8


def answer(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """The file, as a download. No cell is taken for a formula."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(_text(header, rows), mimetype="text/csv; charset=utf-8", headers=headers)


def _text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    held = io.StringIO(_MARK)
    held.seek(0, io.SEEK_END)
    writer = csv.writer(held)
    writer.writerow(header)
    for number, row in enumerate(rows, start=1):
        writer.writerow([safe(cell) for cell in row])
        if number % _ROWS == 0:
            yield held.getvalue()
            held.seek(0)
            held.truncate()
    yield held.getvalue()
