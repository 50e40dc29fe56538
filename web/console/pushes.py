"""Pushes: which there are, and everything about one of them."""

from typing import Any

from flask import Blueprint, current_app, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from pushes import preflight, pushes, samples
from pushes.channels import NAMES
from pushes.deliveries import REASON_NAMES
from pushes.deliveries import STATE_NAMES as DELIVERY_NAMES
from pushes.messages import Reader
from pushes.preflight import Preflight
from pushes.pushes import STATE_NAMES, Push
from web.console import push_lists, push_looks, push_sheets, sessions
from web.console.guards import operator_required
from web.console.paging import asked_id
from web.wiring import now, read, wiring

bp = Blueprint("pushes", __name__, url_prefix="/pushes")

Flight = tuple[Push, Preflight, list[Reader]]


@bp.get("")
@operator_required("pushes.read")
def show_list() -> ResponseReturnValue:
    """Pushes, what needs somebody first, then the newest; by state and by title."""
    wanted = push_lists.wanted_of(request.args)
    found = read(lambda db: push_lists.listed(db, wanted, asked_id()))
    return render_template(
        "console/pushes/list.html",
        found=found,
        page=found.page,
        wanted=wanted,
        said=wanted.said(),
        state_names=STATE_NAMES,
        names=NAMES,
        series=_page_of("console.push_series.show_list"),
        calendar=_page_of("console.push_calendar.show"),
    )


@bp.get("/<row:push_id>")
@operator_required("pushes.read")
def show(push_id: int) -> ResponseReturnValue:
    """One push: its life, what it says, who is reached, how far it is. Raises NotFound."""
    sheet = read(lambda db: push_sheets.sheet(db, push_id))
    push = sheet.push
    frame = push_looks.frame_of(push)
    looks = {
        "ABC"[number]: push_looks.looks(variant["contents"], frame)
        for number, variant in enumerate(push.variants)
    }
    return render_template(
        "console/pushes/show.html",
        sheet=sheet,
        push=push,
        progress=sheet.progress,
        versions=looks,
        names=NAMES,
        state_names=STATE_NAMES,
        delivery_names=DELIVERY_NAMES,
        reason_names=REASON_NAMES,
        results=_page_of("console.push_results.show", push_id=push_id),
        at=now(),
    )


def _page_of(endpoint: str, **values: Any) -> str:
    """The address of a page that another part of the console offers; nothing where it does not."""
    return url_for(endpoint, **values) if endpoint in current_app.view_functions else ""


@bp.get("/<row:push_id>/preflight")
@operator_required("pushes.read")
def show_preflight(push_id: int) -> ResponseReturnValue:
    """What it would do if it were let go, and for approvers the way to do so. Raises NotFound."""

    def work(db: Session) -> Flight:
        push = pushes.get(db, push_id)
        found = preflight.look(db, push, now(), wiring().push_rules)
        return push, found, samples.readers(db, push.audience, now())

    push, flight, readers = read(work)
    signed_in = sessions.current()
    part = "preflight" if request.headers.get("HX-Request") else "preflight-page"
    return render_template(
        f"console/pushes/{part}.html",
        push=push,
        flight=flight,
        people=_drawn(push, readers),
        decides=push.state == "review" and g.operator.may("pushes.approve"),
        is_own=push.created_by == g.operator.id,
        confirmed=signed_in is not None and signed_in.is_confirmed,
        reason_names=REASON_NAMES,
        fault="",
    )


def _drawn(push: Push, readers: list[Reader]) -> list[tuple[Reader, list[push_looks.Look]]]:
    """Real people with what each channel would say to them."""
    return [
        (one, push_looks.looks(push.contents, push_looks.frame_of(push, one))) for one in readers
    ]
