"""Announcements on the mini-site."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from content import announcements
from web.guards import public
from web.wiring import now, read

bp = Blueprint("announcements", __name__, url_prefix="/announcements")


@bp.get("")
@public
def show_all() -> ResponseReturnValue:
    """What is announced now."""
    at = now()
    live = read(lambda db: announcements.live(db, at, "site"))
    return render_template("site/announcements/list.html", announcements=live)
