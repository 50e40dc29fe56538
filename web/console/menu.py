"""The menu as followers see it, and its versions; publishing is `flask menus publish`."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from menus import versions
from web.console.guards import operator_required
from web.wiring import read, wiring

bp = Blueprint("menu", __name__, url_prefix="/menu")


@bp.get("")
@operator_required("menus.read")
def show() -> ResponseReturnValue:
    """The published version, or the newest while none is, in a drawing of a phone."""
    every = read(versions.every)
    published = max(
        (version for version in every if version.published_at),
        key=lambda version: version.published_at or version.created_at,
        default=None,
    )
    current = published or (every[0] if every else None)
    return render_template(
        "console/menu.html",
        versions=every,
        current=current,
        menu=versions.menu_of(current) if current else None,
        base_url=wiring().hall.base_url,
    )
