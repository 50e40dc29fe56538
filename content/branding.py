"""卷首 and 卷尾: what stands above and below articles, kept once and chosen by name."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content import blocks, changes, media_uses
from content.blocks import Block
from content.changes import Kind, Values
from content.compliance import Passage
from content.reviews import Hand, Review
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import Invalid, NotFound, Refused

PLACES = {"head": "卷首", "tail": "卷尾"}
MOST_BLOCKS = 20


class Branding(Base):
    """A snippet; `place` is head or tail. `version` grows with each saving."""

    __tablename__ = "branding"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    place: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(40))
    blocks: Mapped[list[Block]] = mapped_column(JSON)
    version: Mapped[int] = mapped_column(Integer, default=1)
    edited_at: Mapped[datetime | None]

    @property
    def values(self) -> dict[str, Any]:
        """Everything that people may change, by column."""
        return {"name": self.name, "blocks": self.blocks}


class BrandingChanged(Refused):
    """Somebody else saved it meanwhile; fact: `version`, the one in force."""

    code = "branding_changed"


def get(session: Session, code: str) -> Branding:
    """The snippet with that code. Raises NotFound."""
    found = find(session, code)
    if found is None:
        raise NotFound(branding=code)
    return found


def find(session: Session, code: str) -> Branding | None:
    """The snippet with that code, if there is one."""
    return session.scalar(select(Branding).where(Branding.code == code))


def every(session: Session, place: str | None = None) -> list[Branding]:
    """All snippets, or those of a place, by name."""
    query = select(Branding).order_by(Branding.place, Branding.name)
    if place is not None:
        query = query.where(Branding.place == place)
    return list(session.scalars(query))


def ask_change(
    session: Session, code: str, version: int, content: tuple[str, object], hand: Hand
) -> Review:
    """Ask for another (name, blocks). Raises BrandingChanged, ChangeOpen, NotCompliant, Invalid,
    NotFound."""
    held = get(session, code)
    if held.version != version:
        raise BrandingChanged(version=held.version)
    name, checked = content[0].strip(), blocks.check(content[1])
    if not 1 <= len(name) <= 40:
        raise Invalid(field="name", reason="名称要有 1 至 40 个字")
    if len(checked) > MOST_BLOCKS:
        raise Invalid(field="blocks", reason=f"最多 {MOST_BLOCKS} 段")
    media_uses.require(session, blocks.media_of(checked))
    return changes.ask(session, KIND.change(held, {"name": name, "blocks": checked}), hand)


def framed(session: Session, head: str, body: list[Block], tail: str) -> list[Block]:
    """A body between its head and tail; a snippet that is gone is left out."""
    codes = [code for code in (head, tail) if code]
    found = {}
    if codes:
        rows = session.scalars(select(Branding).where(Branding.code.in_(codes)))
        found = {row.code: row.blocks for row in rows}
    return [*found.get(head, []), *body, *found.get(tail, [])]


def _said(values: Values, _titles: Mapping[str, str]) -> Iterable[Passage]:
    for number, block in enumerate(values.get("blocks", ()), 1):
        yield from (Passage(f"第 {number} 段", text) for _, text in blocks.texts_of(block))


def _settled(session: Session, row: Branding) -> None:
    media_uses.replace(session, ("branding", row.id), blocks.media_of(row.blocks))


KIND = Kind(
    "branding",
    Branding,
    "卷首卷尾",
    {"name": "名称", "blocks": "内容"},
    said=_said,
    settled=_settled,
)
