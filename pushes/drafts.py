"""Drafts: a push as a marketer fills it in, held against what each channel can carry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.reviews import Hand
from kernel import audit
from kernel.db import insert_once
from kernel.refusals import Invalid
from pushes import audiences, messages, pushes
from pushes.channels import NAMES
from pushes.messages import MOST_VARIANTS
from pushes.pushes import AlreadyPlanned, Push

TITLE_LENGTH = 40
MOST_HOLDOUT = 50
MOST_RATE = 10_000
MOST_GRACE = 24 * 60
# Everything that a reviewer approves; a change of any of it needs another look.
FIELDS = (
    "title", "occasion", "occurs_on", "channels", "variants", "audience", "freeze_at",
    "holdout_percent", "service", "link", "rate", "grace_minutes", "send_at",
)  # fmt: skip


@dataclass(frozen=True)
class Form:
    """A push as it is filled in; see `Push` for what the fields mean."""

    title: str
    channels: Sequence[str]
    variants: Sequence[Mapping[str, Any]]
    audience: Mapping[str, Any] = field(default_factory=lambda: {"kind": "members"})
    freeze_at: str = "start"
    holdout_percent: int = 0
    service: bool = False
    link: str = ""
    rate: int = 0
    grace_minutes: int = 60
    send_at: datetime | None = None
    occasion: str | None = None
    occurs_on: date | None = None


@dataclass(frozen=True)
class Origin:
    """What a push came from: `key` is unique for ever, so that nothing is planned twice."""

    key: str
    series_id: int | None = None


def text_form(title: str, body: str) -> Form:
    """The plainest push: one text by mass send to all members."""
    content = {"mass": {"kind": "text", "text": body}}
    return Form(title, ["mass"], [{"share": 100, "contents": content}])


def write(session: Session, form: Form, hand: Hand, origin: Origin | None = None) -> Push:
    """Write a push down. Raises Invalid, AlreadyPlanned."""
    row = {
        **_checked(session, form),
        "key": origin and origin.key,
        "series_id": origin and origin.series_id,
        "state": "draft",
        "seed": pushes.new_seed(),
        "created_by": hand.by,
        "created_at": hand.at,
        "changed_at": hand.at,
        "total": 0,
        "outside": [],
    }
    if origin is None:
        push = Push(**row)
        session.add(push)
        session.flush()
    else:
        if not insert_once(session, Push, row, "key"):
            raise AlreadyPlanned(title=form.title)
        push = session.scalars(select(Push).where(Push.key == origin.key)).one()
    audit.write(session, "push.drafted", f"push:{push.id}", hand.at, by=(hand.by, None))
    return push


def revise(session: Session, push_id: int, form: Form, hand: Hand) -> Push:
    """Change a draft. Raises NotFound, WrongState once it was submitted, Invalid."""
    push = pushes.get(session, push_id)
    pushes.require(push, "draft")
    before = audit.values(push, FIELDS)
    for name, value in _checked(session, form).items():
        setattr(push, name, value)
    push.changed_at = hand.at
    session.flush()
    if changes := audit.changes(before, audit.values(push, FIELDS), FIELDS):
        facts = {"changes": changes}
        audit.write(
            session, "push.revised", f"push:{push_id}", hand.at, by=(hand.by, None), **facts
        )
    return push


def sketch(session: Session, form: Form, hand: Hand) -> Push:
    """The push that the form would make, never saved: for a look ahead. Raises Invalid."""
    values = _checked(session, form)
    return Push(**values, created_by=hand.by, created_at=hand.at, seed="1:0", total=0, outside=[])


def copy(session: Session, push_id: int, hand: Hand) -> Push:
    """A new draft that says the same to the same people, without a time."""
    source = pushes.get(session, push_id)
    form = form_of(source)
    return write(session, Form(**{**form.__dict__, "send_at": None}), hand)


def form_of(push: Push) -> Form:
    """The push as it would be filled in."""
    return Form(**{name: getattr(push, name) for name in FIELDS})


def check(session: Session, form: Form) -> dict[str, Any]:
    """The columns that a form makes, without writing them. Raises Invalid."""
    return _checked(session, form)


def _checked(session: Session, form: Form) -> dict[str, Any]:
    title = form.title.strip()
    if not 1 <= len(title) <= TITLE_LENGTH or not title.isprintable():
        raise Invalid(field="title", reason=f"请填写标题（{TITLE_LENGTH} 字以内）")
    channels = _channels(form)
    return {
        "title": title,
        "channels": channels,
        "variants": _variants(form, channels),
        "audience": audiences.check(session, form.audience),
        "link": _link(form.link),
        "service": form.service,
        "send_at": form.send_at,
        "occasion": form.occasion,
        "occurs_on": form.occurs_on,
        **_numbers(form),
    }


def _channels(form: Form) -> list[str]:
    channels = list(dict.fromkeys(form.channels))
    if not channels or any(name not in NAMES for name in channels):
        raise Invalid(field="channels", reason="请选择至少一个渠道")
    if "template" in channels and not form.service:
        raise Invalid(field="channels", reason="模板消息只能用于服务通知，不能用于营销")
    if form.audience.get("by_tag"):
        _check_by_tag(form, channels)
    if "sms" in channels and form.audience.get("kind") == "followers":
        raise Invalid(field="channels", reason="粉丝没有手机号，短信请发给会员")
    return channels


def _check_by_tag(form: Form, channels: list[str]) -> None:
    # One call goes to whoever bears the tag at WeChat: nobody can be held back from it.
    if "mass" not in channels:
        raise Invalid(field="audience", reason="按微信标签群发要选“群发”渠道")
    if len(form.variants) > 1:
        raise Invalid(field="variants", reason="按微信标签群发时，所有人收到同一个版本")
    if form.holdout_percent:
        raise Invalid(field="holdout_percent", reason="按微信标签群发时不能留对照组，请填 0")


def _variants(form: Form, channels: list[str]) -> list[dict[str, Any]]:
    if not 1 <= len(form.variants) <= MOST_VARIANTS:
        raise Invalid(field="variants", reason=f"最多 {MOST_VARIANTS} 个版本")
    if sum(int(variant["share"]) for variant in form.variants) != 100:
        raise Invalid(field="variants", reason="各版本的占比合计须为 100%")
    kept = []
    for variant in form.variants:
        if not 1 <= int(variant["share"]) <= 100:
            raise Invalid(field="variants", reason="各版本的占比须为 1% 至 100%")
        given = variant["contents"]
        contents = {name: messages.check(name, given.get(name) or {}) for name in channels}
        kept.append({"share": int(variant["share"]), "contents": contents})
    return kept


def _link(link: str) -> str:
    link = link.strip()
    if not link:
        return ""
    parts = urlsplit(link)
    is_path = link.startswith("/") and not link.startswith(("//", "/\\"))
    if len(link) > 500 or not (is_path or (parts.scheme == "https" and parts.hostname)):
        raise Invalid(field="link", reason="请填写本站页面（/site/…）或 https:// 地址")
    return link


def _numbers(form: Form) -> dict[str, Any]:
    if form.freeze_at not in {"approval", "start"}:
        raise Invalid(field="freeze_at", reason="请选择何时确定名单")
    for name, most in (
        ("holdout_percent", MOST_HOLDOUT),
        ("rate", MOST_RATE),
        ("grace_minutes", MOST_GRACE),
    ):
        value = getattr(form, name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            raise Invalid(field=name, reason=f"请填写 0 至 {most}")
    return {
        "freeze_at": form.freeze_at,
        "holdout_percent": form.holdout_percent,
        "rate": form.rate,
        "grace_minutes": form.grace_minutes,
    }
