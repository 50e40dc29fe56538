"""Orders that change what WeChat shows: rows for a worker, never a call in the request."""

from collections.abc import Callable
from urllib.parse import urlencode

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from menus import publications
from menus.publications import MenuPublication, Plan
from web.console.fields import Fields
from web.console.guards import operator_required, recently_confirmed
from web.console.menu_acts import carry
from web.console.reviews import hand
from web.wiring import wiring

bp = Blueprint("menu_publishing", __name__, url_prefix="/menu")


@bp.post("/<row:version_id>/publications")
@operator_required("menus.publish")
@recently_confirmed
def publish(version_id: int) -> ResponseReturnValue:
    """Show the version to everybody, now or at a time, for ever or for a while."""
    fields = Fields(request.form)
    back = url_for("console.menu_versions.show", version_id=version_id)
    typed = {name: fields.text(name)[:30] for name in ("publish_at", "return_at")}

    def work(db: Session) -> MenuPublication:
        plan = Plan(fields.moment_or_none("publish_at"), fields.moment_or_none("return_at"))
        return publications.publish(db, version_id, hand(), plan)

    return _order(
        work,
        "menu_scheduled" if typed["publish_at"] else "menu_ordered",
        back,
        typed=f"{back}?{urlencode({name: value for name, value in typed.items() if value})}",
    )


@bp.post("/<row:version_id>/cancellations")
@operator_required("menus.publish")
def cancel(version_id: int) -> ResponseReturnValue:
    """Take back what waits to be sent."""
    return carry(
        lambda db: publications.cancel(db, version_id, hand()),
        "menu_cancelled",
        url_for("console.menu_versions.show", version_id=version_id),
    )


@bp.post("/<row:version_id>/trials")
@operator_required("menus.publish")
@recently_confirmed
def try_out(version_id: int) -> ResponseReturnValue:
    """Show the version to the trial tag alone."""
    return _order(
        lambda db: publications.try_out(db, version_id, hand()),
        "menu_trial",
        url_for("console.menu_versions.show", version_id=version_id),
    )


@bp.post("/trial-ends")
@operator_required("menus.publish")
def end_trial() -> ResponseReturnValue:
    """The trial tag sees what everybody sees."""
    return _order(
        lambda db: publications.end_trial(db, hand()),
        "menu_trial_ended",
        url_for("console.menu.show"),
    )


@bp.post("/rollbacks")
@operator_required("menus.publish")
@recently_confirmed
def roll_back() -> ResponseReturnValue:
    """Go back to the version before."""
    return _order(
        lambda db: publications.roll_back(db, hand()),
        "menu_rolled_back",
        url_for("console.menu.show"),
    )


@bp.post("/repairs")
@operator_required("menus.publish")
@recently_confirmed
def repair() -> ResponseReturnValue:
    """Send the live version again, over whatever WeChat has."""
    return _order(
        lambda db: publications.repair(db, hand(), hand().at),
        "menu_ordered",
        url_for("console.menu.show"),
    )


@bp.post("/checks")
@operator_required("menus.read")
def check() -> ResponseReturnValue:
    """Have WeChat's menu looked at soon."""
    wiring().nudge("check_menu", 0)
    return carry(lambda _db: None, "menu_checking", url_for("console.menu.show"))


def _order(
    work: Callable[[Session], MenuPublication], done: str, back: str, *, typed: str = ""
) -> ResponseReturnValue:
    answer = carry(work, done, back, refused_back=typed)
    # After the commit; without it the scheduler finds the row within seconds.
    wiring().nudge("send_menus", 0)
    return answer
