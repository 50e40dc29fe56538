"""The audit log: which operator changed what, written in the same transaction as the change."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base

# Where the operator of the running request sits; what domain code writes down has it too.
_ADDRESS: ContextVar[str | None] = ContextVar("audit_address", default=None)


class AuditEntry(Base):
    """One act of an operator; append-only."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(80))
    address: Mapped[str | None] = mapped_column(String(45))
    details: Mapped[dict[str, Any] | None] = mapped_column(JSON)


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

    Without an address the one of the running request counts, see `coming_from`.
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


@contextmanager
def coming_from(address: str | None) -> Iterator[None]:
    """Within this, acts that are written down without an address have this one."""
    token = _ADDRESS.set(address)
    try:
        yield
    finally:
        _ADDRESS.reset(token)
