"""Audiences: whom a push means, before anybody asks who of them can be reached."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Integer,
    Select,
    String,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import Invalid, NotFound
from loyalty import rules, segments
from loyalty.followers import Follower
from loyalty.members import LIVE, Member
from loyalty.tags import MemberTag, Tag
from pushes import triggers

KINDS = {
    "members": "全部会员",
    "followers": "全部粉丝",
    "tag": "标签",
    "segment": "人群",
    "list": "上传名单",
    "trigger": "触发条件",
}
People = Select[str, int | None, int, bool, str | None, bool]


class PushList(Base):
    """A list of members that somebody uploaded for pushes; `lost` lines named nobody."""

    __tablename__ = "push_list"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    size: Mapped[int] = mapped_column(Integer)
    lost: Mapped[int] = mapped_column(Integer)
    created_by: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    created_at: Mapped[datetime]


class PushListMember(Base):
    """One member of an uploaded list."""

    __tablename__ = "push_list_member"

    list_id: Mapped[int] = mapped_column(
        ForeignKey("push_list.id"), primary_key=True, autoincrement=False
    )
    member_id: Mapped[int] = mapped_column(
        ForeignKey("member.id"), primary_key=True, autoincrement=False, index=True
    )


def check(session: Session, audience: Mapping[str, Any]) -> dict[str, Any]:
    """The audience as it is kept. Raises Invalid with the field `audience`."""
    kind = str(audience.get("kind"))
    if kind not in KINDS:
        raise Invalid(field="audience", reason="请选择发给谁")
    checked = _CHECKS.get(kind)
    return {"kind": kind, **(checked(session, audience) if checked else {})}


def _check_tag(session: Session, audience: Mapping[str, Any]) -> dict[str, Any]:
    code = str(audience.get("tag", ""))
    if session.scalar(select(Tag.id).where(Tag.code == code, Tag.active.is_(True))) is None:
        raise Invalid(field="audience", reason="请选择标签")
    # One call of WeChat's by its own tag, whoever bears it there, instead of lists of openids.
    return {"tag": code, **({"by_tag": True} if audience.get("by_tag") else {})}


def _check_segment(session: Session, audience: Mapping[str, Any]) -> dict[str, Any]:
    code = str(audience.get("segment", ""))
    if code not in {segment.code for segment in segments.every(session)}:
        raise Invalid(field="audience", reason="请选择人群")
    return {"segment": code}


def _check_list(session: Session, audience: Mapping[str, Any]) -> dict[str, Any]:
    list_id = audience.get("list")
    if not isinstance(list_id, int) or session.get(PushList, list_id) is None:
        raise Invalid(field="audience", reason="请选择名单")
    return {"list": list_id}


def _check_trigger(_session: Session, audience: Mapping[str, Any]) -> dict[str, Any]:
    trigger = triggers.check(audience)
    return {**trigger, "on": date.fromisoformat(str(audience["on"])).isoformat()}


_CHECKS = {
    "tag": _check_tag,
    "segment": _check_segment,
    "list": _check_list,
    "trigger": _check_trigger,
}


def name_of(session: Session, audience: Mapping[str, Any]) -> str:
    """The audience in words."""
    kind = str(audience["kind"])
    if kind == "tag":
        name = session.scalar(select(Tag.name).where(Tag.code == audience["tag"]))
        return f"标签“{name}”"
    if kind == "segment":
        return f"人群“{segments.get(session, audience['segment']).name}”"
    if kind == "list":
        found = session.get(PushList, audience["list"])
        return f"名单“{found.name}”" if found else "名单"
    if kind == "trigger":
        return triggers.words(audience)
    return KINDS[kind]


def people(session: Session, audience: Mapping[str, Any], at: datetime) -> People:
    """Everybody the audience means at `at`.

    Columns: openid, member_id, person_no (steady, for chance), subscribed, state, has_phone.
    Raises NotFound when its tag, segment or list is gone.
    """
    if audience["kind"] == "followers":
        return _followers()
    query: Any = (
        select(
            Member.openid.label("openid"),
            Member.id.label("member_id"),
            Member.id.label("person_no"),
            func.coalesce(Follower.subscribed, False).label("subscribed"),
            Member.state.label("state"),
            Member.phone_sealed.is_not(None).label("has_phone"),
        )
        .outerjoin(Follower, Follower.openid == Member.openid)
        .where(Member.state.in_(LIVE), _meant(session, audience, at))
    )
    found: People = query
    return found


def _followers() -> People:
    query: Any = (
        select(
            Follower.openid.label("openid"),
            Member.id.label("member_id"),
            Follower.id.label("person_no"),
            Follower.subscribed.label("subscribed"),
            Member.state.label("state"),
            Member.phone_sealed.is_not(None).label("has_phone"),
        )
        .outerjoin(Member, Member.openid == Follower.openid)
        .where(Follower.subscribed.is_(True))
    )
    found: People = query
    return found


def _meant(session: Session, audience: Mapping[str, Any], at: datetime) -> ColumnElement[bool]:
    kind = audience["kind"]
    if kind == "tag":
        tag_id = session.scalar(select(Tag.id).where(Tag.code == audience["tag"]))
        if tag_id is None:
            raise NotFound
        return Member.id.in_(select(MemberTag.member_id).where(MemberTag.tag_id == tag_id))
    if kind == "segment":
        segment = segments.get(session, audience["segment"])
        return rules.where(rules.parse(segments.rule_of(session, segment)), at)
    if kind == "list":
        listed = select(PushListMember.member_id).where(PushListMember.list_id == audience["list"])
        return Member.id.in_(listed)
    if kind == "trigger":
        return triggers.where(audience, date.fromisoformat(audience["on"]))
    return true() if kind == "members" else literal(False)
