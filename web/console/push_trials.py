"""Test sends: colleagues get on their own phones what a push would say, and nobody else does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import audit
from kernel.outcomes import Outcome
from kernel.refusals import Invalid
from loyalty import tier_ladder
from loyalty.members import LIVE, Member
from loyalty.staff import Staff
from pushes import bodies, preflight_warnings, pushes
from pushes.bodies import NoDraft
from pushes.channels import NAMES, PushPreview
from pushes.messages import Reader
from pushes.pushes import Push
from web.console.guards import actor, operator_required
from web.console.push_forms import LETTERS
from web.console.settling import words_of
from web.wiring import now, read, transaction, wiring

bp = Blueprint("push_trials", __name__, url_prefix="/pushes/<row:push_id>/trials")

MOST_PEOPLE = 5
_PATHS = {
    "customer": "message/custom/send",
    "notice": "message/subscribe/bizsend",
    "template": "message/template/send",
}
_NO_PHONE = "no_phone"
# What a colleague can do about it.
_REASONS = {
    _NO_PHONE: "对方不是会员，没有手机号可发",
    "45015": "对方 48 小时内没有给公众号发过消息，先让他发一句再试",
    "43101": "对方没有允许这个订阅通知，或次数用完",
    "43004": "对方没有关注公众号",
    "40037": "模板不存在，请核对模板编号",
    "47003": "模板的内容不符合规则，请核对每一项",
    "48001": "公众号没有这个接口的权限",
}


@dataclass(frozen=True)
class Said:
    """How a test went: to whom, by which channel, whether it was taken, in words."""

    name: str
    channel: str
    taken: bool
    words: str


@dataclass(frozen=True)
class _Ready:
    push: Push
    contents: Mapping[str, Any]
    people: Sequence[Staff]
    drafts: Mapping[int, str]
    # Sealed phones of those who are members, by openid.
    phones: Mapping[str, str]


@bp.post("")
@operator_required("pushes.write")
def send(push_id: int) -> ResponseReturnValue:
    """Send the message to colleagues by each channel of the push, and tell how it went.

    It goes by the calls of a push but is no delivery of it. Raises NotFound.
    """
    said, fault = [], ""
    try:
        ready = read(lambda db: _ready(db, push_id))
        said = _tried(ready)
    except Invalid as refused:
        fault = words_of(refused)
    else:
        transaction(lambda db: _note(db, push_id, said))
    part = "tried" if request.headers.get("HX-Request") else "tried-page"
    shown = {"said": said, "fault": fault, "names": NAMES}
    push = read(lambda db: pushes.get(db, push_id))
    answer = render_template(f"console/pushes/{part}.html", push=push, **shown)
    return answer if part == "tried" or not fault else (answer, 422)


def _ready(session: Session, push_id: int) -> _Ready:
    push = pushes.get(session, push_id)
    numbers = {
        int(one) for one in request.form.getlist("staff") if one.isdigit() and len(one) < 19
    }
    if not 1 <= len(numbers) <= MOST_PEOPLE:
        raise Invalid(field="staff", reason=f"请选择 1 至 {MOST_PEOPLE} 位同事")
    chosen = select(Staff).where(Staff.id.in_(numbers), Staff.active.is_(True))
    people = session.scalars(chosen.order_by(Staff.id)).all()
    if not people:
        raise Invalid(field="staff", reason="这些同事已不在岗")
    letter = request.form.get("variant", "a")
    place = LETTERS.find(letter) if len(letter) == 1 else 0
    variants = push.variants
    contents = variants[place if 0 <= place < len(variants) else 0]["contents"]
    article = (contents.get("mass") or {}).get("article_id")
    drafts = preflight_warnings.drafts_of(session, {article} if article else set())
    return _Ready(push, contents, people, drafts, _phones(session, people))


def _phones(session: Session, people: Sequence[Staff]) -> dict[str, str]:
    openids = [one.openid for one in people]
    rows = session.execute(
        select(Member.openid, Member.phone_sealed).where(
            Member.openid.in_(openids), Member.state.in_(LIVE), Member.phone_sealed.is_not(None)
        )
    )
    return {row.openid: row.phone_sealed or "" for row in rows}


def _tried(ready: _Ready) -> list[Said]:
    preview = wiring().push_preview
    if preview is None:
        raise Invalid(field="staff", reason="现在连不上微信，请稍后再试")
    return [
        _said(one, channel, _call(preview, ready, channel, one))
        for one in ready.people
        for channel in ready.push.channels
    ]


def _call(preview: PushPreview, ready: _Ready, channel: str, person: Staff) -> Outcome:
    push, content = ready.push, ready.contents[channel]
    reader = Reader(person.name, tier_ladder.GROUND_NAME, 100, _link(push))
    if channel == "sms":
        return _sms(ready, content, reader, person)
    if channel == "mass":
        media_id = ready.drafts.get(content.get("article_id") or 0, "")
        try:
            return preview.preview(person.openid, bodies.mass(content, reader, media_id))
        except NoDraft:
            return Outcome("refused", NoDraft.code)
    # A name of its own each time: WeChat takes one name once in ten minutes.
    name = f"trial-{push.id}-{person.id}-{int(now().timestamp() * 1000)}"
    make: dict[str, Callable[[], dict[str, Any]]] = {
        "customer": lambda: bodies.customer(content, reader),
        "notice": lambda: bodies.notice(content, reader),
        "template": lambda: bodies.template(content, reader, name),
    }
    return preview.send_one(_PATHS[channel], person.openid, make[channel]())


def _sms(ready: _Ready, content: Mapping[str, Any], reader: Reader, person: Staff) -> Outcome:
    sealed, send_sms = ready.phones.get(person.openid), wiring().sms_trial
    if sealed is None or send_sms is None:
        return Outcome("refused", _NO_PHONE)
    signature = wiring().push_rules.sms_signature
    return send_sms(sealed, bodies.sms(content, reader, signature, ready.push.service))


def _link(push: Push) -> str:
    # The page itself: a colleague's look is no click.
    return f"{wiring().hall.base_url}{push.link}" if push.link.startswith("/") else push.link


def _said(person: Staff, channel: str, outcome: Outcome) -> Said:
    if outcome.verdict == "sent":
        return Said(person.name, channel, True, "已送到手机")
    reason = outcome.reason or ""
    if reason == NoDraft.code:
        return Said(person.name, channel, False, "文章不在微信草稿箱里，请先同步")
    if outcome.verdict == "unknown":
        return Said(person.name, channel, False, "没有得到明确答复，请看看手机有没有收到")
    whose = "短信网关" if channel == "sms" else "微信"
    words = _REASONS.get(reason, f"{whose}没有接受（{reason or outcome.verdict}）")
    return Said(person.name, channel, False, words)


def _note(session: Session, push_id: int, said: list[Said]) -> None:
    facts = {
        "people": sorted({one.name for one in said}),
        "taken": sum(one.taken for one in said),
        "tried": len(said),
    }
    audit.write(session, "push.tested", f"push:{push_id}", now(), by=actor(), **facts)
