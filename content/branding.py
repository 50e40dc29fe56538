"""卷首 and 卷尾: what stands above and below articles, kept once and chosen by name."""

from datetime import datetime

from sqlalchemy import JSON, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content import blocks
from content.blocks import Block
from content.reviews import Hand
from kernel import audit
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


def save(
    session: Session, code: str, version: int, content: tuple[str, object], hand: Hand
) -> Branding:
    """Put (name, blocks) into a snippet. Raises BrandingChanged, Invalid, NotFound."""
    held = session.scalar(select(Branding).where(Branding.code == code).with_for_update())
    if held is None:
        raise NotFound(branding=code)
    if held.version != version:
        raise BrandingChanged(version=held.version)
    name, checked = content[0].strip(), blocks.check(content[1])
    if not 1 <= len(name) <= 40:
        raise Invalid(field="name", reason="名称要有 1 至 40 个字")
    if len(checked) > MOST_BLOCKS:
        raise Invalid(field="blocks", reason=f"最多 {MOST_BLOCKS} 段")
    changes = {"名称": [held.name, name], "内容": [_said(held.blocks), _said(checked)]}
    changes = {field: pair for field, pair in changes.items() if pair[0] != pair[1]}
    held.name, held.blocks, held.edited_at = name, checked, hand.at
    held.version += 1
    audit.write(
        session,
        "branding.edited",
        f"branding:{code}",
        hand.at,
        by=(hand.by, None),
        changes=changes,
    )
    return held


def framed(session: Session, head: str, body: list[Block], tail: str) -> list[Block]:
    """A body between its head and tail; a snippet that is gone is left out."""
    codes = [code for code in (head, tail) if code]
    found = {}
    if codes:
        rows = session.scalars(select(Branding).where(Branding.code.in_(codes)))
        found = {row.code: row.blocks for row in rows}
    return [*found.get(head, []), *body, *found.get(tail, [])]


def _said(body: list[Block]) -> str:
    return " / ".join(text for block in body for _, text in blocks.texts_of(block))[:500]
