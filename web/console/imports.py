"""Imports of members from a file: rehearsed line by line, then done, with a report."""

import csv
import io
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Row, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from kernel.operators import Operator
from kernel.refusals import Invalid, NotFound, Refused
from loyalty import member_files, member_imports, profiles
from loyalty.file_refusals import FILE_BYTES
from loyalty.member_imports import File, MemberImport, MemberImportRow, Verdict
from web.console import sessions
from web.console.deeds import sentence
from web.console.guards import operator_id, operator_required
from web.console.paging import Page, asked_id, page_of
from web.wiring import now, read, transaction, wiring

bp = Blueprint("imports", __name__, url_prefix="/imports")

# What is done while somebody waits; longer files go through the command line.
MOST_LINES = 20_000
_SHOWN_FAULTS = 50
_LATEST = 20
_ROWS = 50
_BIG = frozenset({"console.imports.preview", "console.imports.start"})


@dataclass(frozen=True)
class Rehearsal:
    """What an import would do: lines by verdict, and the first ones that cannot be taken."""

    digest: str
    name: str
    counts: Counter[str]
    faults: list[Verdict]


@bp.url_value_preprocessor
def _let_files_in(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    # Before anything reads the form; a stranger's body stays as small as everywhere.
    if endpoint in _BIG and sessions.current() is not None:
        request.max_content_length = FILE_BYTES + 100_000


@bp.get("")
@operator_required("members.import")
def show_list() -> ResponseReturnValue:
    """The latest imports, and the form for a new one."""
    return _page()


@bp.post("/previews")
@operator_required("members.import")
def preview() -> ResponseReturnValue:
    """What the file would do, line by line; nothing is written."""
    try:
        with _sent_file() as path:
            found = _rehearse(path, _file_name())
    except Refused as refused:
        return _answer(fault=sentence(refused))
    return _answer(found)


@bp.post("")
@operator_required("members.import")
def start() -> ResponseReturnValue:
    """Import the file that was seen before; one that was cut short goes on where it stopped."""
    try:
        with _sent_file() as path:
            import_id = _run(path, File(member_files.digest(path), _file_name()))
    except Refused as refused:
        return _page(fault=sentence(refused)), 422
    flash("imported", "success")
    return redirect(url_for(".show", import_id=import_id), 303)


@bp.get("/<row:import_id>")
@operator_required("members.import")
def show(import_id: int) -> ResponseReturnValue:
    """What became of each line. Raises NotFound."""
    after = asked_id("after") or 0

    def work(db: Session) -> tuple[MemberImport, Page[MemberImportRow]]:
        query = (
            select(MemberImportRow)
            .where(MemberImportRow.import_id == import_id, MemberImportRow.line > after)
            .order_by(MemberImportRow.line)
            .limit(_ROWS + 1)
        )
        rows = db.scalars(query).all()
        return _get(db, import_id), page_of(rows, _ROWS, lambda row: row.line)

    done, rows = read(work)
    return render_template("console/imports/show.html", done=done, rows=rows)


@bp.get("/<row:import_id>/report")
@operator_required("members.import")
def report(import_id: int) -> ResponseReturnValue:
    """The report as a CSV file that Excel opens. Raises NotFound."""

    def work(db: Session) -> list[tuple[int, str, str, str]]:
        _get(db, import_id)
        return list(member_imports.report(db, import_id))

    text = io.StringIO()
    written = csv.writer(text)
    written.writerow(["行号", "结果", "说明", "会员号"])
    written.writerows(read(work))
    headers = {"Content-Disposition": f'attachment; filename="import-{import_id}.csv"'}
    return Response("\ufeff" + text.getvalue(), mimetype="text/csv", headers=headers)


def _get(session: Session, import_id: int) -> MemberImport:
    found = session.get(MemberImport, import_id)
    if found is None:
        raise NotFound
    return found


def _file_name() -> str:
    return Path(_sent().filename or "").name.replace("\x00", "")[-100:]


def _sent() -> FileStorage:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid(field="file", reason="请选择 XLSX 或 CSV 文件")
    return sent


@contextmanager
def _sent_file() -> Iterator[Path]:
    sent = _sent()
    suffix = Path(sent.filename or "").suffix.lower()
    with tempfile.TemporaryDirectory(prefix="weiting-") as folder:
        path = Path(folder) / f"members{suffix if suffix in {'.xlsx', '.csv'} else '.other'}"
        sent.save(path)
        yield path


def _pages(path: Path) -> Iterator[list[member_imports.Line]]:
    titles = read(lambda db: {field.title: field.code for field in profiles.fields(db)})
    count = 0
    for page in member_imports.pages(member_files.read(path, titles)):
        count += len(page)
        if count > MOST_LINES:
            raise Invalid(field="file", reason="超过 2 万行，请技术同事在服务器上用命令导入")
        yield page


def _rehearse(path: Path, name: str) -> Rehearsal:
    seen: set[int] = set()
    counts, faults = Counter[str](), list[Verdict]()
    for page in _pages(path):
        verdicts = read(_rehearsing(page, seen))
        counts.update(one.verdict for one in verdicts)
        faults += [one for one in verdicts if one.verdict == "bad"][: _SHOWN_FAULTS - len(faults)]
    return Rehearsal(member_files.digest(path), name, counts, faults)


def _rehearsing(
    page: list[member_imports.Line], seen: set[int]
) -> Callable[[Session], list[Verdict]]:
    return lambda db: member_imports.rehearse(db, wiring().vault, page, seen)


def _run(path: Path, file: File) -> int:
    if request.form.get("digest") != file.digest:
        raise Invalid(field="file", reason="这不是刚才预览的文件，请重新预览")
    for _ in _pages(path):
        pass  # a file that is refused half-way is refused before its first line is taken
    by = operator_id()
    standing = transaction(lambda db: member_imports.start(db, file, now(), by=by))
    if standing.finished_at is None:
        for page in _pages(path):
            transaction(_taking(standing.id, page))
        transaction(lambda db: member_imports.finish(db, standing.id, now()))
    return standing.id


def _taking(import_id: int, page: list[member_imports.Line]) -> Callable[[Session], object]:
    return lambda db: member_imports.take(db, wiring().vault, import_id, page, now())


def _answer(found: Rehearsal | None = None, fault: str = "") -> ResponseReturnValue:
    if request.headers.get("HX-Request"):
        return render_template("console/imports/rehearsal.html", found=found, fault=fault)
    return _page(found, fault), 422 if fault else 200


def _page(found: Rehearsal | None = None, fault: str = "") -> str:
    latest, titles = read(lambda db: (_latest(db), [one.title for one in profiles.fields(db)]))
    return render_template(
        "console/imports/list.html", latest=latest, titles=titles, found=found, fault=fault
    )


def _latest(session: Session) -> list[Row[MemberImport, str]]:
    return list(
        session.execute(
            select(MemberImport, Operator.name.label("operator_name"))
            .outerjoin(Operator, Operator.id == MemberImport.started_by)
            .order_by(MemberImport.id.desc())
            .limit(_LATEST)
        )
    )
