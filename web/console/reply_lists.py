"""What the pages of reply rules read, and their conditions in words."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from content import (
    articles,
    patterns,
    reply_items,
    reply_matches,
    reply_reviews,
    reply_rules,
)
from content.media import KIND_NAMES, Media
from content.media_wechat import WechatMedia
from content.reply_forms import WEEKDAYS
from content.reply_items import Item
from content.reply_matches import Matches
from content.reply_rules import ReplyRule
from content.wording import fold
from loyalty import tags
from web.console import review_lists
from web.console.filters import moment
from web.console.review_lists import Desk

# Which kinds of messages a tab of the list is about.
TABS = {
    "words": frozenset({"text", "image", "voice", "video", "location", "link"}),
    "follow": frozenset({"follow", "scan"}),
    "default": frozenset({"default"}),
}
SIZE = 50
# Kinds and words stand in JSON columns, which every database searches differently: so many
# revisions are read and looked at here. Nobody keeps as many rules.
_READ = 2_000
_MEDIA = 150
_TAG = re.compile(r"</?a\b[^>]*>", re.IGNORECASE)


@dataclass(frozen=True)
class Asked:
    """What a list is asked for; empty fields ask for everything."""

    tab: str = "words"
    state: str = ""
    kind: str = ""
    words: str = ""
    before: tuple[int, int] | None = None


@dataclass(frozen=True)
class Line:
    """A revision in the list, with its patterns, replies and conditions in words."""

    rule: ReplyRule
    patterns: list[str]
    replies: list[str]
    conditions: list[str]
    matches: Matches | None = None


@dataclass(frozen=True)
class Rules:
    """A page of the list; `further` begins the next one."""

    lines: list[Line]
    further: str
    total: int


@dataclass(frozen=True)
class Sheet:
    """Everything the page of one revision shows."""

    line: Line
    desk: Desk
    revisions: list[ReplyRule]
    standing: ReplyRule | None


@dataclass(frozen=True)
class Choices:
    """What the form offers to pick from."""

    tags: list[tuple[str, str]]
    articles: list[tuple[str, str]]
    media: list[tuple[str, str]]


def page(session: Session, asked: Asked, at: datetime) -> Rules:
    """Revisions in the order in which they are asked."""
    states = [asked.state] if asked.state else ["draft", "in_review", "live", "paused"]
    query = (
        select(ReplyRule)
        .where(ReplyRule.state.in_(states))
        .order_by(ReplyRule.priority.desc(), ReplyRule.id.desc())
        .limit(_READ)
    )
    found = [rule for rule in session.scalars(query) if _is_asked_for(rule, asked)]
    begins = asked.before
    rest = [rule for rule in found if begins is None or (rule.priority, rule.id) < begins]
    shown, names = rest[:SIZE], _tag_names(session)
    further = f"{shown[-1].priority}-{shown[-1].id}" if len(rest) > SIZE else ""
    matches = reply_matches.of_codes(session, {rule.code for rule in shown}, at)
    lines = [line_of(rule, names, matches.get(rule.code)) for rule in shown]
    return Rules(lines, further, len(found))


def _is_asked_for(rule: ReplyRule, asked: Asked) -> bool:
    kinds = set(rule.kinds)
    if not kinds & TABS[asked.tab] or (asked.kind and asked.kind not in kinds):
        return False
    words = fold(asked.words)
    return not words or any(words in fold(text) for text in _texts(rule))


def _texts(rule: ReplyRule) -> list[str]:
    texts = [rule.name, rule.code, *rule.scenes]
    texts += [one["text"] for one in rule.patterns]
    return texts + [text for reply in rule.replies for text in reply.values()]


def line_of(rule: ReplyRule, tag_names: dict[str, str], matches: Matches | None = None) -> Line:
    """A revision in words."""
    return Line(
        rule,
        [one.shown for one in patterns.parse(rule.patterns)],
        [_shown(one) for one in reply_items.parse(rule.replies, rule.mode)],
        [*_window(rule), *_hours(rule), *_people(rule, tag_names)],
        matches,
    )


def _shown(item: Item) -> str:
    if item.kind != "text":
        return item.shown
    return _TAG.sub("", item.values["text"])[:60]


def _window(rule: ReplyRule) -> list[str]:
    if rule.starts_at and rule.ends_at:
        return [f"{moment(rule.starts_at)} 至 {moment(rule.ends_at)}"]
    if rule.starts_at:
        return [f"{moment(rule.starts_at)} 起"]
    return [f"到 {moment(rule.ends_at)} 为止"] if rule.ends_at else []


def _hours(rule: ReplyRule) -> list[str]:
    said = [f"每天 {rule.hours_from}–{rule.hours_until}"] if rule.hours_from else []
    if rule.weekdays:
        said.append("每周" + "、".join(WEEKDAYS[day - 1] for day in rule.weekdays))
    return said


def _people(rule: ReplyRule, tag_names: dict[str, str]) -> list[str]:
    said = ["渠道码 " + "、".join(rule.scenes)] if rule.scenes else []
    for code, word in ((rule.with_tag, "有"), (rule.without_tag, "没有")):
        if code:
            said.append(f"{word}标签“{tag_names.get(code, code)}”")
    if rule.cool_down_seconds:
        said.append(f"每人{span(rule.cool_down_seconds)}内只回复一次")
    return said


def span(seconds: int) -> str:
    """A cool-down in words."""
    for length, name in ((86_400, "天"), (3_600, "小时"), (60, "分钟")):
        if seconds % length == 0:
            return f" {seconds // length} {name}"
    return f" {seconds} 秒"


def sheet(session: Session, rule_id: int, me: int, at: datetime) -> Sheet:
    """One revision with its review, and its sisters. Raises NotFound."""
    rule = reply_rules.get(session, rule_id)
    found = reply_reviews.findings(rule) if rule.state in {"draft", "in_review"} else []
    desk = review_lists.desk(
        session, (reply_reviews.KIND, rule.id), me, frozenset({rule.author_id}), found
    )
    sisters = reply_rules.revisions(session, rule.code)
    standing = next((one for one in sisters if one.standing), None)
    matches = reply_matches.of_codes(session, {rule.code}, at).get(rule.code)
    return Sheet(line_of(rule, _tag_names(session), matches), desk, sisters, standing)


def choices(session: Session, at: datetime) -> Choices:
    """The tags, articles, pictures, voices and videos of the form's pickers."""
    held = or_(WechatMedia.expires_at.is_(None), WechatMedia.expires_at > at)
    query = (
        select(WechatMedia.wechat_id, Media)
        .join(Media, Media.id == WechatMedia.media_id)
        .where(WechatMedia.wechat_id != "", WechatMedia.use == "material", held)
        .order_by(Media.id.desc())
        .limit(_MEDIA)
    )
    return Choices(
        [(tag.code, tag.name) for tag, _ in tags.every(session) if tag.active],
        [(one.code, one.title) for one in articles.every(session)],
        [(row[0], f"{KIND_NAMES[row[1].kind]}：{row[1].name}") for row in session.execute(query)],
    )


def _tag_names(session: Session) -> dict[str, str]:
    return {row.code: row.name for row in session.execute(select(tags.Tag.code, tags.Tag.name))}
