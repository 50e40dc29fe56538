"""Versions of the menu: config.yaml holds the first, the database is the truth afterwards."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import Refused
from menus.tree import Finding, Menu, check, from_json, to_json


class MenuVersion(Base):
    """One version; the newest published one is what WeChat shows."""

    __tablename__ = "menu_version"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tree: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]


class MenuRefused(Refused):
    """WeChat would refuse this menu; fact: `findings`, as sentences."""

    code = "menu_refused"


def add(session: Session, menu: Menu, note: str, at: datetime, base_url: str) -> MenuVersion:
    """Keep a menu as a new version. Raises MenuRefused."""
    findings = check(menu, base_url)
    if findings:
        raise MenuRefused(findings=sentences(findings))
    version = MenuVersion(tree=to_json(menu), note=note, created_at=at)
    session.add(version)
    session.flush()
    return version


def sentences(findings: list[Finding]) -> str:
    """The findings as one text."""
    return "；".join(f"{finding.place}：{finding.reason}" for finding in findings)


def newest(session: Session) -> MenuVersion | None:
    """The newest version, published or not."""
    return session.scalar(select(MenuVersion).order_by(MenuVersion.id.desc()).limit(1))


def every(session: Session, limit: int = 50) -> list[MenuVersion]:
    """The versions, newest first."""
    return list(session.scalars(select(MenuVersion).order_by(MenuVersion.id.desc()).limit(limit)))


def menu_of(version: MenuVersion) -> Menu:
    """The version's tree."""
    return from_json(version.tree)


def mark_published(session: Session, version_id: int, at: datetime) -> None:
    """Note that WeChat took this version."""
    version = session.get_one(MenuVersion, version_id)
    version.published_at = at
