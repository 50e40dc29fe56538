"""Reply rules: what the bot answers to which message, when and to whom, as revisions.

A rule has a code and revisions. One revision of it at most is live or paused; what is written next
is a draft that takes its place when somebody else has approved it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from content import reply_forms, reply_items, reply_media
from content.stamps import bump
from kernel import audit
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import NotFound, Refused

STATES = {
    "draft": "草稿",
    "in_review": "待审核",
    "live": "使用中",
    "paused": "已暂停",
    "retired": "已停用",
}
STAMP = "reply_rules"
PAGE = 50


class ReplyRule(Base):
    """One revision of a rule; `standing` is the code while the revision is live or paused."""

    __tablename__ = "reply_rule"
    __table_args__ = (
        UniqueConstraint("code", "revision"),
        Index("ix_reply_rule_state_priority", "state", "priority", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40))
    revision: Mapped[int] = mapped_column(Integer)
    standing: Mapped[str | None] = mapped_column(String(40), unique=True)
    state: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(40))
    priority: Mapped[int] = mapped_column(Integer)
    kinds: Mapped[list[str]] = mapped_column(JSON)
    patterns: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    scenes: Mapped[list[str]] = mapped_column(JSON)
    replies: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    mode: Mapped[str] = mapped_column(String(6))
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    hours_from: Mapped[str] = mapped_column(String(5))
    hours_until: Mapped[str] = mapped_column(String(5))
    weekdays: Mapped[list[int]] = mapped_column(JSON)
    with_tag: Mapped[str] = mapped_column(String(40))
    without_tag: Mapped[str] = mapped_column(String(40))
    cool_down_seconds: Mapped[int] = mapped_column(Integer)
    author_id: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class RuleWrongState(Refused):
    """The revision cannot do that now; fact: `state`, in words."""

    code = "rule_wrong_state"


class RuleCodeTaken(Refused):
    """Another rule has this code."""

    code = "rule_code_taken"


@dataclass(frozen=True)
class Form:
    """What an operator fills in; see `content.reply_forms.check` for what is allowed.

    `kinds`: text, image, voice, video, location, link, follow, scan, default. `mode`: first,
    random, all. Hours are `HH:MM` in Shanghai and may go over midnight; weekdays 1 (Monday) to 7.
    """

    name: str
    replies: list[dict[str, str]]
    kinds: list[str] = field(default_factory=lambda: ["text"])
    patterns: list[dict[str, str]] = field(default_factory=list)
    scenes: list[str] = field(default_factory=list)
    mode: str = "first"
    priority: int = 100
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    hours_from: str = ""
    hours_until: str = ""
    weekdays: list[int] = field(default_factory=list)
    with_tag: str = ""
    without_tag: str = ""
    cool_down_seconds: int = 0


def draft(session: Session, code: str, form: Form, by: int, at: datetime) -> ReplyRule:
    """The first revision of a new rule. Raises Invalid, RuleCodeTaken."""
    reply_forms.check_code(code)
    if _newest(session, code) is not None:
        raise RuleCodeTaken
    return _add(session, (code, 1), form, by, at)


def change(session: Session, rule_id: int, form: Form, by: int, at: datetime) -> ReplyRule:
    """Write a draft anew; of what stands, begin the next revision. Raises Invalid, NotFound,
    RuleWrongState while it is in review, or when the rule has another draft already.
    """
    rule = get(session, rule_id)
    newest = _newest(session, rule.code)
    assert newest is not None
    if rule.state == "draft":
        values = _checked(session, form)
        before = values_of(rule)
        for name, value in values.items():
            setattr(rule, name, value)
        rule.author_id, rule.changed_at = by, at
        note(session, "reply_rule.changed", rule, (by, at), changes=_changes(before, values))
        return rule
    if rule.state not in {"live", "paused", "retired"} or newest.state in {"draft", "in_review"}:
        raise RuleWrongState(state=STATES[newest.state])
    return _add(session, (rule.code, newest.revision + 1), form, by, at)


def discard(session: Session, rule_id: int, by: int, at: datetime) -> None:
    """Throw a draft away. Raises RuleWrongState for what is no draft."""
    rule = get(session, rule_id)
    move(session, rule, {"draft"}, "retired")
    note(session, "reply_rule.discarded", rule, (by, at))


def _add(session: Session, key: tuple[str, int], form: Form, by: int, at: datetime) -> ReplyRule:
    code, revision = key
    rule = ReplyRule(
        code=code,
        revision=revision,
        standing=None,
        state="draft",
        author_id=by,
        created_at=at,
        changed_at=at,
        **_checked(session, form),
    )
    session.add(rule)
    session.flush()  # the number, for whoever goes on
    note(session, "reply_rule.drafted", rule, (by, at), changes=_changes({}, values_of(rule)))
    return rule


def _checked(session: Session, form: Form) -> dict[str, Any]:
    values = reply_forms.check(form)
    reply_media.require(session, reply_items.parse(values["replies"], values["mode"]))
    return values


def get(session: Session, rule_id: int) -> ReplyRule:
    """The revision with that number. Raises NotFound."""
    rule = session.get(ReplyRule, rule_id)
    if rule is None:
        raise NotFound(rule=rule_id)
    return rule


def standing(session: Session, code: str) -> ReplyRule | None:
    """The revision of a rule that is live or paused."""
    return session.scalar(select(ReplyRule).where(ReplyRule.standing == code))


def _newest(session: Session, code: str) -> ReplyRule | None:
    query = select(ReplyRule).where(ReplyRule.code == code)
    return session.scalar(query.order_by(ReplyRule.revision.desc()).limit(1))


def revisions(session: Session, code: str) -> list[ReplyRule]:
    """All revisions of a rule, the newest first."""
    query = select(ReplyRule).where(ReplyRule.code == code)
    return list(session.scalars(query.order_by(ReplyRule.revision.desc()).limit(100)))


def page(
    session: Session, state: str | None = None, before: tuple[int, int] | None = None
) -> list[ReplyRule]:
    """Revisions by priority and number, both falling; without a state, all but retired ones.

    `before` = (priority, id) of the last one of the page before.
    """
    wanted = [state] if state else ["draft", "in_review", "live", "paused"]
    query = select(ReplyRule).where(ReplyRule.state.in_(wanted))
    if before is not None:
        priority, last_id = before
        query = query.where(
            (ReplyRule.priority < priority)
            | ((ReplyRule.priority == priority) & (ReplyRule.id < last_id))
        )
    query = query.order_by(ReplyRule.priority.desc(), ReplyRule.id.desc())
    return list(session.scalars(query.limit(PAGE)))


def form_of(rule: ReplyRule) -> Form:
    """The form that a revision was written with."""
    return Form(**values_of(rule))


def values_of(rule: ReplyRule) -> dict[str, Any]:
    """What a form holds, of a revision."""
    return {name: getattr(rule, name) for name in Form.__dataclass_fields__}


def move(
    session: Session, rule: ReplyRule, states: set[str], state: str, **values: object
) -> None:
    """Bring a revision from one of `states` into another. Raises RuleWrongState."""
    moved = session.execute(
        update(ReplyRule)
        .where(ReplyRule.id == rule.id, ReplyRule.state.in_(states))
        .values(state=state, **values)
        .execution_options(synchronize_session=False)
    )
    session.refresh(rule)
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise RuleWrongState(state=STATES[rule.state])
    bump(session, STAMP)


def note(
    session: Session, action: str, rule: ReplyRule, hand: tuple[int, datetime], **details: Any
) -> None:
    """Write to the audit log what somebody did to a revision."""
    by, at = hand
    subject = f"reply_rule:{rule.code}:{rule.revision}"
    audit.write(session, action, subject, at, by=(by, None), **details)


def _changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    shown_before, shown_after = _shown(before), _shown(after)
    return {
        reply_forms.FIELDS[name]: [shown_before.get(name), value]
        for name, value in shown_after.items()
        if shown_before.get(name) != value
    }


def _shown(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }
