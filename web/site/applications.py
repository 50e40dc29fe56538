"""Applications: the member's own, each with a timeline as a parcel has."""

from flask import Blueprint, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from kernel.refusals import Refused
from products import applications
from products.applications import MOVES, STATE_NAMES, Actor
from web.guards import member_required
from web.site.messages import tell, tell_refused
from web.wiring import now, read, transaction, wiring

bp = Blueprint("applications", __name__, url_prefix="/applications")


@bp.get("")
@member_required
def show_all() -> ResponseReturnValue:
    """The member's applications, newest first."""
    member_id = g.member_id
    mine = read(lambda db: applications.of_member(db, member_id))
    return render_template("site/applications/list.html", applications=mine, names=STATE_NAMES)


@bp.get("/<number>")
@member_required
def show(number: str) -> ResponseReturnValue:
    """One application: where it stands, and how it came there."""
    member_id = g.member_id
    found = read(lambda db: applications.get_of_member(db, number, member_id))
    events = read(lambda db: applications.events_of(db, found.id))
    return render_template(
        "site/applications/application.html",
        application=found,
        address=applications.address_of(wiring().vault, found),
        events=events,
        names=STATE_NAMES,
        cancellable="cancelled" in MOVES[found.state],
    )


@bp.post("/<number>/cancellations")
@member_required
def cancel(number: str) -> ResponseReturnValue:
    """Take an application back, as long as nobody is on the way."""
    member_id, at = g.member_id, now()
    found = read(lambda db: applications.get_of_member(db, number, member_id))
    try:
        transaction(lambda db: applications.move(db, found.id, "cancelled", at, Actor("客户")))
    except Refused as refused:
        tell_refused(refused)
    else:
        tell("site_application_cancelled")
    return redirect(url_for("site.applications.show", number=number))
