"""One message, one transaction: taken in, handled, its reply kept, committed, answered."""

import secrets
import time
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from bot import inbox
from bot.inbound import Inbound
from bot.replies import Nothing, Reply, Text, to_json
from content.reply_traces import Question, Trace, Trail
from content.texts import Texts
from handlers import answers
from handlers.context import Context, Rules
from handlers.rule_replies import Answer
from kernel.db import Database
from kernel.metrics import CALLBACK_SECONDS, CALLBACKS
from kernel.refusals import Refused
from loyalty.members import NotRegistered

log = structlog.get_logger(__name__)

# For these a person waits at the phone: a word is better than three silent retries of WeChat's.
_SPOKEN = {
    "text", "image", "voice", "video", "shortvideo", "location", "link", "event.click",
    "event.scancode_waitmsg",
}  # fmt: skip


class _Undone(Exception):
    """Carries an answer out of a transaction that must leave nothing behind."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class Dispatcher:
    """Answers messages; safe to share between threads."""

    def __init__(self, database: Database, texts: Texts, rules: Rules) -> None:
        self._database = database
        self._texts = texts
        self.rules = rules

    def __call__(self, inbound: Inbound, now: datetime) -> Reply:
        """The reply to a message; to one that came before, the reply it was given then."""
        began = time.perf_counter()
        outcome = "answered"
        try:
            return self._answer(inbound, now)
        except Exception as error:
            outcome = "failed"
            log.exception("message_failed", kind=inbound.kind, error=type(error).__name__)
            if inbound.kind in _SPOKEN:
                return Text(self._texts.say("busy"))
            raise  # WeChat delivers it again: a lost "follow" would be worse than a retry
        finally:
            CALLBACKS.labels(inbound.kind, outcome).inc()
            CALLBACK_SECONDS.observe(time.perf_counter() - began)

    def _answer(self, inbound: Inbound, now: datetime) -> Reply:
        try:
            return self._database.transaction(lambda session: self._handle(session, inbound, now))
        except Refused as refused:
            # What was half done is undone; the refusal itself is remembered on its own.
            reply = Text(self._explain(refused))
            return self._database.transaction(
                lambda session: _remember(session, inbound, reply, now)
            )

    def _explain(self, refused: Refused) -> str:
        if isinstance(refused, NotRegistered):
            link = f"{self.rules.base_url}/site/registration"
            return self._texts.say("register_first", link=link)
        return self._texts.refuse(refused)

    def _handle(self, session: Session, inbound: Inbound, now: datetime) -> Reply:
        if not inbox.take_in(session, inbound, now):
            return inbox.find_reply(session, inbound) or Nothing()
        context = Context(session, inbound, now, self._texts, self.rules)
        reply = answers.decide(context).reply
        inbox.keep_reply(session, inbound, reply)
        return reply

    def explain(self, question: Question, openid: str, at: datetime) -> Trace:
        """What would be answered to whom at that instant, and why; nothing of it is done.

        The very decision of a message, in a transaction that is undone.
        """
        trail = Trail()
        inbound = _rehearsed(question, openid, at)

        def rehearse(session: Session) -> None:
            trail.steps.clear()  # a repeated transaction decides anew
            context = Context(session, inbound, at, self._texts, self.rules, trail)
            raise _Undone(answers.decide(context))

        answer = Answer(Nothing())
        try:
            self._database.transaction(rehearse)
        except _Undone as undone:
            answer = undone.answer
        except Refused as refused:
            answer = Answer(Text(self._explain(refused)))
        further = tuple(to_json(reply) for reply in answer.further)
        return Trace(tuple(trail.steps), to_json(answer.reply), further)


def _rehearsed(question: Question, openid: str, at: datetime) -> Inbound:
    fields = {"Content": question.text, "EventKey": question.scene or question.key}
    return Inbound(question.kind, openid, "", at, secrets.token_hex(32), fields)


def _remember(session: Session, inbound: Inbound, reply: Reply, now: datetime) -> Reply:
    if not inbox.take_in(session, inbound, now):
        return inbox.find_reply(session, inbound) or reply
    inbox.keep_reply(session, inbound, reply)
    return reply
