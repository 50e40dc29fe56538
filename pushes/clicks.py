"""Clicks: short addresses that say which delivery, or which text of a mass send, was opened."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, SmallInteger
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base
from pushes.deliveries import Delivery
from pushes.pushes import Push

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_SIGNED = 10


class PushClick(Base):
    """Somebody opened the link; a mass send's link is the same for all, so names nobody."""

    __tablename__ = "push_click"
    __table_args__ = (Index("ix_push_click_push_id_id", "push_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    push_id: Mapped[int] = mapped_column(ForeignKey("push.id"))
    variant: Mapped[int] = mapped_column(SmallInteger)
    delivery_id: Mapped[int | None] = mapped_column(BigId, index=True)
    at: Mapped[datetime]


@dataclass(frozen=True)
class Links:
    """Makes and reads short addresses; `sign` is a keyed digest, so nobody can count for us."""

    base_url: str
    sign: Callable[[str], str]

    def of_delivery(self, push: Push, delivery_id: int) -> str:
        """The address for one recipient; empty when the push leads nowhere."""
        return self._address(f"d{_short(delivery_id)}") if push.link else ""

    def of_variant(self, push: Push, variant: int) -> str:
        """The address for everybody who gets that text of a mass send."""
        return self._address(f"m{_short(push.id)}.{variant}") if push.link else ""

    def _address(self, name: str) -> str:
        return f"{self.base_url}/l/{name}-{self.sign(f'push-link:{name}')[:_SIGNED]}"

    def is_ours(self, token: str) -> bool:
        """Whether we made that token."""
        name, _, signed = token.rpartition("-")
        right = self.sign(f"push-link:{name}")[:_SIGNED]
        return bool(name) and hmac.compare_digest(signed.encode(), right.encode())


def open_link(
    session: Session, links: Links, token: str, at: datetime, *, counts: bool = True
) -> str | None:
    """Count a click and return where the link leads; None when it is none of ours.

    Whoever only looks whether there is something, as HEAD and link checkers do, does not count.
    """
    if not token.isascii() or len(token) > 60 or not links.is_ours(token):
        return None
    name = token.rpartition("-")[0]
    kind, rest = name[0], name[1:]
    delivery_id = None
    if kind == "d":
        delivery = session.get(Delivery, int(rest, 36))
        if delivery is None:
            return None
        push_id, variant, delivery_id = delivery.push_id, delivery.variant, delivery.id
    else:
        first, _, second = rest.partition(".")
        push_id, variant = int(first, 36), int(second)
    push = session.get(Push, push_id)
    if push is None or not push.link:
        return None
    if counts:
        click = PushClick(push_id=push_id, variant=variant, delivery_id=delivery_id, at=at)
        session.add(click)
        session.flush()
    return push.link if push.link.startswith("https://") else f"{links.base_url}{push.link}"


def _short(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
