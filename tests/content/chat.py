"""Rules in a running hall, and its test box, for tests that speak to it."""

from sqlalchemy.orm import Session

from content.reply_rules import Form
from content.reply_traces import Question, Trace
from tests.content.desk import live, people
from tests.world import Hall


def rules(hall: Hall, **written: Form) -> list[int]:
    """Live rules by code, written by one and approved by another; who they are."""

    def work(session: Session) -> list[int]:
        who = people(session)
        for code, one in written.items():
            live(session, code.replace("_", "-"), one, who)
        return who

    who = hall.database.transaction(work)
    hall.app.extensions["weiting"].rule_book.forget()
    return who


def text(words: str) -> dict[str, str]:
    """A reply."""
    return {"kind": "text", "text": words}


def explain(hall: Hall, openid: str, **asked: str) -> Trace:
    """What the test box says."""
    trace: Trace = hall.app.extensions["weiting"].explain(
        Question(**asked), openid, hall.clock.now()
    )
    return trace
