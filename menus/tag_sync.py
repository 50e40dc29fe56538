"""Our tags carried over to WeChat, for the followers and the tags that menus go by.

First rows are written for whoever differs (a page at a time, found by the tag's members), then
batches of 50 go out: claimed, committed, called, settled. A batch that WeChat refuses is sent one
by one, so that one follower with 20 tags does not keep 49 others waiting.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from kernel.db import insert_once
from kernel.outcomes import Outcome
from loyalty.followers import Follower
from loyalty.members import Member
from loyalty.tags import MemberTag, Tag
from menus import live, versions
from menus.platform import MenuRules
from menus.wechat_tags import WechatTag, WechatTagging, fitting

BATCH = 50
PAGE = 500
HELD = timedelta(seconds=60)
_OPEN = ("waiting", "alone")


@dataclass(frozen=True)
class Batch:
    """Followers to be tagged (or untagged) in one call."""

    tag_id: int
    wechat_id: int
    wanted: bool
    openids: tuple[str, ...]


def codes_in_use(session: Session, rules: MenuRules) -> list[str]:
    """The tags that what is live goes by, and what will be as soon as it is due."""
    row = live.look(session)
    shown = {row.version_id} if row is not None and row.version_id else set()
    coming = session.scalars(
        select(versions.MenuVersion.id).where(
            versions.MenuVersion.state.in_(("in_review", "approved", "scheduled"))
        )
    )
    used = {
        code
        for version_id in shown | set(coming)
        for code in versions.face_of(versions.get(session, version_id)).tags()
    }
    if row is not None and row.trial_id is not None:
        used.add(rules.trial_tag)
    return sorted(used)


def compare(session: Session, code: str, now: datetime) -> int:
    """Write rows for up to a page of followers whose tag differs from WeChat's; how many.

    Who left lost the tags at WeChat, so his row goes; who came back since needs the tag again.
    """
    tag_id = session.scalar(select(Tag.id).where(Tag.code == code))
    if tag_id is None:
        return 0
    missing = session.scalars(_missing(tag_id)).all()
    gone = session.scalars(_too_many(tag_id)).all()
    left = session.scalars(_left(tag_id)).all()
    _want(session, tag_id, missing, now, wanted=True)
    _want(session, tag_id, gone, now, wanted=False)
    _drop(session, tag_id, left)
    return len(missing) + len(gone) + len(left)


def _missing(tag_id: int) -> Select[str]:
    row = WechatTagging
    again = and_(Follower.followed_at > row.changed_at, row.state.in_(("done", "failed")))
    return (
        select(Member.openid)
        .join(MemberTag, and_(MemberTag.member_id == Member.id, MemberTag.tag_id == tag_id))
        .join(Follower, and_(Follower.openid == Member.openid, Follower.subscribed.is_(True)))
        .outerjoin(row, and_(row.openid == Member.openid, row.tag_id == tag_id))
        .where(or_(row.openid.is_(None), row.wanted.is_(False), again))
        .limit(PAGE)
    )


def _follows() -> ColumnElement[bool]:
    found = select(Follower.id).where(
        Follower.openid == WechatTagging.openid, Follower.subscribed.is_(True)
    )
    return found.exists()


def _too_many(tag_id: int) -> Select[str]:
    has = (
        select(MemberTag.member_id)
        .join(Member, Member.id == MemberTag.member_id)
        .where(MemberTag.tag_id == tag_id, Member.openid == WechatTagging.openid)
    )
    mine = and_(WechatTagging.tag_id == tag_id, WechatTagging.wanted.is_(True))
    return select(WechatTagging.openid).where(mine, _follows(), ~has.exists()).limit(PAGE)


def _left(tag_id: int) -> Select[str]:
    mine = and_(WechatTagging.tag_id == tag_id, WechatTagging.state != "sending")
    return select(WechatTagging.openid).where(mine, ~_follows()).limit(PAGE)


def _want(
    session: Session, tag_id: int, openids: Sequence[str], now: datetime, *, wanted: bool
) -> None:
    fresh: dict[str, Any] = {
        "wanted": wanted,
        "state": "waiting",
        "held_until": None,
        "reason": None,
        "changed_at": now,
    }
    for openid in sorted(openids):
        row = {"tag_id": tag_id, "openid": openid, **fresh}
        if not insert_once(session, WechatTagging, row, "tag_id,openid"):
            session.execute(update(WechatTagging).where(*_is(tag_id, [openid])).values(fresh))


def _drop(session: Session, tag_id: int, openids: Sequence[str]) -> None:
    if openids:
        session.execute(delete(WechatTagging).where(*_is(tag_id, openids)))


def _is(tag_id: int, openids: Sequence[str]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return WechatTagging.tag_id == tag_id, WechatTagging.openid.in_(openids)


def claim(session: Session, now: datetime) -> Batch | None:
    """Mark the next batch as being sent; None when nothing waits. Two workers get two batches."""
    _free_lost(session, now)
    first = session.execute(
        select(WechatTagging.tag_id, WechatTagging.wanted, WechatTagging.state)
        .join(WechatTag, WechatTag.tag_id == WechatTagging.tag_id)
        .where(WechatTagging.state.in_(_OPEN), WechatTag.wechat_id.is_not(None))
        .order_by(WechatTagging.state.desc(), WechatTagging.tag_id)
        .limit(1)
    ).first()
    if first is None:
        return None
    openids = session.scalars(
        select(WechatTagging.openid)
        .where(
            WechatTagging.tag_id == first.tag_id,
            WechatTagging.wanted.is_(first.wanted),
            WechatTagging.state == first.state,
        )
        .order_by(WechatTagging.openid)
        .limit(1 if first.state == "alone" else BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    if not openids:
        return None
    session.execute(
        update(WechatTagging)
        .where(*_is(first.tag_id, openids))
        .values(state="sending", held_until=now + HELD)
    )
    wechat_id = session.get_one(WechatTag, first.tag_id).wechat_id
    assert wechat_id is not None
    return Batch(first.tag_id, wechat_id, first.wanted, tuple(openids))


def _free_lost(session: Session, now: datetime) -> None:
    # Tagging twice does no harm, so a batch whose worker was lost just waits again.
    session.execute(
        update(WechatTagging)
        .where(WechatTagging.state == "sending", WechatTagging.held_until <= now)
        .values(state="waiting", held_until=None)
    )


def settle(session: Session, batch: Batch, outcome: Outcome, now: datetime) -> None:
    """Write down what came of a batch."""
    mine = (*_is(batch.tag_id, batch.openids), WechatTagging.state == "sending")
    alone = len(batch.openids) == 1
    if outcome.verdict == "sent" and not batch.wanted:
        session.execute(delete(WechatTagging).where(*mine))
        return
    if outcome.verdict == "refused" and alone and not batch.wanted:
        session.execute(delete(WechatTagging).where(*mine))  # no follower, so no tag either
        return
    values: dict[str, Any] = {"held_until": None, "reason": outcome.reason, "changed_at": now}
    values["state"] = _state_after(outcome, alone=alone)
    if values["state"] == "done":
        values["reason"] = None
    session.execute(update(WechatTagging).where(*mine).values(values))


def _state_after(outcome: Outcome, *, alone: bool) -> str:
    if outcome.verdict == "sent":
        return "done"
    if outcome.verdict in {"refused", "stop"} and not is_of_account(outcome):
        return "failed" if alone else "alone"
    return "waiting"


def is_of_account(outcome: Outcome) -> bool:
    """Whether the whole account is refused, not somebody in the batch: the run ends for now."""
    # 45059: somebody has 20 tags already; the table of reactions knows it as a stop.
    return outcome.verdict == "stop" and outcome.reason != "45059"


def waits(session: Session) -> bool:
    """Whether anything is to be told to WeChat, now or after a lost worker is given up."""
    found = select(WechatTagging.openid).where(WechatTagging.state.in_((*_OPEN, "sending")))
    return session.scalar(found.limit(1)) is not None


def without_id(session: Session) -> dict[str, str]:
    """The tags that somebody waits for and that have no id at WeChat yet: code → name there."""
    rows = session.execute(
        select(Tag.code, Tag.name)
        .outerjoin(WechatTag, WechatTag.tag_id == Tag.id)
        .where(
            WechatTag.wechat_id.is_(None),
            select(WechatTagging.openid)
            .where(WechatTagging.tag_id == Tag.id, WechatTagging.state.in_(_OPEN))
            .exists(),
        )
        .order_by(Tag.code)
    )
    return {row.code: fitting(row.name) for row in rows}


def counts(session: Session, code: str) -> dict[str, int]:
    """How many followers of a tag are in which state, for people."""
    rows = session.execute(
        select(WechatTagging.state, func.count())
        .join(Tag, Tag.id == WechatTagging.tag_id)
        .where(Tag.code == code)
        .group_by(WechatTagging.state)
    )
    return {row[0]: int(row[1]) for row in rows}
