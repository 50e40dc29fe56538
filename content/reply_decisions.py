"""Which rule answers a message: asked in their order, each says yes or why not."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from sqlalchemy import String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from content.patterns import Pattern, Said
from content.reply_book import Rule
from content.reply_forms import KINDS, WEEKDAYS, hour
from content.reply_traces import Step, Trail
from kernel.clock import SHANGHAI
from kernel.db import Base, insert_once
from loyalty.members import Member
from loyalty.tags import MemberTag, Tag, name_of


class ReplyRuleUse(Base):
    """When a rule with a cool-down last answered somebody."""

    __tablename__ = "reply_rule_use"

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    openid: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)
    used_at: Mapped[datetime] = mapped_column(index=True)


def _nobody_talks() -> bool:
    return False


@dataclass(frozen=True)
class Asked:
    """A message as rules look at it; `is_talking` is asked only when a looser pattern fits."""

    session: Session = field(repr=False)
    kind: str
    openid: str
    at: datetime
    text: str = ""
    scene: str = ""
    is_talking: Callable[[], bool] = _nobody_talks

    @cached_property
    def said(self) -> Said:
        """The text in the spellings of patterns."""
        return Said.of(self.text)

    @cached_property
    def local(self) -> datetime:
        """The instant in Shanghai."""
        return self.at.astimezone(SHANGHAI)

    @cached_property
    def tags(self) -> frozenset[str]:
        """The tags of the member who wrote; one statement, if a rule asks."""
        return frozenset(
            self.session.scalars(
                select(Tag.code)
                .join(MemberTag, MemberTag.tag_id == Tag.id)
                .join(Member, Member.id == MemberTag.member_id)
                .where(Member.openid == self.openid, Tag.active.is_(True))
            )
        )


def choose(rules: Iterable[Rule], asked: Asked, trail: Trail) -> Rule | None:
    """The rule that answers, if any; the trail gets a step for each of them."""
    winner: Rule | None = None
    for rule in rules:
        if winner is not None:
            why = f"“{winner.name}”在它前面回复了"
            trail.steps.append(Step("rule", rule.name, "unreached", why, rule.id))
            continue
        against, fits = consider(rule, asked)
        outcome = "passed" if against else "won"
        trail.steps.append(Step("rule", rule.name, outcome, against or fits, rule.id))
        if not against:
            winner = rule
    return winner


def consider(rule: Rule, asked: Asked) -> tuple[str, str]:
    """(why the rule does not answer, "" if it does; what fits). Begins its cool-down if it does.

    What costs a statement (tags, a conversation, the cool-down) is asked last.
    """
    against = _resting(rule, asked)
    if against:
        return against, ""
    if asked.kind != "text":
        return _people(rule, asked) or _cooling(rule, asked), f"类型：{KINDS[asked.kind]}"
    pattern = _fitting(rule.patterns, asked.said)
    if pattern is None:
        return "没有关键词符合", ""
    if pattern.kind != "exact" and asked.is_talking():
        return f"{pattern.shown}，但客户正在和人工对话", ""
    return _people(rule, asked) or _cooling(rule, asked), pattern.shown


def _resting(rule: Rule, asked: Asked) -> str:
    if rule.paused:
        return "已暂停"
    if asked.kind not in rule.kinds:
        return f"不回复这类消息（{KINDS[asked.kind]}）"
    if asked.kind in {"follow", "scan"} and not _in_scenes(rule.scenes, asked.scene):
        return "渠道码不符"
    return _outside(rule, asked)


def _in_scenes(scenes: tuple[str, ...], scene: str) -> bool:
    return not scenes or any(
        scene.startswith(one[:-1]) if one.endswith("*") else scene == one for one in scenes
    )


def _outside(rule: Rule, asked: Asked) -> str:
    starts_at, ends_at = rule.window
    if starts_at is not None and asked.at < starts_at:
        return "还没到开始时间"
    if ends_at is not None and asked.at >= ends_at:
        return "已过结束时间"
    begins, ends = rule.hours
    if begins and not within(asked.local, begins, ends):
        return f"不在 {begins} 至 {ends}"
    day = day_of(asked.local, rule.hours)
    if rule.weekdays and day not in rule.weekdays:
        return f"星期{WEEKDAYS[day - 1]}不回复"
    return ""


def within(local: datetime, begins: str, ends: str) -> bool:
    """Whether a time of day lies in `[begins, ends)`, which may go over midnight."""
    first, last, now = hour(begins), hour(ends), local.time()
    return first <= now < last if first < last else now >= first or now < last


def day_of(local: datetime, hours: tuple[str, str]) -> int:
    """The weekday that an instant counts to: after midnight, that on which the window began."""
    begins, ends = hours
    if begins and hour(begins) > hour(ends) and local.time() < hour(ends):
        return (local - timedelta(days=1)).isoweekday()
    return local.isoweekday()


def _fitting(patterns: tuple[Pattern, ...], said: Said) -> Pattern | None:
    fitting = [one for one in patterns if one.fits(said)]
    # An exact one first: it holds while somebody talks to staff, too.
    return min(fitting, key=lambda one: one.kind != "exact", default=None)


def _people(rule: Rule, asked: Asked) -> str:
    wanted, unwanted = rule.tags
    if wanted and wanted not in asked.tags:
        return f"没有标签“{name_of(asked.session, wanted)}”"
    if unwanted and unwanted in asked.tags:
        return f"有标签“{name_of(asked.session, unwanted)}”"
    return ""


def _cooling(rule: Rule, asked: Asked) -> str:
    """Begin the cool-down, unless it runs: of two messages at once, one is answered."""
    if not rule.cool_down_seconds:
        return ""
    row = {"code": rule.code, "openid": asked.openid, "used_at": asked.at}
    if insert_once(asked.session, ReplyRuleUse, row, "code,openid"):
        return ""
    before = asked.at - timedelta(seconds=rule.cool_down_seconds)
    begun = asked.session.execute(
        update(ReplyRuleUse)
        .where(
            ReplyRuleUse.code == rule.code,
            ReplyRuleUse.openid == asked.openid,
            ReplyRuleUse.used_at <= before,
        )
        .values(used_at=asked.at)
    )
    if begun.rowcount == 1:  # type: ignore[attr-defined]
        return ""
    return f"冷却中：{_span(rule.cool_down_seconds)}内已回复过"


def forget(session: Session, openid: str) -> None:
    """Drop which rules answered a person."""
    session.execute(delete(ReplyRuleUse).where(ReplyRuleUse.openid == openid))


def _span(seconds: int) -> str:
    for length, name in ((86_400, "天"), (3_600, "小时"), (60, "分钟")):
        if seconds % length == 0:
            return f" {seconds // length} {name}"
    return f" {seconds} 秒"
