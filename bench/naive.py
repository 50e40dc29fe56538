"""The yardstick: a check-in bot as one would write it by hand, with wechatpy, the ORM and Redis.

Nothing in it is slow on purpose: it verifies and decrypts with wechatpy, filters duplicates with
SET NX, and writes the same kinds of rows. Run by gunicorn with the same workers and threads.
"""

import os
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import redis
from flask import Flask, abort, request
from sqlalchemy import ForeignKey, String, UniqueConstraint, create_engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.replies import TextReply

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Base(DeclarativeBase):
    """Tables of the naive app."""


class Member(Base):
    """A member with a running balance."""

    __tablename__ = "naive_member"
    id: Mapped[int] = mapped_column(primary_key=True)
    openid: Mapped[str] = mapped_column(String(64), unique=True)
    points: Mapped[int] = mapped_column(default=0)


class CheckIn(Base):
    """A check-in of a day."""

    __tablename__ = "naive_check_in"
    __table_args__ = (UniqueConstraint("member_id", "day"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("naive_member.id"))
    day: Mapped[date]
    streak: Mapped[int]
    points: Mapped[int]


class Entry(Base):
    """A points entry."""

    __tablename__ = "naive_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("naive_member.id"))
    delta: Mapped[int]
    balance_after: Mapped[int]
    reason: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime]


engine = (
    create_engine(os.environ["NAIVE_DATABASE"], pool_size=10)
    if "NAIVE_DATABASE" in os.environ
    else None
)
Sessions = sessionmaker(engine)
cache = redis.Redis.from_url(os.environ.get("NAIVE_REDIS", "redis://127.0.0.1:6379/0"))
app = Flask(__name__)


def crypto() -> WeChatCrypto:
    """wechatpy's crypto for the configured account."""
    return WeChatCrypto(
        os.environ["NAIVE_TOKEN"], os.environ["NAIVE_AES_KEY"], os.environ["NAIVE_APP_ID"]
    )


@app.post("/wechat")
def callback() -> str:
    """Decrypt, filter duplicates, check in, reply encrypted."""
    args = request.args
    sealed = crypto()
    try:
        xml = sealed.decrypt_message(
            request.data, args["msg_signature"], args["timestamp"], args["nonce"]
        )
    except Exception:
        abort(403)
    message = parse_message(xml)
    if not cache.set(f"msg:{message.id}", "1", nx=True, ex=60):
        return "success"
    with Sessions.begin() as session:
        text = check_in(session, message.source)
    reply = TextReply(content=text, message=message)
    encrypted: str = sealed.encrypt_message(reply.render(), args["nonce"], args["timestamp"])
    return encrypted


def check_in(session: Session, openid: str) -> str:
    """One check-in with the ORM."""
    member = session.scalar(select(Member).where(Member.openid == openid).with_for_update())
    if member is None:
        return "请先注册"
    today = datetime.now(SHANGHAI).date()
    last = session.scalar(
        select(CheckIn).where(
            CheckIn.member_id == member.id, CheckIn.day == today - timedelta(days=1)
        )
    )
    streak = last.streak + 1 if last else 1
    points = min(5 + streak - 1, 10)
    try:
        with session.begin_nested():
            session.add(CheckIn(member_id=member.id, day=today, streak=streak, points=points))
    except IntegrityError:
        return "今天已签到"
    member.points += points
    session.add(
        Entry(
            member_id=member.id,
            delta=points,
            balance_after=member.points,
            reason="check-in",
            created_at=datetime.now(UTC),
        )
    )
    return (
        f"签到成功！已连续签到 {streak} 天，本次获得 {points} 积分，当前共 {member.points} 积分。"
    )
