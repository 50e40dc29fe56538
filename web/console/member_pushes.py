"""打扰额度: what one member may still be sent, what he was sent, why a push passes him by."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from loyalty import members
from loyalty.members import Member
from pushes import attention, pushes, why_not
from pushes.attention import Ledger
from pushes.channels import MASS_A_MONTH, NAMES
from pushes.credits import FOREVER
from pushes.deliveries import REASON_NAMES, STATE_NAMES, Delivery
from pushes.pushes import Push
from pushes.why_not import Answer
from web.console.guards import operator_required
from web.console.paging import asked_id
from web.wiring import now, read, wiring

bp = Blueprint("member_pushes", __name__, url_prefix="/members/<row:member_id>/pushes")

_LATEST = 20
_ASKABLE = ("draft", "review", "approved", "scheduled", "missed", "running", "paused")


@dataclass(frozen=True)
class _Desk:
    member: Member
    ledger: Ledger
    lines: Sequence[Row[Delivery, Push]]
    askable: Sequence[Push]
    asked: Push | None
    answer: Answer | None


@bp.get("")
@operator_required("pushes.read")
def show(member_id: int) -> ResponseReturnValue:
    """The member's attention ledger, his last pushes, and an answer to "why not me?"."""
    push_id = asked_id("push")

    def work(db: Session) -> _Desk:
        member = members.get_by_id(db, member_id)
        asked = pushes.get(db, push_id) if push_id is not None else None
        rules = wiring().push_rules
        return _Desk(
            member,
            attention.ledger(db, member.openid, now(), rules),
            _lines(db, member),
            _pushes(db),
            asked,
            why_not.ask(db, asked, member.id, now(), rules) if asked else None,
        )

    desk = read(work)
    return render_template(
        "console/members/pushes.html",
        desk=desk,
        member=desk.member,
        rules=wiring().push_rules,
        names=NAMES,
        month=MASS_A_MONTH,
        forever=FOREVER,
        delivery_names=STATE_NAMES,
        reason_names=REASON_NAMES,
    )


def _lines(session: Session, member: Member) -> Sequence[Row[Delivery, Push]]:
    query = (
        select(Delivery, Push)
        .join(Push, Push.id == Delivery.push_id)
        .where(Delivery.openid == member.openid)
        .order_by(Delivery.id.desc())
        .limit(_LATEST)
    )
    return session.execute(query).all()


def _pushes(session: Session) -> Sequence[Push]:
    query = select(Push).where(Push.state.in_(_ASKABLE)).order_by(Push.id.desc())
    return session.scalars(query.limit(_LATEST)).all()
