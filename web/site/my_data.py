"""My data (我的数据): everything that is held of the member, to read and to take along."""

import json
from typing import Any

from flask import Blueprint, Response, g, render_template
from flask.typing import ResponseReturnValue

from loyalty import member_data
from products import member_sections
from web.guards import member_required
from web.wiring import now, read, wiring

bp = Blueprint("my_data", __name__, url_prefix="/my-data")

# So many rows of a section are shown on the page; the file holds all.
SHOWN = 20


@bp.get("")
@member_required
def show() -> ResponseReturnValue:
    """The sections, each with its newest rows."""
    data = _export()
    person = data.pop("会员")
    made_at = data.pop("导出时间")
    sections = {title: rows for title, rows in data.items() if rows}
    return render_template(
        "site/my_data/show.html", person=person, made_at=made_at, sections=sections, shown=SHOWN
    )


@bp.get("/file")
@member_required
def download() -> ResponseReturnValue:
    """The same as a JSON file, with every row."""
    body = json.dumps(_export(), ensure_ascii=False, indent=2)
    headers = {"Content-Disposition": 'attachment; filename="my-data.json"'}
    return Response(body, mimetype="application/json", headers=headers)


def _export() -> dict[str, Any]:
    member_id, at, vault = g.member_id, now(), wiring().vault
    more = member_sections.SECTIONS
    return read(lambda db: member_data.export(db, vault, member_id, at, more=more))
