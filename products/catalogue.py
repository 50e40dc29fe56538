"""The catalogue: what the company sells, at which price."""

from sqlalchemy import Integer, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import NotFound


class Product(Base):
    """One product; `price_fen` is for a `period` such as 月 or 年."""

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

    @property
    def price(self) -> str:
        """The price as people write it: 79 元/月, 0.5 元/月."""
        yuan = f"{self.price_fen / 100:.2f}".rstrip("0").rstrip(".")
        return f"{yuan} 元/{self.period}"


def every(session: Session, family: str | None = None) -> list[Product]:
    """All products, or those of a family, in the order of the catalogue."""
    query = select(Product).order_by(Product.id)
    if family is not None:
        query = query.where(Product.family == family)
    return list(session.scalars(query))


def get(session: Session, code: str) -> Product:
    """The product with that code. Raises NotFound."""
    product = session.scalar(select(Product).where(Product.code == code))
    if product is None:
        raise NotFound(product=code)
    return product
