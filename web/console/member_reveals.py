"""Showing a member's whole phone, once, to who says what for and gives the password again."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.refusals import NotFound, Refused
from loyalty import members, reveals
from web.console import member_pages
from web.console.deeds import sentence
from web.console.fields import Fields
from web.console.guards import operator_id, operator_required, recently_confirmed
from web.wiring import now, read, transaction, wiring

bp = Blueprint("member_reveals", __name__, url_prefix="/members/<row:member_id>/reveals")


@bp.post("")
@operator_required("members.reveal")
@recently_confirmed
def create(member_id: int) -> ResponseReturnValue:
    """The phone, in the page that asked for it and nowhere else.

    A POST that answers with a page: in a redirect the phone would have to be kept in the cookie or
    in the address bar. Whose password is not fresh is asked for it. Raises NotFound.
    """
    reason = Fields(request.form).text("reason")

    def work(db: Session) -> str:
        return reveals.phone_of(db, wiring().vault, member_id, reason, (operator_id(), now()))

    try:
        shown, status = {"phone": transaction(work)}, 200
    except NotFound:
        raise
    except Refused as refused:
        shown, status = {"fault": sentence(refused), "reason": reason}, 422
    if request.headers.get("HX-Request"):
        member = read(lambda db: members.get_by_id(db, member_id))
        # With its real status htmx would not put the sentence into the page.
        return render_template("console/members/phone.html", member=member, **shown)
    return member_pages.sheet_page(member_id, **shown), status, {"Cache-Control": "no-store"}
