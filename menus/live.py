"""What is live: which version WeChat shows everybody, which one the trial tag, and the last look.

One row. Whoever changes what is live holds it, so that publications have one order.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base, insert_once
from menus import versions
from menus.versions import MenuVersion

_ONE = 1


class MenuLive(Base):
    """The one row. `drift` is how WeChat's menu differed at `checked_at`, in sentences; `problem`
    why it could not be looked at; `clicks_until` up to when clicks are added up."""

    __tablename__ = "menu_live"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    version_id: Mapped[int | None] = mapped_column(ForeignKey("menu_version.id"))
    trial_id: Mapped[int | None] = mapped_column(ForeignKey("menu_version.id"))
    changed_at: Mapped[datetime | None]
    turns: Mapped[int] = mapped_column(BigId)
    drift: Mapped[list[str]] = mapped_column(JSON)
    drift_since: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    problem: Mapped[str | None] = mapped_column(String(200))
    clicks_until: Mapped[datetime | None]


_EMPTY: dict[str, Any] = {
    "id": _ONE,
    "version_id": None,
    "trial_id": None,
    "changed_at": None,
    "turns": 0,
    "drift": [],
    "drift_since": None,
    "checked_at": None,
    "problem": None,
    "clicks_until": None,
}


def hold(session: Session) -> MenuLive:
    """The row, locked until the end of the transaction."""
    insert_once(session, MenuLive, _EMPTY, "id")
    return session.scalars(
        select(MenuLive)
        .where(MenuLive.id == _ONE)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def look(session: Session) -> MenuLive | None:
    """The row as it is; None while nothing was ever published."""
    return session.get(MenuLive, _ONE)


def version(session: Session) -> MenuVersion | None:
    """The version that everybody sees."""
    row = look(session)
    return versions.get(session, row.version_id) if row and row.version_id else None


def trial(session: Session) -> MenuVersion | None:
    """The version that the trial tag sees."""
    row = look(session)
    return versions.get(session, row.trial_id) if row and row.trial_id else None
