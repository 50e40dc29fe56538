"""Versions of the menu: config.yaml holds the first, the database is the truth afterwards.

States: `draft` → `in_review` → `approved` → `scheduled` → `published` → `superseded` |
`rolled_back`. A draft is edited in place; from any version another draft can be made. What was
approved once may be published again.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from content.reviews import Hand
from kernel import audit
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import Invalid, NotFound, Refused
from menus import differences, limits
from menus.conditional import Face, variants_from_json, variants_json
from menus.tree import Menu, from_json, to_json

NOTE_LETTERS = 100
STATE_NAMES = {
    "draft": "草稿",
    "in_review": "审核中",
    "approved": "待发布",
    "scheduled": "等待发布",
    "published": "使用中",
    "superseded": "已被替换",
    "rolled_back": "已回退",
}
# These were approved; the last two were in use before.
PUBLISHABLE = ("approved", "superseded", "rolled_back")


class MenuVersion(Base):
    """One version: the menu of everybody in `tree`, what only some see in `variants`.

    `revision` grows with each saving; `editors` are all who wrote it. `author_id` is None for
    what the system brought: the menu of config.yaml. `remarks` is what an import could not take
    over. `return_at` belongs to a publication for a while only, such as a festival.
    """

    __tablename__ = "menu_version"
    __table_args__ = (Index("ix_menu_version_state_published_at", "state", "published_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tree: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    variants: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(String(NOTE_LETTERS))
    state: Mapped[str] = mapped_column(String(12))
    revision: Mapped[int] = mapped_column(Integer)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    editors: Mapped[list[int]] = mapped_column(JSON)
    base_id: Mapped[int | None] = mapped_column(ForeignKey("menu_version.id"))
    remarks: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime]
    publish_at: Mapped[datetime | None]
    return_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]


class MenuRefused(Refused):
    """WeChat would refuse this menu; fact: `findings`, as sentences."""

    code = "menu_refused"


class MenuChanged(Refused):
    """Somebody else saved it meanwhile; facts: `revision`, the one in force, and `id`."""

    code = "menu_changed"


class MenuState(Refused):
    """The version is not in a state that allows this; facts: `id`, `state` in words."""

    code = "menu_state"


def add(session: Session, menu: Menu, note: str, at: datetime, base_url: str) -> MenuVersion:
    """Keep a menu that the system brings as a version that is fit to be published.

    Nobody wrote it and nobody reviews it: the first one comes this way. Raises MenuRefused.
    """
    findings = limits.check(menu, base_url)
    if findings:
        raise MenuRefused(findings=limits.sentences(findings))
    return _insert(session, Face(menu), note, at, state="approved")


def draft(
    session: Session, face: Face, note: str, hand: Hand, base_id: int | None = None
) -> MenuVersion:
    """Begin a version. Raises Invalid for a note that is too long."""
    made = _insert(session, face, _note(note), hand.at, state="draft")
    made.author_id, made.editors, made.base_id = hand.by, [hand.by], base_id
    session.flush()
    by = (hand.by, None)
    audit.write(session, "menu.drafted", f"menu:{made.id}", hand.at, by=by, base=base_id)
    return made


def draft_from(session: Session, version_id: int, note: str, hand: Hand) -> MenuVersion:
    """Begin a version with what another one shows, whatever its state. Raises NotFound."""
    base = get(session, version_id)
    return draft(session, face_of(base), note, hand, base.id)


def save(
    session: Session, version_id: int, revision: int, content: tuple[Face, str], hand: Hand
) -> MenuVersion:
    """Put (face, note) into a draft; `revision` is the one that the editor was shown.

    It may break WeChat's limits until it is sent to review. Raises MenuChanged when somebody saved
    meanwhile, MenuState unless it is a draft, NotFound, Invalid.
    """
    version = get(session, version_id)
    face, note = content[0], _note(content[1])
    before = face_of(version)
    values = {
        "tree": to_json(face.menu),
        "variants": variants_json(face.variants),
        "note": note,
        "editors": sorted({*version.editors, hand.by}),
        "edited_at": hand.at,
        "revision": revision + 1,
    }
    saved = session.execute(
        update(MenuVersion)
        .where(
            MenuVersion.id == version_id,
            MenuVersion.revision == revision,
            MenuVersion.state == "draft",
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    old_note = version.note
    session.refresh(version)
    if saved.rowcount != 1:  # type: ignore[attr-defined]
        require(version, "draft")
        raise MenuChanged(id=version_id, revision=version.revision)
    changes = [differences.sentence(one) for one in differences.diff_faces(before, face)]
    _audit_save(session, version, hand, {"菜单": changes}, (old_note, note))
    return version


def _audit_save(
    session: Session,
    version: MenuVersion,
    hand: Hand,
    made: dict[str, list[str]],
    notes: tuple[str, str],
) -> None:
    changes: dict[str, list[object]] = {
        name: ["", "；".join(of)] for name, of in made.items() if of
    }
    if notes[0] != notes[1]:
        changes["说明"] = list(notes)
    if changes:
        by = (hand.by, None)
        audit.write(session, "menu.edited", f"menu:{version.id}", hand.at, by=by, changes=changes)


def discard(session: Session, version_id: int, hand: Hand) -> None:
    """Throw a draft away for good. Raises MenuState, NotFound."""
    version = hold(session, version_id)
    require(version, "draft")
    session.delete(version)
    audit.write(session, "menu.discarded", f"menu:{version_id}", hand.at, by=(hand.by, None))


def _insert(session: Session, face: Face, note: str, at: datetime, *, state: str) -> MenuVersion:
    version = MenuVersion(
        tree=to_json(face.menu),
        variants=variants_json(face.variants),
        note=note,
        state=state,
        revision=1,
        editors=[],
        remarks=[],
        created_at=at,
        edited_at=at,
    )
    session.add(version)
    session.flush()
    return version


def _note(text: str) -> str:
    text = " ".join(text.split())
    if len(text) > NOTE_LETTERS or not text.isprintable():
        raise Invalid(field="note", reason=f"说明最多 {NOTE_LETTERS} 字，且不能有特殊字符")
    return text


def require(version: MenuVersion, *states: str) -> None:
    """Refuse unless the version is in one of the states. Raises MenuState."""
    if version.state not in states:
        raise MenuState(id=version.id, state=STATE_NAMES[version.state])


def get(session: Session, version_id: int) -> MenuVersion:
    """The version with that number. Raises NotFound."""
    version = session.get(MenuVersion, version_id)
    if version is None:
        raise NotFound(menu=version_id)
    return version


def hold(session: Session, version_id: int) -> MenuVersion:
    """The same, locked until the end of the transaction, as it is now. Raises NotFound."""
    version = session.scalar(
        select(MenuVersion)
        .where(MenuVersion.id == version_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if version is None:
        raise NotFound(menu=version_id)
    return version


def newest(session: Session) -> MenuVersion | None:
    """The newest version, published or not."""
    return session.scalar(select(MenuVersion).order_by(MenuVersion.id.desc()).limit(1))


def every(session: Session, limit: int = 50, before_id: int | None = None) -> list[MenuVersion]:
    """The versions, newest first; those older than `before_id` for the next page."""
    query = select(MenuVersion).order_by(MenuVersion.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(MenuVersion.id < before_id)
    return list(session.scalars(query))


def menu_of(version: MenuVersion) -> Menu:
    """The version's menu of everybody."""
    return from_json(version.tree)


def face_of(version: MenuVersion) -> Face:
    """All that the version shows."""
    return Face(from_json(version.tree), variants_from_json(version.variants))
