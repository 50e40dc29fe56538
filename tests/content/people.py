"""Two people for the tests of content: who writes, and who approves."""

from sqlalchemy.orm import Session

from content.reviews import Hand
from kernel import operators
from kernel.operators import NewOperator
from tests.world import NOON


def two_hands(session: Session) -> tuple[Hand, Hand]:
    """An author's hand and an approver's, at noon."""
    hands = []
    for login, role in (("author", "marketer"), ("approver", "approver")):
        operators.create(session, NewOperator(login, login, role, "a password of twelve"), NOON)
        operator = operators.find(session, login)
        assert operator
        hands.append(Hand(operator.id, NOON))
    return hands[0], hands[1]
