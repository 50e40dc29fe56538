"""What a push may run into that no rule forbids: said before it is let go."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.article_sync import ArticleSync
from pushes import messages, switches
from pushes.channels import MASS_LEAST, NAMES
from pushes.pushes import Push
from pushes.settings import PushRules


@dataclass(frozen=True)
class Facts:
    """What was counted: the chosen by channel, the reasons that came up, and for when."""

    chosen: Mapping[str, int]
    reasons: AbstractSet[str]
    at: datetime


@dataclass(frozen=True)
class Warned:
    """One warning; `stops` says that nothing of it would leave as things are."""

    text: str
    stops: bool = False


def of(session: Session, push: Push, facts: Facts, rules: PushRules) -> list[Warned]:
    """Everything worth saying, what stops the push first."""
    found = [*_channels(session, push), *_people(push, facts), *_time(push, facts, rules)]
    found += [*_articles(session, push), *_links(push)]
    return sorted(found, key=lambda one: not one.stops)


def drafts_of(session: Session, article_ids: AbstractSet[int]) -> dict[int, str]:
    """The newest draft at WeChat of each of these articles that has one."""
    if not article_ids:
        return {}
    drafted = (
        select(ArticleSync.article_id, ArticleSync.draft_id)
        .where(ArticleSync.article_id.in_(article_ids), ArticleSync.state == "drafted")
        .order_by(ArticleSync.id)
    )
    return {row.article_id: row.draft_id for row in session.execute(drafted)}


def _channels(session: Session, push: Push) -> Iterator[Warned]:
    stopped = switches.stopped(session)
    off = [name for name in push.channels if name in stopped]
    for name in off:
        yield Warned(
            f"{NAMES[name]}已被停用：{stopped[name].reason}", len(off) == len(push.channels)
        )


def _people(push: Push, facts: Facts) -> Iterator[Warned]:
    if not sum(facts.chosen.values()):
        yield Warned("没有任何人能收到", stops=True)
    by_mass = facts.chosen.get("mass", 0)
    if push.audience.get("by_tag"):
        yield Warned("按微信标签群发：以微信里打了这个标签的人为准，频次限制不起作用")
    elif 0 < by_mass < MASS_LEAST * len(push.variants):
        only = len(push.channels) == 1
        yield Warned(f"群发每个版本至少要 {MASS_LEAST} 位收件人", stops=only)
    if "too_often" in facts.reasons:
        yield Warned("有人近期已收到足够多的推送，这次不会再打扰他们")


def _time(push: Push, facts: Facts, rules: PushRules) -> Iterator[Warned]:
    if not push.service and rules.is_quiet(facts.at):
        until = f"{rules.quiet_until:%H:%M}"
        yield Warned(f"发送时间在免打扰时段里，会等到 {until} 才开始发")


def _articles(session: Session, push: Push) -> Iterator[Warned]:
    contents = [variant["contents"].get("mass") or {} for variant in push.variants]
    wanted = {one["article_id"] for one in contents if one.get("kind") == "article"}
    if wanted - drafts_of(session, wanted).keys():
        yield Warned("群发的文章不在微信草稿箱里，请先同步到草稿箱", stops=True)


def _links(push: Push) -> Iterator[Warned]:
    texts = [
        text for variant in push.variants for _, text in messages.texts_of(variant["contents"])
    ]
    if not push.link and any("{链接}" in text for text in texts):
        yield Warned("内容里用了 {链接}，但没有填点开去哪，收到的人看不到链接")
    is_news = any(
        content.get("kind") == "news"
        for variant in push.variants
        for content in variant["contents"].values()
    )
    if is_news and not push.link:
        yield Warned("图文卡片没有填点开去哪，点了打不开", stops="customer" in push.channels[:1])
