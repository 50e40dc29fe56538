"""The audit log: which operator changed what, written in the same transaction as the change.

An entry is not yet a link of the chain of hashes when it is written: see `kernel.audit_chain`.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base

# Where the operator of the running request sits; what domain code writes down has it too.
_ADDRESS: ContextVar[str | None] = ContextVar("audit_address", default=None)
# Of a text that was replaced, an entry keeps so much: it is a log, not an archive.
_SHOWN = 500

Change = list[Any]


class AuditEntry(Base):
    """One act of an operator; append-only. `position` and `hash` are its place in the chain."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_at_id", "at", "id"),
        Index("ix_audit_entry_operator_id_at_id", "operator_id", "at", "id"),
        Index("ix_audit_entry_action_at_id", "action", "at", "id"),
        Index("ix_audit_entry_subject_at_id", "subject", "at", "id"),
        Index("ix_audit_entry_address_at_id", "address", "at", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(80))
    address: Mapped[str | None] = mapped_column(String(45))
    details: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    position: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    hash: Mapped[str | None] = mapped_column(String(64))


def write(
    session: Session,
    action: str,
    subject: str,
    at: datetime,
    *,
    by: tuple[int | None, str | None] = (None, None),
    **details: Any,
) -> None:
    """Append who did what to which subject; `by` = (operator id, network address).

    Without an address the one of the running request counts, see `coming_from`. What was changed
    stands in `changes`: field → [old, new], see `changes`.
    """
    operator_id, address = by
    session.add(
        AuditEntry(
            at=at,
            operator_id=operator_id,
            action=action,
            subject=subject,
            address=address or _ADDRESS.get(),
            details=details or None,
        )
    )


def values(row: object, names: Iterable[str]) -> dict[str, Any]:
    """The attributes of a row as they are now, to be held against what they become."""
    return {name: getattr(row, name) for name in names}


def changes(
    before: Mapping[str, Any] | None, after: Mapping[str, Any], names: Iterable[str]
) -> dict[str, Change]:
    """Field → [old, new] of those of `names` that differ; a thing that is new was None before."""
    old = before or {}
    pairs = {name: [_plain(old.get(name)), _plain(after.get(name))] for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _plain(value: Any) -> Any:
    """A value as JSON holds it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and len(value) > _SHOWN:
        return f"{value[:_SHOWN]}…"
    if isinstance(value, tuple | set | frozenset):
        return list(value) if isinstance(value, tuple) else sorted(value)
    return value


@contextmanager
def coming_from(address: str | None) -> Iterator[None]:
    """Within this, acts that are written down without an address have this one."""
    token = _ADDRESS.set(address)
    try:
        yield
    finally:
        _ADDRESS.reset(token)
