"""The home page: how today goes, what waits for me, whether the machines are well."""

from dataclasses import dataclass

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import Row, func, or_, select
from sqlalchemy.orm import Session

from kernel.activity import Activity
from kernel.clock import business_day
from kernel.operators import Operator
from loyalty import coupon_stock
from loyalty.members import Member
from loyalty.reward_orders import RewardOrder
from products.applications import OPEN_STATES, STATE_NAMES, Application
from pushes.pushes import Push
from reports import figures
from web.console import adjustments
from web.console.guards import operator_required
from web.wiring import now, read, wiring

bp = Blueprint("home", __name__)

_WAITING = 5
_ACTIVITIES = 10
_NO_NEWS = ("menu.view", "push.result")  # noted by the hundred, for the figures only


@dataclass(frozen=True)
class Home:
    """What the page shows."""

    figures: figures.Figures
    drafts: list[Row[Push, str]]
    open_applications: dict[str, int]
    activities: list[Row[Activity, str]]
    adjustments: int
    to_ship: int
    low_batches: int


@bp.get("/")
@operator_required()
def show() -> ResponseReturnValue:
    """Today at a glance."""
    operator, day = g.operator, business_day(now())

    def work(db: Session) -> Home:
        return Home(
            figures.of_day(db, day),
            _drafts(db) if operator.may("pushes.read") else [],
            _open_applications(db) if operator.may("applications.read") else {},
            _latest_activities(db) if operator.may("members.read") else [],
            adjustments.count_waiting(db) if operator.may("points.read") else 0,
            _to_ship(db) if operator.may("rewards.ship") else 0,
            len(coupon_stock.low(db)) if operator.may("coupons.read") else 0,
        )

    return render_template(
        "console/home.html",
        home=read(work),
        day=day,
        definitions=figures.DEFINITIONS,
        state_names=STATE_NAMES,
        ready=wiring().ready(),
    )


def _drafts(session: Session) -> list[Row[Push, str]]:
    return list(
        session.execute(
            select(Push, Operator.name.label("author"))
            .join(Operator, Operator.id == Push.created_by)
            .where(Push.state == "draft")
            .order_by(Push.id.desc())
            .limit(_WAITING)
        )
    )


def _open_applications(session: Session) -> dict[str, int]:
    counted = session.execute(
        select(Application.state, func.count())
        .where(Application.state.in_(OPEN_STATES))
        .group_by(Application.state)
    )
    found = {row[0]: int(row[1]) for row in counted}
    return {state: found[state] for state in OPEN_STATES if state in found}


def _to_ship(session: Session) -> int:
    waiting = select(func.count()).where(
        RewardOrder.state == "placed", RewardOrder.coupon_id.is_(None)
    )
    return session.scalar(waiting) or 0


def _latest_activities(session: Session) -> list[Row[Activity, str]]:
    return list(
        session.execute(
            select(Activity, Member.name.label("member_name"))
            .outerjoin(Member, Member.id == Activity.member_id)
            .where(Activity.kind.not_in(_NO_NEWS))
            .where(or_(Activity.member_id.is_not(None), Activity.openid.is_not(None)))
            .order_by(Activity.id.desc())
            .limit(_ACTIVITIES)
        )
    )
