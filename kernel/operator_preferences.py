"""What an operator likes his pages to be like, such as the columns of a list."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, String, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base, insert_once


class OperatorPreference(Base):
    """One operator's choice about the thing of that name."""

    __tablename__ = "operator_preference"

    operator_id: Mapped[int] = mapped_column(
        ForeignKey("operator.id"), primary_key=True, autoincrement=False
    )
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)


def find(session: Session, operator_id: int, name: str) -> Any:
    """What the operator chose; None when he never did."""
    found = session.get(OperatorPreference, (operator_id, name))
    return None if found is None else found.value


def put(session: Session, operator_id: int, name: str, value: Any) -> None:
    """Keep the choice."""
    row = {"operator_id": operator_id, "name": name, "value": value}
    if not insert_once(session, OperatorPreference, row, "operator_id,name"):
        session.execute(
            update(OperatorPreference)
            .where(OperatorPreference.operator_id == operator_id, OperatorPreference.name == name)
            .values(value=value)
        )
