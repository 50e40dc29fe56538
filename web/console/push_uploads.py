"""Lists for pushes: a file of phones or member numbers becomes a list, line by line."""

import tempfile
from pathlib import Path
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from kernel.operators import Operator
from kernel.refusals import Invalid, Refused
from pushes import lists
from pushes.audiences import PushList
from pushes.lists import NAME_LENGTH, Entry, Made
from web.console import sessions
from web.console.fields import Fields, Shown
from web.console.guards import operator_required
from web.console.reviews import hand
from web.console.settling import words_of
from web.wiring import read, transaction, wiring

bp = Blueprint("push_uploads", __name__, url_prefix="/push-lists")

MOST_BYTES = 10_000_000
_BIG = frozenset({"console.push_uploads.upload"})
_SHOWN = 50


@bp.url_value_preprocessor
def _let_files_in(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    # Before anything reads the form; everybody else's body stays as small as everywhere.
    signed_in = sessions.current() if endpoint in _BIG else None
    if signed_in is not None and signed_in.operator.may("pushes.write"):
        request.max_content_length = MOST_BYTES + 100_000


@bp.get("")
@operator_required("pushes.read")
def show_list() -> ResponseReturnValue:
    """The lists that were uploaded, and the form for a new one."""
    return _page(Shown({}))


@bp.post("")
@operator_required("pushes.write")
def upload() -> ResponseReturnValue:
    """Make a list of a file, and say which lines name nobody."""
    try:
        entries = _entries()
        name = Fields(request.form).text("name")
        made = transaction(lambda db: lists.make(db, name, entries, hand()))
    except Refused as refused:
        fault = words_of(refused)
        field = str(refused.facts.get("field", "file")) if isinstance(refused, Invalid) else "file"
        return _page(Shown(dict(request.form), field, fault)), 422
    return _page(Shown({}), made)


def _entries() -> list[Entry]:
    sent = _sent()
    suffix = Path(sent.filename or "").suffix.lower()
    with tempfile.TemporaryDirectory(prefix="weiting-") as folder:
        path = Path(folder) / f"people{suffix if suffix in {'.xlsx', '.csv'} else '.other'}"
        sent.save(path)
        return lists.read(path, wiring().vault)


def _sent() -> FileStorage:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid(field="file", reason="请选择 XLSX 或 CSV 文件")
    return sent


def _page(form: Shown, made: Made | None = None) -> str:
    def work(db: Session) -> list[tuple[PushList, str]]:
        query = (
            select(PushList, Operator.name)
            .join(Operator, Operator.id == PushList.created_by)
            .order_by(PushList.id.desc())
            .limit(100)
        )
        return [(row[0], row[1]) for row in db.execute(query)]

    return render_template(
        "console/pushes/lists.html",
        lists=read(work),
        form=form,
        made=made,
        shown=_SHOWN,
        most=NAME_LENGTH,
    )
