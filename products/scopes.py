"""Which branch an application belongs to: to each branch of the district where it is installed.

An application knows its district only, and a branch serves the district that it stands in; where
two branches share one, both see its applications. Said here, and nowhere else.
"""

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from content.branches import Branch


def within(scope: str | None, district: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """The rows whose `district` a branch serves; all of them without a scope."""
    if scope is None:
        return true()
    return district.in_(select(Branch.district).where(Branch.code == scope))


def includes(session: Session, scope: str | None, district: str) -> bool:
    """Whether the branch serves that district; always without a scope."""
    if scope is None:
        return True
    served = select(Branch.id).where(Branch.code == scope, Branch.district == district)
    return session.scalar(served) is not None
