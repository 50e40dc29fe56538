"""The audit log: who did what, when and from where, and whether the log is what was written."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import audit, audit_chain, audit_checks
from kernel.audit import AuditEntry
from kernel.audit_checks import AuditCheck
from kernel.clock import SHANGHAI, business_day
from kernel.operators import Operator
from kernel.refusals import NotFound
from products.applications import STATE_NAMES
from reports.files import Cell
from web.console import audit_search, csv_files
from web.console.audit_search import Line, bounded, wanted_of
from web.console.filters import full_time
from web.console.guards import actor, operator_required
from web.wiring import now, read, transaction, wiring

bp = Blueprint("audit", __name__, url_prefix="/audit")

HEADER = ("环号", "时间", "人员", "操作", "代码", "对象", "来自", "说明", "摘要")


@dataclass(frozen=True)
class _Sheet:
    """One entry, who did it, and how it hangs in the chain."""

    entry: AuditEntry
    operator: Operator | None
    previous: str | None
    whole: bool | None


@bp.get("")
@operator_required("audit.read")
def show_list() -> ResponseReturnValue:
    """The acts that were asked for, the newest first."""
    asked = wanted_of(request.args)
    wanted, token = bounded(asked, business_day(now())), request.args.get("from", "")

    def work(db: Session) -> tuple[Any, Any, AuditCheck | None]:
        found = audit_search.page(db, wanted, token)
        return found, audit_search.operators(db), audit_checks.newest(db)

    page, operators, check = read(work)
    return render_template(
        "console/audit/list.html",
        page=page,
        operators=operators,
        check=check,
        wanted=asked,
        bounded=wanted,
        said=asked.said(),
        state_names=STATE_NAMES,
    )


@bp.get("/<row:audit_id>")
@operator_required("audit.read")
def show(audit_id: int) -> ResponseReturnValue:
    """One act with everything that was written down. Raises NotFound."""
    return render_template(
        "console/audit/show.html", sheet=read(lambda db: _sheet(db, audit_id)), names=STATE_NAMES
    )


def _sheet(session: Session, audit_id: int) -> _Sheet:
    entry = session.get(AuditEntry, audit_id)
    if entry is None:
        raise NotFound
    operator = session.get(Operator, entry.operator_id) if entry.operator_id else None
    if entry.position is None:
        return _Sheet(entry, operator, None, None)
    before = select(AuditEntry.hash).where(AuditEntry.position == entry.position - 1)
    previous = audit_chain.GENESIS if entry.position == 1 else session.scalar(before)
    whole = entry.hash == audit_chain.hash_of(previous or "", entry.position, entry)
    return _Sheet(entry, operator, previous, whole)


@bp.post("/exports")
@operator_required("audit.read")
def export() -> ResponseReturnValue:
    """The acts that were asked for as a file; that it was taken is written down itself."""
    wanted, at = bounded(wanted_of(request.form), business_day(now())), now()
    find = wanted.said()
    transaction(
        lambda db: audit.write(db, "audit.exported", "audit:log", at, by=actor(), find=find)
    )
    template: Any = current_app.jinja_env.get_template("console/audit/names.html").module
    rows = _cells(audit_search.every(wiring().database, wanted, at), template.action_names)
    name = f"audit-{at.astimezone(SHANGHAI):%Y%m%d-%H%M}.csv"
    return csv_files.answer(name, HEADER, rows)


def _cells(lines: Iterator[Line], names: dict[str, str]) -> Iterator[list[Cell]]:
    for line in lines:
        entry: AuditEntry = line.AuditEntry
        details = json.dumps(entry.details, ensure_ascii=False) if entry.details else ""
        yield [
            entry.position or "",
            full_time(entry.at),
            line.operator_name or "",
            names.get(entry.action, entry.action),
            entry.action,
            entry.subject,
            entry.address or "",
            details,
            entry.hash or "",
        ]
