"""The audit log: who did what, when and from where."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from kernel.audit import AuditEntry
from kernel.operators import Operator
from products.applications import STATE_NAMES
from web.console.guards import operator_required
from web.console.paging import Page, asked_id, page_of
from web.wiring import read

bp = Blueprint("audit", __name__, url_prefix="/audit")

SIZE = 50


@bp.get("")
@operator_required("audit.read")
def show_list() -> ResponseReturnValue:
    """The newest acts first."""
    page = read(lambda db: _page(db, asked_id()))
    return render_template("console/audit.html", page=page, state_names=STATE_NAMES)


def _page(session: Session, before: int | None) -> Page[Row[AuditEntry, str]]:
    query = (
        select(AuditEntry, Operator.name.label("operator_name"))
        .outerjoin(Operator, Operator.id == AuditEntry.operator_id)
        .order_by(AuditEntry.id.desc())
        .limit(SIZE + 1)
    )
    if before is not None:
        query = query.where(AuditEntry.id < before)
    rows = session.execute(query).all()
    return page_of(rows, SIZE, lambda row: int(row.AuditEntry.id))
