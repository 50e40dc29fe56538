"""Attention: what a follower may still be sent, by each channel, and why not by the others.

Nothing of it is counted in a column: WeChat's quota of the month, the open window, the credits
and the pushes of the last days are read from what was sent and what came in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, false, func, literal, null, or_, select
from sqlalchemy.orm import Session

from bot.inbox import InboxMessage
from content.customer_messages import CustomerMessage
from loyalty import consents
from loyalty.members import Member
from pushes import audiences, credits
from pushes.channels import MASS_A_MONTH
from pushes.credits import NoticeCredit
from pushes.deliveries import Delivery
from pushes.pushes import Push, month_start
from pushes.settings import PushRules

# What opens the window of 48 hours, and how many messages it allows: `content.allowances`.
_OPENS = (
    "text", "image", "voice", "video", "shortvideo", "location", "link", "miniprogrampage",
)  # fmt: skip
WINDOW, IN_WINDOW = timedelta(hours=48), 5
# A window that closes while the push is going out is no use.
_MARGIN = timedelta(minutes=30)
# What was taken, or may have been.
COUNTED = ("sent", "sending", "unknown")


@dataclass(frozen=True)
class Moment:
    """What a look at attention needs: which push, at what instant, by the rules of the house."""

    push: Push
    at: datetime
    rules: PushRules


def outlook(session: Session, moment: Moment) -> Any:
    """Everybody the push means, as a subquery: openid, member_id, person_no, then
    `channel` (of the cascade, the first that reaches him; null when none does) and `reason`
    (why the first one does not), and `why_<channel>` for each.
    """
    push = moment.push
    people = audiences.people(session, push.audience, moment.at).subquery("people")
    facts = _Facts(people, moment)
    reasons = {name: facts.why_not(name) for name in push.channels}
    query: Select[Any] = facts.joined(
        select(
            people.c.openid,
            people.c.member_id,
            people.c.person_no,
            case(
                *((reason.is_(None), literal(name)) for name, reason in reasons.items()),
                else_=null(),
            ).label("channel"),
            reasons[push.channels[0]].label("reason"),
            *(reason.label(f"why_{name}") for name, reason in reasons.items()),
        )
    )
    return query.subquery("outlook")


class _Facts:
    """The tables that the reasons look into, each joined only where a channel asks for it."""

    def __init__(self, people: Any, moment: Moment) -> None:
        self._people, self._moment = people, moment
        self._joins: list[tuple[Any, ColumnElement[bool]]] = []
        self._often = None if moment.push.service else self._join(_reached(moment))

    def joined(self, query: Select[Any]) -> Select[Any]:
        """The query with the joins that were asked for."""
        source = self._people
        for table, on in self._joins:
            source = source.outerjoin(table, on)
        return query.select_from(source)

    def why_not(self, channel: str) -> ColumnElement[Any]:
        """The code of why `channel` does not reach somebody; null when it does."""
        steps = [(self._people.c.state == "blocked", literal("blocked"))]
        steps += {
            "mass": self._mass,
            "notice": self._notice,
            "template": self._template,
            "customer": self._customer,
            "sms": self._sms,
        }[channel]()
        if self._often is not None:
            most = self._moment.rules.frequency_most
            steps.append((self._often.c.n >= most, literal("too_often")))
        return case(*steps, else_=null())

    def _join(self, facts: Any) -> Any:
        self._joins.append((facts, facts.c.openid == self._people.c.openid))
        return facts

    def _follows(self) -> tuple[ColumnElement[bool], ColumnElement[Any]]:
        return self._people.c.subscribed.is_(False), literal("unfollowed")

    def _mass(self) -> list[Any]:
        used = self._join(_mass_used(self._moment.at))
        return [self._follows(), (used.c.n >= MASS_A_MONTH, literal("quota_used"))]

    def _notice(self) -> list[Any]:
        template_id = self._moment.push.contents["notice"]["template_id"]
        held = self._join(_credits(template_id))
        none = or_(held.c.credits.is_(None), held.c.credits == 0)
        return [(none, literal("no_credit"))]

    def _template(self) -> list[Any]:
        return [self._follows()]

    def _customer(self) -> list[Any]:
        window = self._join(_windows(self._moment.at))
        sent = self._join(_customer_sent(self._moment.at))
        closed = or_(window.c.n.is_(None), func.coalesce(sent.c.n, 0) >= IN_WINDOW)
        return [self._follows(), (closed, literal("window_closed"))]

    def _sms(self) -> list[Any]:
        without = or_(self._people.c.has_phone.is_(None), self._people.c.has_phone.is_(False))
        steps: list[Any] = [(without, literal("no_phone"))]
        if not self._moment.push.service:
            agreed = select(Member.openid.label("openid")).where(
                Member.id.in_(consents.holders("marketing"))
            )
            held = self._join(agreed.subquery("agreed"))
            steps.append((held.c.openid.is_(None), literal("no_consent")))
        return steps


def _mass_used(at: datetime) -> Any:
    recent = select(Push.id).where(Push.started_at >= month_start(at))
    return _count(Delivery.push_id.in_(recent), Delivery.channel == "mass").subquery("mass_used")


def _reached(moment: Moment) -> Any:
    since = moment.at - timedelta(days=moment.rules.frequency_days)
    recent = select(Push.id).where(Push.started_at >= since, Push.service.is_(False))
    limit = Delivery.push_id.in_(recent) if moment.rules.frequency_most else false()
    return _count(limit, Delivery.push_id != moment.push.id).subquery("reached")


def _count(*where: ColumnElement[bool]) -> Select[str, int]:
    return (
        select(Delivery.openid.label("openid"), func.count().label("n"))
        .where(*where, Delivery.state.in_(COUNTED))
        .group_by(Delivery.openid)
    )


def _credits(template_id: str) -> Any:
    query = select(NoticeCredit.openid, NoticeCredit.credits)
    return query.where(NoticeCredit.template_id == template_id).subquery("credits")


def _windows(at: datetime) -> Any:
    since = at - WINDOW + _MARGIN
    # Callbacks come soon after they were sent; the index is over when they came.
    opened = and_(InboxMessage.received_at > since, InboxMessage.sent_at > since)
    return (
        select(InboxMessage.openid.label("openid"), func.count().label("n"))
        .where(opened, InboxMessage.kind.in_(_OPENS))
        .group_by(InboxMessage.openid)
        .subquery("windows")
    )


def _customer_sent(at: datetime) -> Any:
    return (
        select(CustomerMessage.openid.label("openid"), func.count().label("n"))
        .where(CustomerMessage.posted_at > at - WINDOW, CustomerMessage.state != "failed")
        .group_by(CustomerMessage.openid)
        .subquery("customer_sent")
    )


@dataclass(frozen=True)
class Ledger:
    """What one follower may still be sent: 打扰额度."""

    mass_left: int
    window_until: datetime | None
    credits: dict[str, int]
    pushes_lately: int


def ledger(session: Session, openid: str, at: datetime, rules: PushRules) -> Ledger:
    """The attention of one follower at `at`."""
    mine = Delivery.openid == openid
    month, lately = month_start(at), at - timedelta(days=rules.frequency_days)
    rows: Sequence[Any] = session.execute(
        select(Delivery.channel, Push.started_at, Push.service)
        .join(Push, Push.id == Delivery.push_id)
        .where(mine, Delivery.state.in_(COUNTED), Push.started_at >= min(month, lately))
    ).all()
    mass = sum(row.channel == "mass" and row.started_at >= month for row in rows)
    newest = session.scalar(
        select(func.max(InboxMessage.sent_at)).where(
            InboxMessage.openid == openid,
            InboxMessage.sent_at > at - WINDOW,
            InboxMessage.kind.in_(_OPENS),
        )
    )
    return Ledger(
        mass_left=max(0, MASS_A_MONTH - mass),
        window_until=newest + WINDOW if newest else None,
        credits=credits.of(session, openid),
        pushes_lately=sum(row.started_at >= lately and not row.service for row in rows),
    )
