"""Whether somebody answers what a menu asks for: functions of the bot, articles, reply rules."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.articles import Article
from content.functions import FUNCTIONS
from content.reply_rules import ReplyRule
from menus.conditional import Face
from menus.limits import Finding
from menus.targets import ARTICLE_PREFIX, REPLY_PREFIX
from menus.tree import Menu

# Errors of ours have no code of WeChat's.
_OURS = 0


def check(session: Session, face: Face) -> list[Finding]:
    """The entries whose key nobody answers: a customer who taps them would get the default."""
    menus: Mapping[str, Menu] = {"": face.menu} | {one.name: one.menu for one in face.variants}
    findings = []
    for name, menu in menus.items():
        unknown = menu.keys() - _known(session, menu.keys())
        for place, entry in menu.leaves():
            asks = entry.target.kind in {"click", "scancode_waitmsg"}
            if asks and entry.target.value in unknown:
                where = f"个性化菜单「{name}」{menu.say(place)}" if name else menu.say(place)
                reason = f"没有可以回复“{entry.target.value[:60]}”的功能、图文或规则"
                findings.append(Finding(where, reason, _OURS, None if name else place))
    return findings


def _known(session: Session, keys: set[str]) -> set[str]:
    articles = _codes(keys, ARTICLE_PREFIX)
    rules = _codes(keys, REPLY_PREFIX)
    found = keys & FUNCTIONS.keys()
    if articles:
        codes = session.scalars(select(Article.code).where(Article.code.in_(articles)))
        found |= {ARTICLE_PREFIX + code for code in codes}
    if rules:
        codes = session.scalars(select(ReplyRule.standing).where(ReplyRule.standing.in_(rules)))
        found |= {f"{REPLY_PREFIX}{code}" for code in codes}
    return found


def _codes(keys: set[str], prefix: str) -> list[str]:
    return sorted(key.removeprefix(prefix) for key in keys if key.startswith(prefix))
