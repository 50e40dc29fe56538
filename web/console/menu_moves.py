"""What the editor's buttons do to a sheet: add, remove, up, down, to another hall, variants."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from menus.conditional import MAX_VARIANTS, Face, Rule, Variant
from menus.limits import MAX_ENTRIES, MAX_HALLS
from menus.targets import click
from menus.tree import Entry, Hall, Menu, Place
from web.console.menu_forms import Sheet, name_of, place_of

T = TypeVar("T")

# What was done, and the name of the button that the eye follows.
Moved = tuple[Sheet, str]


def apply(sheet: Sheet, act: str, to: str = "") -> Moved:
    """The sheet after an act such as `up:0.2`; one that cannot be done changes nothing.

    `to` is the hall that `move` leads to.
    """
    verb, _, name = act.partition(":")
    if verb in _TABS:
        return _TABS[verb](sheet), ""
    if verb == "add" and not name:
        return _add_hall(sheet)
    place = place_of(name)
    if place is None or not _exists(sheet.menu, place):
        return sheet, ""
    if verb == "move":
        goal = place_of(to)
        return _move(sheet, place, goal[0]) if goal else (sheet, "")
    return _PLACED[verb](sheet, place) if verb in _PLACED else (sheet, "")


def _exists(menu: Menu, place: Place) -> bool:
    hall, entry = place
    return hall < len(menu.halls) and (entry is None or entry < len(menu.halls[hall].entries))


def _swapped(items: tuple[T, ...], one: int, other: int) -> tuple[T, ...]:
    changed = list(items)
    changed[one], changed[other] = changed[other], changed[one]
    return tuple(changed)


def _with_entries(sheet: Sheet, hall: int, entries: tuple[Entry, ...]) -> Sheet:
    halls = list(sheet.menu.halls)
    halls[hall] = replace(halls[hall], entries=entries)
    return sheet.with_menu(Menu(tuple(halls)))


def _shift(by: int) -> Callable[[Sheet, Place], Moved]:
    def shift(sheet: Sheet, place: Place) -> Moved:
        hall, entry = place
        halls = sheet.menu.halls
        if entry is None:
            goal = hall + by
            if not 0 <= goal < len(halls):
                return sheet, name_of(place)
            return sheet.with_menu(Menu(_swapped(halls, hall, goal))), name_of((goal, None))
        goal = entry + by
        if not 0 <= goal < len(halls[hall].entries):
            return sheet, name_of(place)
        moved = _with_entries(sheet, hall, _swapped(halls[hall].entries, entry, goal))
        return moved, name_of((hall, goal))

    return shift


def _remove(sheet: Sheet, place: Place) -> Moved:
    hall, entry = place
    halls = sheet.menu.halls
    if entry is None:
        return sheet.with_menu(Menu(halls[:hall] + halls[hall + 1 :])), ""
    entries = halls[hall].entries
    return _with_entries(sheet, hall, entries[:entry] + entries[entry + 1 :]), name_of(
        (hall, None)
    )


def _move(sheet: Sheet, place: Place, goal: int) -> Moved:
    hall, entry = place
    halls = sheet.menu.halls
    if entry is None or goal == hall or goal >= len(halls):
        return sheet, name_of(place)
    moving = halls[hall].entries[entry]
    taken, _ = _remove(sheet, place)
    entries = (*halls[goal].entries, moving)
    return _with_entries(taken, goal, entries), name_of((goal, len(entries) - 1))


def _add_entry(sheet: Sheet, place: Place) -> Moved:
    hall = place[0]
    entries = sheet.menu.halls[hall].entries
    if len(entries) >= MAX_ENTRIES:
        return sheet, name_of((hall, None))
    added = _with_entries(sheet, hall, (*entries, Entry("", click(""))))
    return added, name_of((hall, len(entries)))


def _add_hall(sheet: Sheet) -> Moved:
    halls = sheet.menu.halls
    if len(halls) >= MAX_HALLS:
        return sheet, ""
    return sheet.with_menu(Menu((*halls, Hall("")))), name_of((len(halls), None))


def _add_variant(sheet: Sheet) -> Sheet:
    face = sheet.face
    if len(face.variants) >= MAX_VARIANTS:
        return sheet
    name = f"第 {len(face.variants) + 1} 套"
    variants = (*face.variants, Variant(name, Rule(), face.menu))
    return replace(sheet, face=Face(face.menu, variants), tab=len(variants))


def _remove_variant(sheet: Sheet) -> Sheet:
    if not sheet.tab:
        return sheet
    kept = sheet.face.variants[: sheet.tab - 1] + sheet.face.variants[sheet.tab :]
    return replace(sheet, face=Face(sheet.face.menu, kept), tab=0)


def _sooner(sheet: Sheet) -> Sheet:
    if sheet.tab <= 1:  # everybody's menu has no place among the variants
        return sheet
    variants = _swapped(sheet.face.variants, sheet.tab - 2, sheet.tab - 1)
    return replace(sheet, face=Face(sheet.face.menu, variants), tab=sheet.tab - 1)


_PLACED: dict[str, Callable[[Sheet, Place], Moved]] = {
    "up": _shift(-1),
    "down": _shift(1),
    "remove": _remove,
    "add": _add_entry,
}
_TABS: dict[str, Callable[[Sheet], Sheet]] = {
    "add_variant": _add_variant,
    "remove_variant": _remove_variant,
    "sooner": _sooner,
}
