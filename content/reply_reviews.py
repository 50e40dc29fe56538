"""How a revision of a reply rule gets to customers: in review, approved, paused, retired."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from content import compliance, patterns, reply_items, reply_rules, reviews
from content.compliance import DEFAULT, Finding, Setting, Work
from content.functions import FUNCTIONS, WORDS
from content.patterns import Said
from content.reply_rules import ReplyRule
from content.reviews import Hand, Review, Subject
from kernel.refusals import NotFound

KIND = "reply_rule"


def findings(rule: ReplyRule, setting: Setting = DEFAULT) -> list[Finding]:
    """What the compliance rules say, and whether a pattern hides a built-in word."""
    items = reply_items.parse(rule.replies, rule.mode)
    facts: dict[str, object] = {"kinds": list(rule.kinds), "mode": rule.mode}
    work = Work("reply", reply_items.passages(items), reply_items.links(items), facts)
    return [*compliance.inspect(work, setting), *_hidden_words(rule)]


def _hidden_words(rule: ReplyRule) -> list[Finding]:
    if "text" not in rule.kinds:
        return []
    found = []
    for number, pattern in enumerate(patterns.parse(rule.patterns), 1):
        for word, key in WORDS.items():
            if pattern.fits(Said.of(word)):
                found.append(_hides(number, word, key))
                break  # one word tells it
    return found


def _hides(number: int, word: str, key: str) -> Finding:
    return Finding(
        rule="reply.hides-function",
        severity="amber",
        place=f"第 {number} 个关键词",
        quote=word,
        why=f"会盖住内置功能“{FUNCTIONS[key]}”（客户说“{word}”时）",
        fix="换一个词，或确认这正是想要的",
        source="微厅：回复规则先于内置功能",
    )


def _subject(rule: ReplyRule) -> Subject:
    return Subject(KIND, rule.id, rule.name)


def _open_review(session: Session, rule: ReplyRule) -> Review:
    review = reviews.open_of(session, KIND, rule.id)
    if review is None:
        raise NotFound(review=rule.id)
    return review


def ask(
    session: Session, rule_id: int, hand: Hand, note: str = "", setting: Setting = DEFAULT
) -> Review:
    """Ask for the approval of a draft. Raises NotCompliant, AlreadyInReview, RuleWrongState."""
    rule = reply_rules.get(session, rule_id)
    review = reviews.ask(session, _subject(rule), findings(rule, setting), hand, note)
    reply_rules.move(session, rule, {"draft"}, "in_review")
    reply_rules.note(session, "reply_rule.asked", rule, (hand.by, hand.at))
    return review


def approve(session: Session, rule_id: int, hand: Hand, reason: str = "") -> ReplyRule:
    """Approve: the revision goes live in place of the one that stood.

    Raises OwnWork, ReviewClosed, Invalid without a reason where there are amber findings.
    """
    rule = reply_rules.get(session, rule_id)
    reviews.approve(session, _open_review(session, rule).id, {rule.author_id}, hand, reason)
    session.execute(
        update(ReplyRule)
        .where(ReplyRule.standing == rule.code)
        .values(standing=None, state="retired")
        .execution_options(synchronize_session="fetch")
    )
    reply_rules.move(session, rule, {"in_review"}, "live", standing=rule.code)
    reply_rules.note(session, "reply_rule.approved", rule, (hand.by, hand.at), reason=reason)
    return rule


def refuse(session: Session, rule_id: int, hand: Hand, reason: str) -> ReplyRule:
    """Send it back to its author. Raises ReviewClosed, Invalid without a comment."""
    rule = reply_rules.get(session, rule_id)
    reviews.refuse(session, _open_review(session, rule).id, hand, reason)
    reply_rules.move(session, rule, {"in_review"}, "draft")
    reply_rules.note(session, "reply_rule.refused", rule, (hand.by, hand.at), reason=reason)
    return rule


def withdraw(session: Session, rule_id: int, hand: Hand) -> ReplyRule:
    """Take it back before anybody has decided. Raises ReviewClosed."""
    rule = reply_rules.get(session, rule_id)
    reviews.withdraw(session, _open_review(session, rule).id, hand)
    reply_rules.move(session, rule, {"in_review"}, "draft")
    reply_rules.note(session, "reply_rule.withdrawn", rule, (hand.by, hand.at))
    return rule


def pause(session: Session, rule_id: int, by: int, at: datetime) -> ReplyRule:
    """Let a live rule rest. Raises RuleWrongState."""
    return _switch(session, rule_id, ("live", "paused"), (by, at))


def resume(session: Session, rule_id: int, by: int, at: datetime) -> ReplyRule:
    """Let a paused rule answer again: it was approved as it stands. Raises RuleWrongState."""
    return _switch(session, rule_id, ("paused", "live"), (by, at))


def retire(session: Session, rule_id: int, by: int, at: datetime) -> ReplyRule:
    """Take what stands out of use; a next revision can be written from it."""
    rule = reply_rules.get(session, rule_id)
    before = reply_rules.STATES[rule.state]
    reply_rules.move(session, rule, {"live", "paused"}, "retired", standing=None)
    changes = {"状态": [before, reply_rules.STATES["retired"]]}
    reply_rules.note(session, "reply_rule.retired", rule, (by, at), changes=changes)
    return rule


def _switch(
    session: Session, rule_id: int, states: tuple[str, str], hand: tuple[int, datetime]
) -> ReplyRule:
    rule = reply_rules.get(session, rule_id)
    before, after = states
    reply_rules.move(session, rule, {before}, after)
    changes = {"状态": [reply_rules.STATES[before], reply_rules.STATES[after]]}
    reply_rules.note(session, f"reply_rule.{after}", rule, hand, changes=changes)
    return rule
