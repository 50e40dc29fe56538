"""What a push came to: reached, tapped, and done, against those held back and between texts."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from pushes import pushes, results
from pushes.channels import NAMES
from pushes.pushes import Push
from pushes.results import DAYS, GOALS, MOST_DAYS, Results
from web.console.guards import operator_required
from web.wiring import now, read

bp = Blueprint("push_results", __name__, url_prefix="/pushes")

PERIODS = (1, 3, DAYS, 14, MOST_DAYS)
STATES = ("sent", "failed", "unknown", "pending", "sending", "skipped", "held")


@bp.get("/<row:push_id>/results")
@operator_required("pushes.read")
def show(push_id: int) -> ResponseReturnValue:
    """The results of one push over some days from its start. Raises NotFound."""
    days = _asked_days()

    def work(db: Session) -> tuple[Push, Results | None]:
        push = pushes.get(db, push_id)
        return push, results.of_push(db, push, days)

    push, found = read(work)
    return render_template(
        "console/pushes/results.html",
        push=push,
        found=found,
        days=days,
        days_left=results.days_left(found, now()) if found else 0,
        periods=PERIODS,
        channel_names=NAMES,
        states=STATES,
        goals={"click": ("点击", "打开过消息里的链接"), **GOALS},
    )


def _asked_days() -> int:
    asked = request.args.get("days", "")
    return next((days for days in PERIODS if str(days) == asked), DAYS)
