"""Branches: the business halls that customers can walk into."""

import math

from sqlalchemy import Double, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base

_EARTH_KM = 6371.0


class Branch(Base):
    """One business hall."""

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


def every(session: Session) -> list[Branch]:
    """All branches by district."""
    return list(session.scalars(select(Branch).order_by(Branch.district, Branch.id)))


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
