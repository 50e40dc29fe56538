"""The test box: what the bot would say to whom, when, to what; and why. Nothing of it is done."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from content.functions import FUNCTIONS
from content.reply_traces import STAGES, Question, Trace
from kernel.refusals import Invalid
from loyalty import members
from loyalty.members import Member
from web.console import member_lists, reply_drafts
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_required
from web.console.reply_drafts import Draft
from web.wiring import now, read, wiring

bp = Blueprint("reply_tests", __name__, url_prefix="/replies/test")

KINDS = {
    "text": "文字消息",
    "image": "图片消息",
    "voice": "语音消息",
    "video": "视频消息",
    "location": "位置消息",
    "link": "链接消息",
    "event.subscribe": "关注公众号",
    "event.scan": "已关注后扫码",
    "event.click": "点菜单",
}
_NOBODY = "oTestBox-nobody"
_TEXT = 600
_ID_DIGITS, _PEOPLE = 18, 20
Person = Row[int, str, str | None]


@dataclass(frozen=True)
class Asked:
    """A question of the test box, and the name of whoever is supposed to ask it."""

    question: Question
    openid: str
    name: str
    at: datetime


@dataclass(frozen=True)
class Result:
    """What would be answered, and which drafts would answer if they were approved."""

    asked: Asked
    trace: Trace
    drafts: list[Draft] = field(default_factory=list)


class _Several(Exception):
    """More than one member has the name that was typed."""

    def __init__(self, people: Sequence[Person]) -> None:
        super().__init__()
        self.people = people


@bp.get("")
@operator_required("content.read")
def show() -> ResponseReturnValue:
    """The empty box; a rule's page hands one of its words over."""
    words = request.args.get("text", "").replace("\x00", "")[:_TEXT]
    return _page(Shown({"kind": "text", "text": words, "at": now(), "drafts": "yes"}))


@bp.post("")
@operator_required("content.read")
def ask() -> ResponseReturnValue:
    """Rehearse the message; what was typed stays in the box."""
    values = {**request.form.to_dict(), "text": Fields(request.form).text("text")}
    try:
        asked = _asked(Fields(request.form))
    except Invalid as refused:
        return _page(again(values, refused)), 422
    except _Several as several:
        return _page(Shown(values), people=several.people)
    # The real decision: it opens a transaction of its own and undoes it.
    trace = wiring().explain(asked.question, asked.openid, asked.at)
    drafts = []
    if Fields(request.form).flag("drafts"):
        drafts = reply_drafts.fitting(asked.question, asked.openid, asked.at, trace)
    return _page(Shown(values), result=Result(asked, trace, drafts))


def _asked(fields: Fields) -> Asked:
    kind, text = fields.text("kind"), fields.text("text")
    if kind not in KINDS:
        raise Invalid(field="kind", reason="请选择消息类型")
    if kind == "text" and not text:
        raise Invalid(field="text", reason="请填写客户说的话")
    if len(text) > _TEXT:
        raise Invalid(field="text", reason=f"最多 {_TEXT} 个字")
    text = text.encode("utf-8", "ignore").decode("utf-8")
    scene, key = fields.text("scene")[:64], fields.text("key")[:64]
    # What follows by a code arrives as its scene behind this word.
    if kind == "event.subscribe" and scene:
        scene = f"qrscene_{scene.removeprefix('qrscene_')}"
    openid, name = _whom(fields)
    question = Question(
        kind,
        text if kind == "text" else "",
        scene if kind in {"event.subscribe", "event.scan"} else "",
        key if kind == "event.click" else "",
    )
    return Asked(question, openid, name, fields.moment_or_none("at") or now())


def _whom(fields: Fields) -> tuple[str, str]:
    who = fields.text("member_id") or fields.text("who")
    if not who or not g.operator.may("members.read"):
        return _NOBODY, "一位普通粉丝（不是会员）"
    digest = member_lists.phone_digest(wiring().vault, who)

    def work(db: Session) -> tuple[str, str]:
        member_id = member_lists.id_by_phone(db, digest) if digest else None
        if member_id is None:
            member_id = _one(_called(db, who), who)
        member = members.get_by_id(db, member_id)
        return member.openid, f"{member.name}（会员号 {member.id}）"

    return read(work)


def _called(session: Session, who: str) -> list[Person]:
    """Members with that name or number; some, where many are called so."""
    fits = [Member.name.contains(who, autoescape=True)]
    if who.isascii() and who.isdigit() and len(who) <= _ID_DIGITS:
        fits.append(Member.id == int(who))
    query = select(Member.id, Member.name, Member.phone_hint).where(or_(*fits))
    return list(session.execute(query.order_by(Member.id.desc()).limit(_PEOPLE)))


def _one(people: Sequence[Person], who: str) -> int:
    exact = [line for line in people if str(line.id) == who]
    found = exact or list(people)
    if not found:
        raise Invalid(field="who", reason="没有找到这位会员，请填会员号、姓名或完整手机号")
    if len(found) > 1:
        raise _Several(found)
    return int(found[0].id)


def _page(
    form: Shown,
    people: Sequence[Person] = (),
    result: Result | None = None,
) -> str:
    return render_template(
        "console/replies/test.html",
        form=form,
        people=people,
        result=result,
        kinds=list(KINDS.items()),
        stages=STAGES,
        keys=list(FUNCTIONS.items()),
    )
