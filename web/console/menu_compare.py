"""Two versions side by side, and ours beside what WeChat really has."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.outcomes import CallFailed
from menus import differences, live, publisher, reasons, sendings, versions, wechat_tags
from menus.conditional import Face
from menus.differences import VERBS, Change
from menus.publisher import Reading
from menus.tree import Menu, Place
from menus.wechat_shape import from_wechat
from web.console import menu_links, menu_lists
from web.console.guards import operator_required
from web.console.menu_links import Choices
from web.wiring import now, read, wiring

bp = Blueprint("menu_compare", __name__, url_prefix="/menu")

Marks = dict[Place, list[str]]


@dataclass(frozen=True)
class Pair:
    """Two menus side by side; a side that is None has no such menu."""

    title: str
    old: Menu | None
    new: Menu | None
    changes: list[Change] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)

    @property
    def marks(self) -> tuple[Marks, Marks]:
        """What happened to the buttons of either side, in words."""
        sides: tuple[Marks, Marks] = ({}, {})
        for change in self.changes:
            for side, place in zip(sides, (change.old, change.new), strict=True):
                if place is not None:
                    side.setdefault(place, []).append(change.verb)
        return sides


@bp.get("/compare")
@operator_required("menus.read")
def show() -> ResponseReturnValue:
    """Two versions; without a choice the live one and the newest. Raises NotFound."""
    asked = [request.args.get(name, 0, type=int) for name in ("old", "new")]
    at = now()

    def work(db: Session) -> dict[str, object]:
        numbers = _numbers(db, asked)
        found: dict[str, object] = {"numbers": numbers, "labels": menu_lists.labels(db)}
        if all(numbers):
            old, new = (versions.face_of(versions.get(db, number)) for number in numbers)
            found["pairs"] = list(pairs(old, new, menu_links.choices(db, at, old, new)))
        return found

    return render_template("console/menu/compare.html", **read(work), verbs=VERBS)


@bp.get("/drift")
@operator_required("menus.read")
def show_drift() -> ResponseReturnValue:
    """What WeChat has at this moment beside what it should have."""
    platform, base_url, at = wiring().menus, wiring().hall.base_url, now()
    expected = read(lambda db: _expected(db, at))
    if expected is None:
        flash("menu_nothing_live", "warning")
        return redirect(url_for("console.menu.show"))
    try:
        reading = publisher.reading_of(platform.read())
    except CallFailed as failed:
        flash(f"没能读到微信上的菜单：{reasons.explain(failed.outcome.reason)}。", "danger")
        return redirect(url_for("console.menu.show"))
    face, tags, choices = expected
    return render_template(
        "console/menu/drift.html",
        pairs=list(_against(reading, face, choices)),
        found=publisher.differences(face, tags, reading, base_url),
        verbs=VERBS,
    )


def pairs(old: Face, new: Face, choices: Choices) -> Iterator[Pair]:
    """The menus of two versions, those of everybody first, variants by their names."""
    yield _pair("默认菜单", old.menu, new.menu, choices)
    before = {one.name: one for one in old.variants}
    for variant in new.variants:
        was = before.pop(variant.name, None)
        yield _pair(
            f"个性化菜单「{variant.name}」", was.menu if was else None, variant.menu, choices
        )
    for gone in before.values():
        yield Pair(f"个性化菜单「{gone.name}」", gone.menu, None)


def _pair(title: str, old: Menu | None, new: Menu | None, choices: Choices) -> Pair:
    if old is None or new is None:
        return Pair(title, old, new)
    changes = differences.diff(old, new)
    said = [say(change, old, new, choices) for change in changes]
    return Pair(title, old, new, changes, said)


def say(change: Change, old: Menu, new: Menu, choices: Choices) -> str:
    """A change in words, targets by their names."""
    was, now_ = change.was, change.now
    if change.verb in {"added", "removed", "retargeted"}:
        was = _does(old, change.old, choices) if change.old else ""
        now_ = _does(new, change.new, choices) if change.new else ""
    if change.verb == "moved" and change.old and change.new:
        was, now_ = _where(change.old), _where(change.new)
    shown = " → ".join(text for text in (was, now_) if text)
    return f"{VERBS[change.verb]}：{change.name or '（未命名）'}" + (
        f"（{shown}）" if shown else ""
    )


def _does(menu: Menu, place: Place, choices: Choices) -> str:
    hall = menu.halls[place[0]]
    return choices.say(hall.target if place[1] is None else hall.entries[place[1]].target)


def _where(place: Place) -> str:
    hall = f"第 {place[0] + 1} 个菜单"
    return hall if place[1] is None else f"{hall}第 {place[1] + 1} 项"


def _numbers(session: Session, asked: list[int]) -> list[int]:
    shown, newest = live.version(session), versions.newest(session)
    defaults = [one.id if one else 0 for one in (shown or newest, newest)]
    return [given or default for given, default in zip(asked, defaults, strict=True)]


def _expected(session: Session, at: datetime) -> tuple[Face, dict[str, int], Choices] | None:
    row = live.look(session)
    if row is None or row.version_id is None:
        return None
    face = sendings.face_after(session, row, None, wiring().menu_rules)
    tags = wechat_tags.ids(session, face.tags())
    return face, tags, menu_links.choices(session, at, face)


def _against(reading: Reading, face: Face, choices: Choices) -> Iterator[Pair]:
    base_url = wiring().hall.base_url
    theirs = from_wechat(reading.buttons, base_url).menu if reading.buttons else None
    yield _pair("默认菜单", theirs, face.menu, choices)
    menus = [from_wechat(one.buttons, base_url).menu for one in reading.conditional]
    for number in range(max(len(menus), len(face.variants))):
        ours = face.variants[number] if number < len(face.variants) else None
        title = f"个性化菜单「{ours.name}」" if ours else f"微信上的第 {number + 1} 套个性化菜单"
        other = menus[number] if number < len(menus) else None
        yield _pair(title, other, ours.menu if ours else None, choices)
