"""The home page: how things go, what waits for me, whether the machines are well."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Row, func, or_, select
from sqlalchemy.orm import Session

from bot.gateway import Quota
from bot.inbox import InboxMessage
from bot.tokens import TokenRefused
from bot.transport import GatewayError, OutcomeUnknown, Unreachable
from kernel import audit_checks
from kernel.activity import Activity
from kernel.audit_checks import AuditCheck
from kernel.clock import business_day
from kernel.operators import Operator
from loyalty import proof_records
from loyalty.members import Member
from loyalty.proof_records import ProofRun
from products.applications import STATE_NAMES
from pushes.pushes import Push
from reports import figures
from web.console import branch_home, home_figures, waiting
from web.console.guards import operator_required, scope
from web.console.home_figures import Overview
from web.console.waiting import Asking, Found
from web.wiring import now, read, wiring

bp = Blueprint("home", __name__)

_WAITING = 5
_ACTIVITIES = 10
_NO_NEWS = ("menu.view", "push.result")  # noted by the hundred, for the figures only
# The APIs whose daily quota a hall may run into.
QUOTAS = {
    "/cgi-bin/stable_token": "获取令牌",
    "/cgi-bin/message/custom/send": "客服消息",
    "/cgi-bin/message/mass/send": "群发",
    "/cgi-bin/message/mass/sendall": "按标签群发",
    "/cgi-bin/message/template/send": "模板消息",
    "/cgi-bin/message/subscribe/bizsend": "订阅通知",
    "/cgi-bin/menu/create": "发布菜单",
    "/cgi-bin/draft/add": "新建草稿",
    "/cgi-bin/freepublish/submit": "发布图文",
}


@dataclass(frozen=True)
class Callbacks:
    """When WeChat last called, and how often within the hour."""

    last_at: datetime | None
    in_hour: int


@dataclass(frozen=True)
class Home:
    """What the page shows."""

    overview: Overview
    waiting: list[Found]
    drafts: list[Row[Push, str]]
    activities: list[Row[Activity, str]]
    callbacks: Callbacks
    proof: ProofRun | None
    chain: AuditCheck | None


@bp.get("/")
@operator_required()
def show() -> ResponseReturnValue:
    """Today and the last month at a glance; people of a branch see their branch's."""
    if scope() is not None:
        return branch_home.page()
    operator, at = g.operator, now()
    home = read(lambda db: _home(db, Asking(operator, at)))
    return render_template(
        "console/home.html",
        home=home,
        day=business_day(at),
        at=at,
        definitions=figures.DEFINITIONS,
        counted=figures.COUNTED,
        charts=home_figures.charts(home.overview),
        state_names=STATE_NAMES,
        ready=wiring().ready(),
        condition=wiring().condition(),
    )


def _home(session: Session, asking: Asking) -> Home:
    may = asking.operator.may
    return Home(
        overview=home_figures.look(session, business_day(asking.at)),
        waiting=waiting.find(session, asking),
        drafts=_drafts(session) if may("pushes.read") else [],
        activities=_latest_activities(session) if may("members.read") else [],
        callbacks=_callbacks(session, asking.at),
        proof=proof_records.newest(session),
        chain=audit_checks.newest(session),
    )


@bp.get("/quotas")
@operator_required("books.read")
def show_quotas() -> ResponseReturnValue:
    """What is left of today's calls, asked of WeChat; only when somebody wants to know."""
    part = "table" if request.headers.get("HX-Request") else "page"
    return render_template(f"console/home/quotas-{part}.html", found=_quotas())


def _quotas() -> dict[str, Quota | str]:
    found: dict[str, Quota | str] = {}
    ask = wiring().quota
    for path, name in QUOTAS.items():
        if ask is None:
            found[name] = "没有问到"
            continue
        try:
            found[name] = ask(path)
        except GatewayError as error:
            found[name] = f"微信返回 {error.code}"
        except (TokenRefused, Unreachable, OutcomeUnknown):
            found[name] = "暂时查不到"
            ask = None  # nobody waits for the same silence again and again
    return found


def _drafts(session: Session) -> list[Row[Push, str]]:
    return list(
        session.execute(
            select(Push, Operator.name.label("author"))
            .join(Operator, Operator.id == Push.created_by)
            .where(Push.state == "review")
            .order_by(Push.id.desc())
            .limit(_WAITING)
        )
    )


def _callbacks(session: Session, at: datetime) -> Callbacks:
    # The newest by number: the index of the instants ends there as well.
    last = select(func.max(InboxMessage.received_at)).scalar_subquery()
    hour = select(func.count()).where(InboxMessage.received_at > at - timedelta(hours=1))
    row = session.execute(select(last.label("last"), hour.scalar_subquery().label("n"))).one()
    return Callbacks(row.last, int(row.n))


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
