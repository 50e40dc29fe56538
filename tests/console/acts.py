"""Reads the audit log for the tests."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from kernel.audit import AuditEntry
from kernel.operators import Operator
from tests.console.house import House


@dataclass(frozen=True)
class Act:
    """One row, with the login of who did it."""

    action: str
    subject: str
    login: str | None
    address: str | None
    details: dict[str, Any] | None


def acts(house: House, but: str = "sign_in") -> list[Act]:
    """The rows in order, without those of the action `but`."""
    query = (
        select(AuditEntry, Operator.login)
        .outerjoin(Operator, Operator.id == AuditEntry.operator_id)
        .where(AuditEntry.action != but)
        .order_by(AuditEntry.id)
    )
    rows = house.database.read(lambda db: db.execute(query).all())
    return [
        Act(entry.action, entry.subject, login, entry.address, entry.details)
        for entry, login in rows
    ]
