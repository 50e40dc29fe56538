"""What need not be kept for ever: callbacks, codes and keys, deleted in small steps."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot.inbox import InboxMessage
from content.conversation_messages import ConversationMessage
from content.customer_messages import CustomerMessage
from content.faq_chats import FaqTurn, FaqVote
from content.faq_misses import FaqMiss
from content.reply_decisions import ReplyRuleUse
from handlers.tools import Tools
from kernel.idempotency import IdempotencyKey
from kernel.operator_sessions import OperatorSession
from kernel.outbox import OutboxMessage
from kernel.sign_in_locks import SignInLock
from loyalty.code_quota import CodeQuota
from loyalty.phone_codes import PhoneCode
from pushes.sent_notices import SentNotice

# Duplicates of a callback come within seconds, repeats of a form within days.
KEPT: tuple[tuple[InstrumentedAttribute[datetime], timedelta], ...] = (
    (InboxMessage.received_at, timedelta(days=30)),
    (IdempotencyKey.created_at, timedelta(days=7)),
    (PhoneCode.created_at, timedelta(days=30)),
    (CodeQuota.touched_at, timedelta(days=2)),
    (OutboxMessage.created_at, timedelta(days=90)),
    (ReplyRuleUse.used_at, timedelta(days=31)),  # longer than any cool-down
    (FaqTurn.at, timedelta(days=1)),
    (FaqVote.at, timedelta(days=400)),
    (FaqMiss.last_at, timedelta(days=180)),
    (CustomerMessage.posted_at, timedelta(days=400)),
    (ConversationMessage.at, timedelta(days=400)),
    (OperatorSession.created_at, timedelta(days=90)),
    (SignInLock.touched_at, timedelta(days=1)),
    (SentNotice.at, timedelta(days=90)),
)
_STEP = 1_000


def prune(tools: Tools) -> int:
    """Delete what is past its time; returns how many rows. Short transactions, so nobody waits."""
    total = 0
    for column, age in KEPT:
        step = partial(_step, column=column, before=tools.clock.now() - age)
        while gone := tools.database.transaction(step):
            total += gone
    return total


def _step(session: Session, column: InstrumentedAttribute[datetime], before: datetime) -> int:
    table: Any = column.class_.__table__
    key = list(table.primary_key.columns)
    rows = session.execute(select(*key).where(column < before).limit(_STEP)).all()
    for row in rows:
        session.execute(
            delete(table).where(*(name == value for name, value in zip(key, row, strict=True)))
        )
    return len(rows)
