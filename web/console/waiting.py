"""THE table of what waits for an operator: a count each, where to deal with it, who may.

A line more here is a line more on the home page; its words are in `console/home/waiting.html`.
All counts are asked in one statement, so each must be cheap: an index, or a table that is small.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, not_, or_, select
from sqlalchemy.orm import Session

from content.article_revisions import ArticleRevision
from content.article_sync import ArticleSync
from content.conversations import Conversation
from content.faq_misses import FaqMiss
from content.media_wechat import WechatMedia
from content.reviews import Review
from kernel.clock import business_day
from kernel.operators import Operator
from kernel.outbox import OutboxMessage
from loyalty import coupon_stock
from loyalty.member_imports import MemberImport
from loyalty.points_adjustments import PointsAdjustment
from loyalty.reward_orders import RewardOrder
from loyalty.rewards import Reward
from menus.publications import MenuPublication
from products.applications import OPEN_STATES, Application
from pushes.proposals import PushProposal
from pushes.pushes import NEEDS_SOMEBODY, Push
from pushes.series_runs import PushRun
from web.console import reviews

Count = Select[*tuple[Any, ...]]

# What failed is told for a day, what failed of a menu for a week: then somebody has seen it.
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_FEW_REWARDS = 3


@dataclass(frozen=True)
class Asking:
    """Who asks, and when."""

    operator: Operator
    at: datetime


@dataclass(frozen=True)
class Line:
    """One kind of thing that waits; `failing` ones are shown in red, before the others."""

    permission: str
    count: Callable[[Asking], Count]
    endpoint: str
    values: Mapping[str, str] = field(default_factory=dict)
    failing: bool = False


@dataclass(frozen=True)
class Found:
    """A line with something in it."""

    name: str
    line: Line
    count: int


def _count(model: type, *conditions: Any) -> Count:
    return select(func.count()).select_from(model).where(*conditions)


def _outbox(asking: Asking) -> Count:
    return _count(
        OutboxMessage,
        OutboxMessage.state.in_(("failed", "unknown")),
        OutboxMessage.due_at > asking.at - _DAY,
        or_(OutboxMessage.reason.is_(None), OutboxMessage.reason != "withdrawn"),
    )


def _pushes(asking: Asking) -> Count:
    # One that failed is over: after a week somebody has seen it.
    seen = and_(Push.state == "failed", Push.finished_at <= asking.at - _WEEK)
    return _count(Push, Push.state.in_(NEEDS_SOMEBODY), not_(seen))


def _proposals(asking: Asking) -> Count:
    ahead = PushProposal.occurs_on >= business_day(asking.at)
    return _count(PushProposal, PushProposal.state == "proposed", ahead)


def _runs(asking: Asking) -> Count:
    amiss = PushRun.state.in_(("missed", "failed"))
    return _count(PushRun, amiss, PushRun.due_at > asking.at - _DAY)


def _imports(asking: Asking) -> Count:
    halted = (MemberImport.finished_at.is_(None), MemberImport.lease_until < asking.at)
    return _count(MemberImport, *halted)


def _menus(asking: Asking) -> Count:
    gone_wrong = MenuPublication.state.in_(("failed", "unknown"))
    return _count(MenuPublication, gone_wrong, MenuPublication.due_at > asking.at - _WEEK)


def _syncs(asking: Asking) -> Count:
    gone_wrong = ArticleSync.state.in_(("failed", "unknown"))
    return _count(ArticleSync, gone_wrong, ArticleSync.due_at > asking.at - _WEEK)


def _media(asking: Asking) -> Count:
    recent = WechatMedia.due_at > asking.at - _WEEK
    return _count(WechatMedia, WechatMedia.state == "failed", recent)


def _reviews(asking: Asking) -> Count:
    kinds = reviews.deciding(asking.operator)
    others = Review.author_id != asking.operator.id
    return _count(Review, Review.state == "open", Review.kind.in_(kinds), others)


def _adjustments(_asking: Asking) -> Count:
    return _count(PointsAdjustment, PointsAdjustment.state == "proposed")


def _conversations(_asking: Asking) -> Count:
    return _count(Conversation, Conversation.state == "open")


def _misses(_asking: Asking) -> Count:
    return _count(FaqMiss, FaqMiss.state == "open")


def _overdue(asking: Asking) -> Count:
    written = ArticleRevision.state.in_(("topic", "writing"))
    return _count(ArticleRevision, ArticleRevision.due_on <= business_day(asking.at), written)


def _parcels(_asking: Asking) -> Count:
    return _count(RewardOrder, RewardOrder.state == "placed", RewardOrder.coupon_id.is_(None))


def _batches(_asking: Asking) -> Count:
    return coupon_stock.count_low()


def _rewards(asking: Asking) -> Count:
    left = Reward.stock - Reward.taken
    few = or_(left <= _FEW_REWARDS, left * 10 <= Reward.stock)
    return _count(Reward, Reward.active.is_(True), Reward.ends_at > asking.at, few)


def _applications(state: str) -> Line:
    def count(_asking: Asking) -> Count:
        return _count(Application, Application.state == state)

    return Line("applications.read", count, "console.applications.show_list", {"state": state})


TABLE: dict[str, Line] = {
    "outbox": Line("books.read", _outbox, "console.books.show", failing=True),
    "pushes": Line("pushes.read", _pushes, "console.pushes.show_list", failing=True),
    "runs": Line("pushes.read", _runs, "console.push_series.show_list", failing=True),
    "imports": Line("members.import", _imports, "console.imports.show_list", failing=True),
    "menus": Line("menus.read", _menus, "console.menu.show", failing=True),
    "syncs": Line("content.read", _syncs, "console.articles.show_list", failing=True),
    "media": Line("content.read", _media, "console.media.show_list", failing=True),
    "reviews": Line("content.read", _reviews, "console.reviews.show_list"),
    "proposals": Line("pushes.write", _proposals, "console.push_proposals.show_list"),
    "adjustments": Line("points.read", _adjustments, "console.adjustments.show_list"),
    "conversations": Line("inbox.read", _conversations, "console.inbox.show_list"),
    **{f"applications.{state}": _applications(state) for state in OPEN_STATES},
    "parcels": Line("rewards.ship", _parcels, "console.reward_orders.show_list"),
    "batches": Line(
        "coupons.read", _batches, "console.coupons.show_list", {"state": "open"}
    ),
    "rewards": Line("rewards.read", _rewards, "console.rewards.show_list"),
    "overdue": Line("content.write", _overdue, "console.articles.show_list"),
    "misses": Line("content.write", _misses, "console.faq_misses.show_list"),
}  # fmt: skip


def find(session: Session, asking: Asking) -> list[Found]:
    """What waits for the operator, what is failing first; in one statement."""
    mine = [name for name, line in TABLE.items() if asking.operator.may(line.permission)]
    if not mine:
        return []
    counts = [
        TABLE[name].count(asking).scalar_subquery().label(f"n{n}") for n, name in enumerate(mine)
    ]
    row = session.execute(select(*counts)).one()
    return [Found(name, TABLE[name], int(n)) for name, n in zip(mine, row, strict=True) if n]
