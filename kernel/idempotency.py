"""Idempotency keys: a request that arrives twice is answered with the first one's answer."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base, TryAgain, insert_once
from kernel.refusals import Refused


class IdempotencyKey(Base):
    """One answered request; `scope` is who asked for what, such as `member:7:claim`."""

    __tablename__ = "idempotency_key"

    scope: Mapped[str] = mapped_column(String(120), primary_key=True)
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    answer: Mapped[Any] = mapped_column(JSON, nullable=True)
    created_at: Mapped[datetime]


class KeyReused(Refused):
    """The same key came with another request."""

    code = "key_reused"


def once(
    session: Session,
    name: tuple[str, str],
    request: object,
    at: datetime,
    work: Callable[[], Any],
) -> Any:
    """Run `work` once for `name` = (scope, key) and answer its JSON-ready result for ever after.

    Key, work and answer commit together. A refusal undoes the key too, so a later try may pass.
    Raises KeyReused when the key was used with a different `request`.
    """
    scope, key = name
    digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    row = {"scope": scope, "key": key, "request_hash": digest, "answer": None, "created_at": at}
    mine = IdempotencyKey.scope == scope, IdempotencyKey.key == key
    if insert_once(session, IdempotencyKey, row, "scope,key"):
        answer = work()
        session.execute(update(IdempotencyKey).where(*mine).values(answer=answer))
        return answer
    stored = session.execute(
        select(IdempotencyKey.request_hash, IdempotencyKey.answer).where(*mine)
    ).one_or_none()
    if stored is None:
        raise TryAgain  # our snapshot is older than the winner's commit
    if stored.request_hash != digest:
        raise KeyReused(key=key)
    return stored.answer


def forget(session: Session, owner: str) -> None:
    """Drop the answers to everything that `owner`, such as `member:7`, has asked for."""
    session.execute(
        delete(IdempotencyKey).where(IdempotencyKey.scope.startswith(f"{owner}:", autoescape=True))
    )
