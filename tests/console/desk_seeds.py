"""Rows of the marketer's desk: a rule, a question, one that nothing answered, a conversation."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import inbox
from bot.inbound import Inbound
from content import (
    conversations,
    faq,
    faq_misses,
    faq_reviews,
    reply_reviews,
    reply_rules,
)
from content.conversation_messages import Incoming
from content.faq import FaqEntry
from content.reply_rules import Form, ReplyRule
from content.reviews import Hand
from content.service_phrases import ServicePhrase
from kernel.operators import Operator
from tests.console.house import NOON


def by(session: Session, login: str) -> int:
    """The number of the operator with that login."""
    return session.scalars(select(Operator.id).where(Operator.login == login)).one()


def form(text: str = "断网", answer: str = "请先重启光猫。", **values: object) -> Form:
    """A rule that answers a text."""
    given: dict[str, object] = {
        "name": f"{text}规则",
        "patterns": [{"kind": "contains", "text": text}],
        "replies": [{"kind": "text", "text": answer}],
    }
    return Form(**(given | values))  # type: ignore[arg-type]


def add_rule(
    session: Session, code: str = "outage", written: Form | None = None, state: str = "live"
) -> ReplyRule:
    """A rule by the marketer: draft, in_review, or live by the approver's hand."""
    author = by(session, "marketer")
    rule = reply_rules.draft(session, code, written or form(), author, NOON)
    if state != "draft":
        reply_reviews.ask(session, rule.id, Hand(author, NOON))
    if state == "live":
        approver = Hand(by(session, "approver"), NOON)
        reply_reviews.approve(session, rule.id, approver, "已核对")
    return rule


def add_entry(session: Session, question: str = "怎么报修宽带", state: str = "live") -> FaqEntry:
    """A question by the marketer, draft or live."""
    author = by(session, "marketer")
    written = faq.Form(question, "拨打 10050 报修。", ["宽带坏了找谁"])
    entry = faq.draft(session, written, author, NOON)
    if state == "live":
        faq_reviews.ask(session, entry.id, Hand(author, NOON))
        faq_reviews.approve(session, entry.id, Hand(by(session, "approver"), NOON), "已核对")
    return entry


def add_miss(session: Session, text: str = "能不能装电视", times: int = 1) -> int:
    """A question that nothing answered; its number."""
    for _ in range(times):
        faq_misses.note(session, text, NOON)
    rows = faq_misses.page(session)
    return next(row.id for row in rows if row.sample == text)


def write(session: Session, openid: str, text: str, at: datetime = NOON, number: int = 1) -> int:
    """A customer asks for staff and writes; the number of his conversation."""
    conversations.open_for(session, openid, at)
    key = f"{openid}-{number}"
    inbox.take_in(session, Inbound("text", openid, "gh_hall", at, key, {"Content": text}), at)
    conversations.receive(session, openid, Incoming("text", key, text), at)
    found = conversations.find_open(session, openid)
    assert found is not None
    return found


def add_phrase(session: Session, title: str = "您好") -> ServicePhrase:
    words = {"group_name": "问候", "title": title, "text": "您好，请问有什么可以帮您？"}
    phrase = ServicePhrase(**words, code=title, position=10, edited_at=NOON)
    session.add(phrase)
    session.flush()
    return phrase


def furnish(session: Session, openid: str) -> dict[str, str]:
    """One of each, and what to put into the paths."""
    add_miss(session)
    phrase = add_phrase(session)
    return {
        "rule_id": str(add_rule(session).id),
        "entry_id": str(add_entry(session).id),
        "conversation_id": str(write(session, openid, "我家断网了")),
        "phrase_id": str(phrase.id),
    }


def add_more(session: Session, openid: str, number: int) -> None:
    """Another one of each."""
    add_rule(session, f"rule-{number}", form(f"词语{number}"))
    add_rule(session, f"draft-{number}", form(f"草稿{number}"), "draft")
    add_entry(session, f"第 {number} 个问题怎么办")
    add_miss(session, f"没人答得上的第 {number} 问")
    write(session, openid, "有人吗", number=1)
    write(session, openid, "还在吗", number=2)
    add_phrase(session, f"问候 {number}")
