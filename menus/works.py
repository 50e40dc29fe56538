"""A menu as a work that is held against the compliance rules."""

from content.compliance import Passage, Work
from menus.conditional import Face
from menus.tree import Menu, to_json


def work_of(face: Face, base_url: str) -> Work:
    """Every name that people read and every address that opens, with their places.

    Pages of ours stand as their paths, wherever the hall is reached.
    """
    passages: list[Passage] = []
    links: list[Passage] = []
    for where, menu in _menus(face):
        for place, name in _names(menu):
            passages.append(Passage(where + menu.say(place), name))
        for place, entry in menu.leaves():
            if url := entry.url(base_url):
                own = url.startswith(f"{base_url}/")
                shown = url.removeprefix(base_url) if own else url
                links.append(Passage(where + menu.say(place), shown))
    facts: dict[str, object] = {"tree": to_json(face.menu)}
    return Work("menu", tuple(passages), tuple(links), facts)


def _menus(face: Face) -> list[tuple[str, Menu]]:
    return [("", face.menu), *((f"个性化菜单「{one.name}」", one.menu) for one in face.variants)]


def _names(menu: Menu) -> list[tuple[tuple[int, int | None], str]]:
    found: list[tuple[tuple[int, int | None], str]] = []
    for number, hall in enumerate(menu.halls):
        found.append(((number, None), hall.name))
        found += [((number, index), one.name) for index, one in enumerate(hall.entries)]
    return found
