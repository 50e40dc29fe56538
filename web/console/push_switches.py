"""渠道开关: the duty manager stops a channel for all pushes, and lets it on again."""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.operators import Operator
from pushes import pushes, switches
from pushes.channels import HINTS, NAMES
from pushes.pushes import Push
from pushes.switches import ChannelStop
from web.console.deeds import carry_out
from web.console.fields import Fields
from web.console.guards import operator_required
from web.console.reviews import hand
from web.console.settling import settle
from web.wiring import read

bp = Blueprint("push_switches", __name__, url_prefix="/push-channels")

_SHOWN = ("running", "paused", "scheduled")


@bp.get("")
@operator_required("pushes.read")
def show() -> ResponseReturnValue:
    """Each channel: whether it is on, who stopped it and why, and which pushes it holds up."""

    def work(db: Session) -> tuple[dict[str, ChannelStop], dict[int, str], list[Push]]:
        stopped = switches.stopped(db)
        people = {one.stopped_by for one in stopped.values()}
        rows = db.execute(select(Operator.id, Operator.name).where(Operator.id.in_(people)))
        return stopped, {row.id: row.name for row in rows}, _going(db)

    stopped, people, going = read(work)
    return render_template(
        "console/pushes/channels.html",
        stopped=stopped,
        people=people,
        going=going,
        names=NAMES,
        hints=HINTS,
        state_names=pushes.STATE_NAMES,
        most=switches.REASON_LENGTH,
    )


@bp.post("/<channel>/stops")
@operator_required("pushes.stop")
def stop(channel: str) -> ResponseReturnValue:
    """Let nothing more leave by the channel; what waits keeps waiting."""
    reason = Fields(request.form).text("reason")
    return settle(
        lambda db: switches.stop(db, channel, reason, hand()),
        "channel_stopped",
        url_for(".show"),
    )


@bp.post("/<channel>/resumptions")
@operator_required("pushes.stop")
def let_on(channel: str) -> ResponseReturnValue:
    """Let the channel go on."""
    return carry_out(
        lambda db: switches.let_on(db, channel, hand()),
        "channel_resumed",
        url_for(".show"),
        otherwise="channel_is_on",
    )


def _going(session: Session) -> list[Push]:
    query = select(Push).where(Push.state.in_(_SHOWN)).order_by(Push.id.desc()).limit(50)
    return list(session.scalars(query))
