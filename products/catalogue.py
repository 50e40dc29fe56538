"""The catalogue: what the company sells, at which price."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Integer, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import audit
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import Invalid, NotFound

UNPLACED = 1_000_000
EDITABLE = ("family", "name", "speed", "price_fen", "period", "summary", "terms")


class Product(Base):
    """One product; `price_fen` is for a `period` such as 月 or 年.

    A retired one (`active` false) is kept, since applications name it.
    """

    __tablename__ = "product"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    family: Mapped[str] = mapped_column(String(20), index=True)
    name: Mapped[str] = mapped_column(String(40))
    speed: Mapped[str] = mapped_column(String(20))
    price_fen: Mapped[int] = mapped_column(Integer)
    period: Mapped[str] = mapped_column(String(4))
    summary: Mapped[str] = mapped_column(String(100))
    terms: Mapped[str] = mapped_column(Text)
    # New ones come last, until somebody places them.
    position: Mapped[int] = mapped_column(Integer, default=UNPLACED)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    edited_at: Mapped[datetime | None]

    @property
    def price(self) -> str:
        """The price as people write it: 79 元/月, 0.5 元/月."""
        yuan = f"{self.price_fen / 100:.2f}".rstrip("0").rstrip(".")
        return f"{yuan} 元/{self.period}"

    @property
    def values(self) -> dict[str, Any]:
        """Everything that people may change, by column."""
        return {name: getattr(self, name) for name in EDITABLE}


def every(session: Session, family: str | None = None) -> list[Product]:
    """All products that are sold, or those of a family, in the order of the catalogue."""
    query = select(Product).where(Product.active.is_(True))
    query = query.order_by(Product.position, Product.id)
    if family is not None:
        query = query.where(Product.family == family)
    return list(session.scalars(query))


def get(session: Session, code: str) -> Product:
    """The product with that code, if it is sold. Raises NotFound."""
    product = find(session, code)
    if product is None or not product.active:
        raise NotFound(product=code)
    return product


def find(session: Session, code: str) -> Product | None:
    """The product with that code, retired ones too."""
    return session.scalar(select(Product).where(Product.code == code))


def place(session: Session, codes: Sequence[str], by: int, at: datetime) -> None:
    """Put the products into this order, before those that are not named. Raises Invalid.

    Nothing that customers read changes, so one person does it; the mini-site and the chat follow.
    """
    rows = session.scalars(
        select(Product).where(Product.active.is_(True)).order_by(Product.id).with_for_update()
    )
    held = {row.code: row for row in rows}
    if len(set(codes)) != len(codes) or not set(codes) <= held.keys():
        raise Invalid(field="order", reason="产品刚有变动，请刷新后再排")
    before = [row.code for row in sorted(held.values(), key=lambda row: (row.position, row.id))]
    rest = [code for code in before if code not in set(codes)]
    after = [*codes, *rest]
    for number, code in enumerate(after, 1):
        held[code].position = number
    if after != before:
        changes = {"顺序": ["、".join(before), "、".join(after)]}
        audit.write(session, "product.placed", "product", at, by=(by, None), changes=changes)


def retired(session: Session) -> list[Product]:
    """The products that are no longer sold."""
    return list(session.scalars(select(Product).where(Product.active.is_(False))))
