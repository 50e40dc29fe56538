"""How far a push is, and how it ended for each: figures that move, one person, all by result."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from pushes import pushes, recipients
from pushes.channels import NAMES
from pushes.deliveries import REASON_NAMES
from pushes.deliveries import STATE_NAMES as DELIVERY_NAMES
from pushes.pushes import STATE_NAMES
from pushes.recipients import Listed, Wanted
from web.console import member_lists, push_sheets
from web.console.guards import operator_required
from web.console.push_sheets import Progress
from web.wiring import now, read, wiring

bp = Blueprint("push_progress", __name__, url_prefix="/pushes/<row:push_id>")

SIZE = 25
_REASON, _ASKED = 80, 64


@bp.get("/progress")
@operator_required("pushes.read")
def show(push_id: int) -> ResponseReturnValue:
    """The part of the page that changes while the push goes out. Raises NotFound."""

    def work(db: Session) -> Progress:
        return push_sheets.progress(db, pushes.get(db, push_id))

    found = read(work)
    answer = render_template("console/pushes/progress.html", progress=found, **_names())
    # The page shows buttons of the state that it was drawn in.
    seen = request.args.get("seen")
    moved = seen is not None and seen != found.push.state
    return (answer, 200, {"HX-Trigger": "push-moved"}) if moved else answer


@bp.get("/recipients")
@operator_required("pushes.read")
def show_recipients(push_id: int) -> ResponseReturnValue:
    """Everybody of the push, by how it ended, page by page. Raises NotFound."""
    wanted = _wanted()

    def work(db: Session) -> tuple[Progress, Listed]:
        push = pushes.get(db, push_id)
        listed = recipients.listed(db, push_id, wanted, SIZE)
        return push_sheets.progress(db, push), listed

    progress, listed = read(work)
    return render_template(
        "console/pushes/recipients.html",
        progress=progress,
        push=progress.push,
        listed=listed,
        wanted=wanted,
        further="{}-{}".format(*listed.further) if listed.further else None,
        **_names(),
    )


@bp.post("/searches")
@operator_required("pushes.read")
def search(push_id: int) -> ResponseReturnValue:
    """Did Mrs Li get it? By number, name, phone or openid, which no address ever holds."""
    asked = request.form.get("q", "").replace("\x00", "").strip()[:_ASKED]
    asked = asked.encode("utf-8", "ignore").decode()
    digest = member_lists.phone_digest(wiring().vault, asked)

    def work(db: Session) -> dict[str, object]:
        push = pushes.get(db, push_id)
        found = recipients.find(db, push_id, asked, digest)
        clicked = recipients.clicked(db, [line.Delivery.id for line in found])
        return {"push": push, "found": found, "clicked": clicked}

    shown = read(work)
    part = "answer" if request.headers.get("HX-Request") else "answer-page"
    return render_template(f"console/pushes/{part}.html", asked=asked, **shown, **_names())


def _wanted() -> Wanted:
    state, after = request.args.get("state", ""), request.args.get("after", "")
    no, _, number = after.partition("-")
    fits = all(one.isascii() and one.isdigit() and len(one) <= 19 for one in (no, number))
    place = (int(no), int(number)) if fits and int(no) < 2**31 and int(number) < 2**63 else None
    return Wanted(
        state=state if state in DELIVERY_NAMES else "",
        reason=request.args.get("reason", "").replace("\x00", "")[:_REASON],
        after=place or Wanted().after,
    )


def _names() -> dict[str, object]:
    return {
        "names": NAMES,
        "state_names": STATE_NAMES,
        "delivery_names": DELIVERY_NAMES,
        "reason_names": REASON_NAMES,
        "at": now(),
    }
