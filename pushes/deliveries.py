"""Deliveries: one row a recipient, whatever becomes of it.

States: `pending` → `sending` → `sent` | `failed` | `unknown`; `skipped` was never tried, `held` is
the group that a push is compared with. `sending` is committed before the call; what a dead worker
left in it may have been sent, is called `unknown`, and is never sent again by itself.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    and_,
    bindparam,
    func,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base
from kernel.hot import Hot, numbers, send, table_of

STATE_NAMES = {
    "pending": "待发送",
    "sending": "发送中",
    "sent": "已送出",
    "failed": "未送达",
    "unknown": "结果不明",
    "skipped": "未发送",
    "held": "对照组",
}
UNSETTLED = ("pending", "sending")
REASON_NAMES = {
    # why nobody tried
    "unfollowed": "已取消关注",
    "blocked": "会员已暂停",
    "quota_used": "本月 4 条群发已用完",
    "window_closed": "48 小时内没有发过消息",
    "no_credit": "没有允许订阅通知",
    "no_phone": "没有手机号",
    "no_consent": "未同意接收营销信息",
    "too_often": "近期已收到多次推送",
    "channel_off": "该渠道不可用",
    "alone": "群发至少要 2 位收件人",
    "gone": "会员已注销",
    "cancelled": "推送已取消",
    # why it did not go, or nobody knows
    "worker lost": "发送进程中断，是否送出不能确定",
    "gave up": "多次重试仍未送出",
    "timeout": "等不到对方答复，可能已送出",
    "connection lost": "连接中断，可能已送出",
    "no JSON": "对方答复看不懂，可能已送出",
    "Unreachable": "连不上对方服务",
    "TokenRefused": "微信拒绝了凭证",
    "40003": "粉丝标识无效",
    "43004": "已取消关注",
    "43019": "粉丝在黑名单中",
    "43101": "拒绝了订阅通知，或次数用完",
    "45015": "超过 48 小时未互动",
    "45047": "连续下发已达上限",
    "45009": "接口调用次数已用完",
    "45028": "公众号本月群发次数已用完",
    "48001": "公众号没有这个接口的权限",
    "48002": "粉丝关闭了消息接收",
    "user block": "粉丝拒收",
    "system failed": "微信发送失败",
    "send fail": "微信群发失败",
    "err(20013)": "微信判定涉嫌侵权",
    "err(40001)": "管理员没有同意群发",
    "err(40002)": "管理员 30 分钟内没有确认群发",
}


class Delivery(Base):
    """A push to one recipient.

    `claim_no` is the claim of its chunk under which it was last begun: only that worker may say
    how the call ended. A retry counts in `attempts`.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("push_id", "openid"),
        Index("ix_delivery_push_id_chunk_no", "push_id", "chunk_no"),
        Index("ix_delivery_openid", "openid"),
        Index("ix_delivery_member_id", "member_id"),
        # Each row is written twice more: with room on its page no index is touched.
        {"postgresql_with": {"fillfactor": 50}},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    push_id: Mapped[int] = mapped_column(ForeignKey("push.id"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    openid: Mapped[str] = mapped_column(String(64))
    chunk_no: Mapped[int | None] = mapped_column(Integer)
    channel: Mapped[str] = mapped_column(String(10))
    variant: Mapped[int] = mapped_column(SmallInteger, default=0)
    state: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    claim_no: Mapped[int] = mapped_column(Integer, default=0)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(String(80))
    settled_at: Mapped[datetime | None]


class Settled(NamedTuple):
    """How one delivery ended, or that it waits again (`pending`), maybe by another channel."""

    id: int
    state: str
    channel: str
    reason: str | None = None
    message_id: int | None = None


def forget(session: Session, openid: str, stand_in: str, at: datetime) -> None:
    """The recipient is gone: his openid goes, and what still waits for him is not sent."""
    mine = Delivery.openid == openid
    unsynchronised = {"synchronize_session": False}
    gone = {"state": "skipped", "reason": "gone", "settled_at": at}
    waiting = update(Delivery).where(mine, Delivery.state == "pending")
    session.execute(waiting.values(**gone).execution_options(**unsynchronised))
    named = update(Delivery).where(mine).values(openid=stand_in)
    session.execute(named.execution_options(**unsynchronised))


def pending_of(session: Session, push_id: int, chunk_no: int, *, by_mass: bool) -> list[int]:
    """The ids of those in a chunk who still wait for a mass send, or for any other call."""
    waiting = _MASS_PENDING if by_mass else _PENDING
    rows = waiting.run(session, {"push": push_id, "chunk": chunk_no}).all()
    return [row[0] for row in rows]


_of_chunk = (
    select(Delivery.id)
    .where(
        Delivery.push_id == bindparam("push"),
        Delivery.chunk_no == bindparam("chunk"),
        Delivery.state == "pending",
    )
    .order_by(Delivery.id)
)
_MASS_PENDING = Hot(_of_chunk.where(Delivery.channel == "mass"))
_PENDING = Hot(_of_chunk.where(Delivery.channel != "mass"))


def settle(session: Session, claim_no: int, settled: Sequence[Settled], at: datetime) -> int:
    """Write how calls ended; returns how many rows took it.

    Only what this claim began is written: a worker that lost its lease may still say what it
    learnt of its own calls (`unknown` becomes `sent`), but of nobody else's.
    """
    if not settled:
        return 0
    if session.connection().dialect.name == "postgresql":
        return _settle_postgres(session, claim_no, settled, at)
    taken = 0
    for (state, channel, reason), ended in _grouped(settled).items():
        values: dict[str, Any] = {
            "state": state, "channel": channel, "reason": reason,
            "settled_at": None if state == "pending" else at,
        }  # fmt: skip
        ids = [one.id for one in ended]
        statement = update(Delivery).where(Delivery.id.in_(ids), *_begun_by(claim_no))
        done = session.execute(
            statement.values(**values).execution_options(synchronize_session=False)
        )
        taken += int(done.rowcount)  # type: ignore[attr-defined]
    named = [{"b_id": one.id, "b_message": one.message_id} for one in settled if one.message_id]
    if named:
        session.connection().execute(_NAME, named)
    return taken


def put_back(session: Session, claim_no: int, ids: Sequence[int]) -> None:
    """Let these wait again: marked as being sent, but surely never called."""
    if ids:
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_(ids), *_begun_by(claim_no))
            .values(state="pending", attempts=Delivery.attempts - 1, reason=None, settled_at=None)
            .execution_options(synchronize_session=False)
        )


