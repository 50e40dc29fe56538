"""What tests of replies need: two operators, a rule that stands, somebody who writes."""

from sqlalchemy.orm import Session

from content import reply_reviews, reply_rules
from content.reply_rules import Form, ReplyRule
from content.reviews import Hand
from kernel import operators
from kernel.operators import NewOperator
from tests.world import NOON

HELLO = {"kind": "text", "text": "您好，请看说明。"}


def people(session: Session, roles: tuple[str, ...] = ("marketer", "approver")) -> list[int]:
    """An author, an approver, and whoever else is wanted; their numbers."""
    found = []
    for number, role in enumerate(roles):
        login = f"{role}-{number}"
        operators.create(session, NewOperator(login, login, role, "a password of twelve"), NOON)
        operator = operators.find(session, login)
        assert operator
        found.append(operator.id)
    return found


def word(text: str, kind: str = "contains") -> list[dict[str, str]]:
    """One pattern."""
    return [{"kind": kind, "text": text}]


def form(text: str = "断网", **values: object) -> Form:
    """A rule that answers a text."""
    given: dict[str, object] = {"name": f"规则{text}", "patterns": word(text), "replies": [HELLO]}
    return Form(**(given | values))  # type: ignore[arg-type]


def live(session: Session, code: str, written: Form, who: list[int]) -> ReplyRule:
    """A rule that one wrote and another approved."""
    author, approver = who[:2]
    rule = reply_rules.draft(session, code, written, author, NOON)
    reply_reviews.ask(session, rule.id, Hand(author, NOON))
    return reply_reviews.approve(session, rule.id, Hand(approver, NOON), "已核对")
