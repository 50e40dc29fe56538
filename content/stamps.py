"""Version stamps: one number for each thing that processes keep in memory."""

from sqlalchemy import Integer, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base, insert_once


class ContentStamp(Base):
    """How often something has changed, in the same transaction as the change."""

    __tablename__ = "content_stamp"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)


def bump(session: Session, name: str) -> None:
    """Say that something has changed: whoever remembers it reads it anew."""
    row = {"name": name, "version": 1}
    if not insert_once(session, ContentStamp, row, "name"):
        session.execute(
            update(ContentStamp)
            .where(ContentStamp.name == name)
            .values(version=ContentStamp.version + 1)
        )


def read(session: Session, name: str) -> int:
    """The number; 0 before the first change."""
    return session.scalar(select(ContentStamp.version).where(ContentStamp.name == name)) or 0
