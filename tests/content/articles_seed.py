"""An article on its way, for tests: begun, approved, live."""

import base64

from sqlalchemy.orm import Session

from content import (
    article_workflow,
    article_writing,
    block_text,
)
from content.article_revisions import (
    ArticleRevision,
    Content,
)
from content.article_writing import Plan, Topic
from content.facts import Facts
from content.reviews import Hand
from products import facts
from products.catalogue import Product
from tests.content.people import two_hands
from tests.world import NOON

KEY = base64.b64encode(b"k" * 32).decode()
PRODUCT = {
    "code": "b300", "family": "broadband", "name": "三百兆", "speed": "300M", "price_fen": 7900,
    "period": "月", "summary": "适合三口之家", "terms": "光纤到户",
}  # fmt: skip
TEXT = Content(
    title="宽带说明",
    digest="{{price:b300}}",
    chat="宽带 {{price:b300}}",
    blocks=tuple(block_text.read("每月 {{price:b300}}，[办理](/site/products/b300)")),
)


def begin(session: Session, code: str = "guide") -> tuple[ArticleRevision, Hand, Hand]:
    author, approver = two_hands(session)
    session.add(Product(**PRODUCT))
    topic = Topic(code, "page", "选题", Plan("写一篇", NOON.date(), author.by))
    revision = article_writing.propose(session, topic, author)
    return revision, author, approver


def known(session: Session, content: Content = TEXT) -> Facts:
    return facts.of_content(session, content, NOON)


def approved(session: Session) -> tuple[ArticleRevision, Hand, Hand]:
    revision, author, approver = begin(session)
    article_writing.save(session, revision.id, 1, TEXT, author)
    review = article_workflow.submit(session, revision.id, known(session), author)
    article_workflow.approve(session, review.id, approver, "已核对")
    return revision, author, approver


def live(session: Session) -> tuple[ArticleRevision, Hand, Hand]:
    revision, author, approver = approved(session)
    article_workflow.publish(session, revision.id, known(session), author)
    return revision, author, approver
