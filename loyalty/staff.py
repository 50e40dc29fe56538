"""Staff: people of a branch who redeem coupons, known by the openid of their own phone."""

from datetime import datetime

from sqlalchemy import Boolean, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.refusals import Refused


class Staff(Base):
    """One employee; `branch` is the code of the branch where he works."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    openid: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    branch: Mapped[str] = mapped_column(String(40))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime]


class NotStaff(Refused):
    """Only active staff of a branch may do this."""

    code = "not_staff"


def appoint(session: Session, openid: str, name: str, branch: str, at: datetime) -> bool:
    """Make the holder of `openid` a member of staff; False when he is one already."""
    row = {"openid": openid, "name": name, "branch": branch, "active": True, "created_at": at}
    return insert_once(session, Staff, row, "openid")


def find(session: Session, openid: str) -> Staff | None:
    """The active member of staff with that openid."""
    return session.scalar(select(Staff).where(Staff.openid == openid, Staff.active.is_(True)))


def get(session: Session, openid: str) -> Staff:
    """The active member of staff with that openid. Raises NotStaff."""
    found = find(session, openid)
    if found is None:
        raise NotStaff
    return found


def dismiss(session: Session, openid: str, stand_in: str) -> None:
    """His phone's account is closed for ever: no longer staff; what he redeemed stays his."""
    _change(session, openid, openid=stand_in, active=False)


def hand_over(session: Session, openid: str, new_openid: str) -> None:
    """He goes on with another account; where that is staff already, only the old one ends."""
    taken = session.scalar(select(Staff.id).where(Staff.openid == new_openid))
    if taken is None:
        _change(session, openid, openid=new_openid)
    else:
        _change(session, openid, active=False)


def _change(session: Session, whose: str, **values: object) -> None:
    changed = update(Staff).where(Staff.openid == whose).values(**values)
    session.execute(changed.execution_options(synchronize_session=False))


def any_of(session: Session) -> bool:
    """Whether the hall has staff at all."""
    return session.scalar(select(Staff.id).limit(1)) is not None
