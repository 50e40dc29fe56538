"""Branches: the business halls that customers can walk into."""

import math
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Double, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content import opening_hours
from content.opening_hours import Days, Week
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import NotFound

_EARTH_KM = 6371.0
EDITABLE = (
    "name", "district", "address", "phone", "hours", "latitude", "longitude", "week", "days",
    "services",
)  # fmt: skip


class Branch(Base):
    """One business hall; `hours` is what people read, `week` and `days` what decides.

    A retired one (`active` false) is kept, since staff and applications name it.
    """

    __tablename__ = "branch"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    district: Mapped[str] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(String(100))
    phone: Mapped[str] = mapped_column(String(20))
    hours: Mapped[str] = mapped_column(String(60))
    latitude: Mapped[float] = mapped_column(Double)
    longitude: Mapped[float] = mapped_column(Double)
    week: Mapped[Week] = mapped_column(JSON, default=list)
    days: Mapped[Days] = mapped_column(JSON, default=dict)
    services: Mapped[list[str]] = mapped_column(JSON, default=list)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    edited_at: Mapped[datetime | None]

    def is_open(self, at: datetime) -> bool | None:
        """Whether it is open then; None where only the text is known."""
        return opening_hours.is_open(self.week, self.days, at)

    def open_words(self, at: datetime) -> str:
        """营业中, 休息中, or nothing where only the text is known."""
        return {True: "营业中", False: "休息中", None: ""}[self.is_open(at)]

    @property
    def values(self) -> dict[str, Any]:
        """Everything that people may change, by column."""
        return {name: getattr(self, name) for name in EDITABLE}


def every(session: Session) -> list[Branch]:
    """All branches in use, by district."""
    query = select(Branch).where(Branch.active.is_(True))
    return list(session.scalars(query.order_by(Branch.district, Branch.id)))


def retired(session: Session) -> list[Branch]:
    """The branches that are no more."""
    return list(session.scalars(select(Branch).where(Branch.active.is_(False))))


def get(session: Session, code: str) -> Branch:
    """The branch in use with that code. Raises NotFound."""
    found = find(session, code)
    if found is None or not found.active:
        raise NotFound(branch=code)
    return found


def find(session: Session, code: str) -> Branch | None:
    """The branch with that code, retired ones too."""
    return session.scalar(select(Branch).where(Branch.code == code))


def name_of(session: Session, code: str) -> str:
    """The name of a branch; its code where it is gone."""
    return session.scalar(select(Branch.name).where(Branch.code == code)) or code


def nearest(
    session: Session, latitude: float, longitude: float, limit: int = 3
) -> list[tuple[Branch, float]]:
    """The nearest branches with their distances in km, as the crow flies."""
    # A company has tens of branches; a spatial index would be a dependency for nothing.
    measured = [
        (branch, _distance_km(latitude, longitude, branch.latitude, branch.longitude))
        for branch in every(session)
    ]
    return sorted(measured, key=lambda pair: pair[1])[:limit]


def _distance_km(lat1: float, lng1: float, lat2: float, lng2: float) -> float:
    lat1, lng1, lat2, lng2 = map(math.radians, (lat1, lng1, lat2, lng2))
    half = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin((lng2 - lng1) / 2) ** 2
    )
    return 2 * _EARTH_KM * math.asin(math.sqrt(half))
