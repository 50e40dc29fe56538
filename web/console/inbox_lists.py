"""What the pages of the inbox read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import inbox
from content import allowances, conversation_messages, conversations
from content.allowances import Action, Allowance
from content.conversation_messages import Line
from content.conversations import Conversation
from kernel.operators import Operator
from kernel.roles import ROLES
from loyalty import tags
from loyalty.followers import Follower
from loyalty.ledger import PointsAccount
from loyalty.members import Member
from loyalty.tier_ladder import GROUND_NAME, Tier

ANSWERING = [role for role, permissions in ROLES.items() if "inbox.answer" in permissions]
# WeChat's codes, as they end an answer.
REASONS = {
    "40003": "微信不认识这位粉丝",
    "43004": "客户已取消关注",
    "45009": "公众号今天的接口次数已用完",
    "45015": "客户超过 48 小时没有发消息",
    "45047": "微信允许的条数已用完",
    "48001": "公众号没有客服消息权限",
    "50005": "客户已取消关注",
    "87014": "微信认为内容违规",
}


@dataclass(frozen=True)
class Talk:
    """A conversation in the list, with the names of its two sides."""

    conversation: Conversation
    name: str
    keeper: str


@dataclass(frozen=True)
class Talks:
    """A page of the list; `further` begins the next one."""

    rows: list[Talk]
    further: str
    waiting: int
    mine: int


@dataclass(frozen=True)
class Card:
    """Who writes: the member, if he is one."""

    name: str
    member: Member | None
    follower: Follower | None
    tier: str
    points: int
    tags: list[str]


@dataclass(frozen=True)
class Sheet:
    """A conversation as it is being read."""

    conversation: Conversation
    lines: Sequence[Line]
    allowance: Allowance
    writers: dict[int, str]
    keeper: str
    earlier: int | None

    @property
    def mark(self) -> str:
        """Changes with whatever the page shows of it, the minutes that are left included."""
        states = "".join((line.state or "-")[0] for line in self.lines)
        newest = self.lines[-1].message.id if self.lines else 0
        seen = self.conversation
        return f"{newest}.{seen.state}.{seen.operator_id or 0}.{self.allowance.left}.{states}"


def talks(session: Session, tab: str, me: int, before: tuple[datetime, int] | None) -> Talks:
    """The conversations of a tab, those with the newest message first."""
    if tab == "mine":
        # Those that wait come first; nobody takes care of more than a page of them.
        found = conversations.page(session, "open", me)
        found += conversations.page(session, "answered", me)
        further = ""
    else:
        found = conversations.page(session, tab, None, before)
        further = _cursor_of(found[-1]) if len(found) == conversations.PAGE else ""
    names, keepers = _names(session, found), _operators(session, found)
    rows = [
        Talk(one, names.get(one.openid, ""), keepers.get(one.operator_id or 0, ""))
        for one in found
    ]
    return Talks(rows, further, conversations.counts(session).waiting, _count_mine(session, me))


def _cursor_of(one: Conversation) -> str:
    return f"{round(one.last_at.timestamp() * 1_000_000)}-{one.id}"


def _names(session: Session, found: Sequence[Conversation]) -> dict[str, str]:
    openids = [one.openid for one in found]
    rows = session.execute(select(Member.openid, Member.name).where(Member.openid.in_(openids)))
    return {row.openid: row.name for row in rows}


def _operators(session: Session, found: Sequence[Conversation]) -> dict[int, str]:
    return names_of(session, {one.operator_id for one in found if one.operator_id})


def names_of(session: Session, ids: set[int]) -> dict[int, str]:
    """Operators' names by number."""
    rows = session.execute(select(Operator.id, Operator.name).where(Operator.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _count_mine(session: Session, me: int) -> int:
    query = select(func.count()).where(
        Conversation.operator_id == me, Conversation.state == "open"
    )
    return session.scalar(query) or 0


def sheet(
    session: Session, conversation_id: int, at: datetime, before: int | None = None
) -> Sheet:
    """One conversation with a page of its messages. Raises NotFound."""
    found = conversations.get(session, conversation_id)
    lines = conversation_messages.page(session, conversation_id, before)
    people = {line.message.operator_id for line in lines if line.message.operator_id}
    writers = names_of(session, people | ({found.operator_id} if found.operator_id else set()))
    return Sheet(
        found,
        lines,
        conversations.left(session, conversation_id, actions_of(session, found.openid, at), at),
        writers,
        writers.get(found.operator_id or 0, ""),
        lines[0].message.id if len(lines) == conversation_messages.PAGE else None,
    )


def actions_of(session: Session, openid: str, at: datetime) -> list[Action]:
    """What a follower did within the time in which he may be written to."""
    since = at - allowances.LONGEST
    return [Action(kind, when) for kind, when in inbox.actions(session, openid, since)]


def card(session: Session, openid: str) -> Card:
    """Who writes."""
    row = session.execute(
        select(Member, PointsAccount.balance, func.coalesce(Tier.name, GROUND_NAME).label("tier"))
        .outerjoin(PointsAccount, PointsAccount.member_id == Member.id)
        .outerjoin(Tier, Tier.level == Member.tier_level)
        .where(Member.openid == openid)
    ).first()
    follower = session.scalar(select(Follower).where(Follower.openid == openid))
    if row is None:
        return Card("", None, follower, "", 0, [])
    worn = [tag.name for tag, _ in tags.of_member(session, row.Member.id)]
    return Card(row.Member.name, row.Member, follower, row.tier, row.balance or 0, worn)


def colleagues(session: Session, me: int) -> list[tuple[int, str]]:
    """Who else may answer."""
    query = select(Operator.id, Operator.name).where(
        Operator.active.is_(True), Operator.role.in_(ANSWERING), Operator.id != me
    )
    return [(row.id, row.name) for row in session.execute(query.order_by(Operator.name))]


def remaining(allowance: Allowance, at: datetime) -> str:
    """5 小时 12 分, until when answers can be sent."""
    if allowance.until is None:
        return ""
    minutes = max(allowance.until - at, timedelta()) // timedelta(minutes=1)
    hours, rest = divmod(minutes, 60)
    if hours:
        return f"{hours} 小时 {rest} 分"
    return f"{rest} 分钟" if rest else "不到 1 分钟"


def reason_words(reason: str | None) -> str:
    """Why an answer did not arrive."""
    if not reason:
        return "微信没有说明原因"
    return REASONS.get(reason, f"微信返回 {reason}")
