"""The chain of hashes over the audit log: whoever changes, deletes or moves an entry breaks it.

Business transactions write entries without a place in the chain, so none waits for another. The
sealer gives each entry that it sees committed the next place: one that commits late, or after a
gap in the ids, simply comes later. An entry's hash is SHA-256 over the hash before it and all its
fields; the last one (`Head`), kept outside of the database, proves everything that led to it.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, String, bindparam, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.audit import AuditEntry
from kernel.db import Base, insert_once
from kernel.hot import table_of

PAGE = 500
# Before the first entry.
GENESIS = "0" * 64
_ONLY = 1


class AuditHead(Base):
    """The one row that says where the chain ends; whoever seals holds it."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[datetime | None]


def hash_of(previous: str, position: int, entry: Any) -> str:
    """The hash of an entry in its place: hex of SHA-256 over what stood before and its fields."""
    return hashlib.sha256(f"{previous}\n{canonical(position, entry)}".encode()).hexdigest()


def canonical(position: int, entry: Any) -> str:
    """The entry as one line of JSON that every database gives back the same; ASCII only."""
    fields = {
        "position": position,
        "id": entry.id,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "operator_id": entry.operator_id,
        "action": entry.action,
        "subject": entry.subject,
        "address": entry.address,
        "details": entry.details,
    }
    return json.dumps(fields, sort_keys=True, separators=(",", ":"))


def waiting(session: Session) -> bool:
    """Whether an entry is not sealed yet."""
    found = select(AuditEntry.id).where(AuditEntry.position.is_(None)).limit(1)
    return session.scalar(found) is not None


def seal(session: Session, at: datetime, limit: int = PAGE) -> int:
    """Give the entries that wait the next places; returns how many.

    Sealers come one after the other: the second waits for the first one's commit.
    """
    head = _hold(session)
    entries = _unsealed(session, limit)
    if not entries:
        return 0
    rows, position, previous = [], head.position, head.hash
    for entry in entries:
        position += 1
        previous = hash_of(previous, position, entry)
        rows.append({"entry_id": entry.id, "place": position, "sum": previous})
    table = table_of(AuditEntry)
    session.connection().execute(
        update(table)
        .where(table.c.id == bindparam("entry_id"), table.c.position.is_(None))
        .values(position=bindparam("place"), hash=bindparam("sum")),
        rows,
    )
    head.position, head.hash, head.sealed_at = position, previous, at
    session.flush()
    return len(rows)


def _hold(session: Session) -> AuditHead:
    # Looked for before it is made: on MariaDB a refused insert leaves a shared lock behind, and
    # two sealers that hold it and then both want the row for themselves are a deadlock.
    wanted = (
        select(AuditHead)
        .where(AuditHead.id == _ONLY)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = session.scalars(wanted).one_or_none()
    if found is not None:
        return found
    row = {"id": _ONLY, "position": 0, "hash": GENESIS, "sealed_at": None}
    insert_once(session, AuditHead, row, "id")
    return session.scalars(wanted).one()


def _unsealed(session: Session, limit: int) -> list[Any]:
    # In the order of the index, which holds them without a sort; in a page the ids decide.
    table = table_of(AuditEntry)
    rows = session.execute(
        select(table).where(table.c.position.is_(None)).order_by(table.c.position).limit(limit)
    )
    return sorted(rows, key=lambda row: int(row.id))


def head(session: Session) -> tuple[str, int]:
    """(hash, position) of the end of the chain; what to keep elsewhere."""
    found = session.get(AuditHead, _ONLY)
    return (found.hash, found.position) if found else (GENESIS, 0)
