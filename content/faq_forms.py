"""Checks what an operator wrote into a FAQ entry, field by field."""

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from content import reviews
from content.reviews import AlreadyInReview
from content.wording import fold, size
from kernel.refusals import Invalid

if TYPE_CHECKING:
    from content.faq import Form

KIND = "faq"
# With the link and the word about feedback it stays below the 2048 bytes of a text.
ANSWER_BYTES = 1_600
PHRASINGS = 20
FIELDS = {"question": "问题", "phrasings": "相似问法", "answer": "回答", "link": "链接"}
_LINK = re.compile(r"(https?://[^\s<>\"']{3,180}|/[^/\s<>\"'][^\s<>\"']{0,180})")


def check(form: "Form") -> dict[str, Any]:
    """The values of a form, in one spelling. Raises Invalid with `field` and `reason`."""
    question, answer, link = form.question.strip(), form.answer.strip(), form.link.strip()
    if not 2 <= len(question) <= 60:
        raise Invalid(field="question", reason="问题要有 2 至 60 个字")
    if not answer or size(answer) > ANSWER_BYTES:
        raise Invalid(
            field="answer", reason=f"回答要有 1 至 {ANSWER_BYTES} 字节（现有 {size(answer)}）"
        )
    if link and not _LINK.fullmatch(link):
        raise Invalid(field="link", reason="链接要以 https:// 开头，或是微站内的路径")
    return {
        "question": question,
        "phrasings": _phrasings(form.phrasings, question),
        "answer": answer,
        "link": link,
    }


def _phrasings(phrasings: list[str], question: str) -> list[str]:
    # By what is searched for: two that differ in marks alone are one.
    found = {fold(one): one.strip() for one in reversed(phrasings) if fold(one)}
    found.pop(fold(question), None)
    kept = list(found.values())[::-1]
    if len(kept) > PHRASINGS or any(len(one) > 60 for one in kept):
        raise Invalid(field="phrasings", reason=f"相似问法最多 {PHRASINGS} 条，每条最多 60 字")
    return kept


def refuse_in_review(session: Session, entry_id: int) -> None:
    """Raises AlreadyInReview while somebody looks at the entry."""
    if reviews.open_of(session, KIND, entry_id) is not None:
        raise AlreadyInReview