def _grouped(settled: Sequence[Settled]) -> dict[tuple[str, str, str | None], list[Settled]]:
    groups: dict[tuple[str, str, str | None], list[Settled]] = {}
    for one in settled:
        groups.setdefault((one.state, one.channel, one.reason), []).append(one)
    return groups


def _begun_by(claim_no: int) -> tuple[Any, ...]:
    return Delivery.claim_no == claim_no, Delivery.state.in_(("sending", "unknown"))


def _settle_postgres(
    session: Session, claim_no: int, settled: Sequence[Settled], at: datetime
) -> int:
    connection, taken = session.connection(), 0
    for (state, channel, reason), ended in _grouped(settled).items():
        parameters = {
            "state": state, "channel": channel, "reason": reason, "claim": claim_no,
            "at": None if state == "pending" else at,
            "ids": numbers(one.id for one in ended),
            "messages": numbers(one.message_id for one in ended),
        }  # fmt: skip
        taken += send(connection, _SETTLE, parameters).rowcount
    return taken


def tally(session: Session, push_id: int, chunk_no: int) -> list[list[Any]]:
    """A chunk counted: [state, channel, variant, reason, how many] each."""
    by = (Delivery.state, Delivery.channel, Delivery.variant, Delivery.reason)
    rows = session.execute(
        select(*by, func.count())
        .where(and_(Delivery.push_id == push_id, Delivery.chunk_no == chunk_no))
        .group_by(*by)
    )
    return [list(row) for row in rows]


_NAME = (
    update(table_of(Delivery))
    .where(Delivery.id == bindparam("b_id"))
    .values(message_id=bindparam("b_message"))
)
# One statement for all that ended alike, whatever number each message was given.
_SETTLE = """
UPDATE delivery d SET state = %(state)s, channel = %(channel)s, reason = %(reason)s,
    message_id = said.message, settled_at = %(at)s
FROM unnest(%(ids)s::bigint[], %(messages)s::bigint[]) AS said(id, message)
WHERE d.id = said.id AND d.claim_no = %(claim)s AND d.state IN ('sending', 'unknown')
"""
