"""The editor's form: one tab of a version as it was typed, in the order of its buttons.

Buttons are named by their place when the page was drawn, `0` for a hall and `0.2` for an entry;
`order` repeats these names in the order they have now, so moving one renames nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from werkzeug.datastructures import MultiDict

from menus import versions
from menus.conditional import Face, Rule, Variant, variants_from_json, variants_json
from menus.targets import KEY_KINDS, UNSUPPORTED, Target
from menus.tree import Entry, Hall, Menu, Place, from_json, to_json
from menus.versions import MenuChanged, MenuVersion
from web.console.fields import Fields
from web.console.menu_links import field_of

_NAME = re.compile(r"\d{1,2}(\.\d{1,2})?", re.ASCII)
# As many as a version may hold at all, and then some.
_MOST_NAMES = 200


@dataclass(frozen=True)
class Sheet:
    """A version with one tab open: 0 is the menu of everybody, 1 the first variant, and so on.

    What was typed in it may be no menu at all; see `strict`.
    """

    face: Face
    note: str
    revision: int
    tab: int = 0

    @property
    def variant(self) -> Variant | None:
        """The variant that is open."""
        return self.face.variants[self.tab - 1] if self.tab else None

    @property
    def menu(self) -> Menu:
        """The menu that is open."""
        return self.variant.menu if self.variant else self.face.menu

    def with_menu(self, menu: Menu) -> "Sheet":
        """The same with another menu in the open tab."""
        if self.variant is None:
            return replace(self, face=replace(self.face, menu=menu))
        return self.with_variant(replace(self.variant, menu=menu))

    def with_variant(self, variant: Variant) -> "Sheet":
        """The same with another variant in the open tab."""
        variants = list(self.face.variants)
        variants[self.tab - 1] = variant
        return replace(self, face=replace(self.face, variants=tuple(variants)))


def sheet_of(version: MenuVersion, tab: int) -> Sheet:
    """The version as it is kept; a tab that it has not is the first one."""
    face = versions.face_of(version)
    shown = tab if 0 <= tab <= len(face.variants) else 0
    return Sheet(face, version.note, version.revision, shown)


def read(form: MultiDict[str, str], version: MenuVersion) -> Sheet:
    """What was typed, over what the version keeps of the other tabs.

    Raises MenuChanged when the tab that was typed in is gone, Invalid.
    """
    fields = Fields(form)
    tab = fields.number("tab", 0)
    kept = sheet_of(version, tab)
    if kept.tab != tab:
        raise MenuChanged(id=version.id, revision=version.revision)
    sheet = replace(kept, note=fields.text("note"), revision=fields.number("revision", 0))
    if kept.variant is not None:
        rule = Rule(fields.text("tag"), fields.text("platform"))
        sheet = sheet.with_variant(
            replace(kept.variant, name=fields.text("variant_name"), rule=rule)
        )
    return sheet.with_menu(Menu(tuple(_halls(fields, form.getlist("order")))))


def strict(face: Face) -> Face:
    """What can be kept of a face that was typed. Raises MenuMalformed."""
    return Face(from_json(to_json(face.menu)), variants_from_json(variants_json(face.variants)))


def name_of(place: Place) -> str:
    """What the form calls a button: `0`, `0.2`."""
    return str(place[0]) if place[1] is None else f"{place[0]}.{place[1]}"


def place_of(name: str) -> Place | None:
    """The place that a name of the form stands for; None when it is none."""
    if not _NAME.fullmatch(name):
        return None
    hall, _, entry = name.partition(".")
    return int(hall), int(entry) if entry else None


def _halls(fields: Fields, order: list[str]) -> Iterator[Hall]:
    hall: Hall | None = None
    for name in dict.fromkeys(order[:_MOST_NAMES]):
        place = place_of(name)
        if place is None:
            continue
        if place[1] is None:
            if hall is not None:
                yield hall
            hall = Hall(fields.text(f"{name}.name"), (), _target(fields, name))
        elif hall is not None:
            target = _target(fields, name) or Target("click", "")
            entry = Entry(fields.text(f"{name}.name"), target)
            hall = replace(hall, entries=(*hall.entries, entry))
    if hall is not None:
        yield hall


def _target(fields: Fields, name: str) -> Target | None:
    kind = fields.text(f"{name}.kind")
    if not kind:
        return None
    value = _value(fields, name, kind)
    if kind != "miniprogram":
        return Target(kind, value)
    return Target(kind, value, fields.text(f"{name}.appid"), fields.text(f"{name}.pagepath"))


def _value(fields: Fields, name: str, kind: str) -> str:
    was = fields.text(f"{name}.was")
    stays = field_of(was) == field_of(kind) and (was == UNSUPPORTED) == (kind == UNSUPPORTED)
    value = ""
    if stays:
        value = fields.text(f"{name}.pick") or fields.text(f"{name}.typed")
    if not value and kind in KEY_KINDS and field_of(kind) == "key":
        return kind  # nobody answers these keys: they only tell taps apart
    return value
