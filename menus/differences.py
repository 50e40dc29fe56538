"""What changed between two menus, place by place, for two phones side by side."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from menus.conditional import Face, Variant
from menus.tree import Entry, Menu, Place

Verb = Literal["added", "removed", "moved", "renamed", "retargeted"]
VERBS = {
    "added": "新增",
    "removed": "删除",
    "moved": "移动",
    "renamed": "改名",
    "retargeted": "改动作",
}


@dataclass(frozen=True)
class Change:
    """One change. `old` and `new` are the places on the left and on the right phone (None: it is
    not there); `was` and `now` what it says or does there; `where` names the menu of a variant."""

    verb: Verb
    name: str
    old: Place | None = None
    new: Place | None = None
    was: str = ""
    now: str = ""
    where: str = ""


@dataclass(frozen=True)
class _Button:
    place: Place
    name: str
    entry: Entry | None  # None for a hall that only opens its list

    @property
    def does(self) -> str:
        if self.entry is None:
            return "打开二级菜单"
        target = self.entry.target
        extra = f" {target.appid} {target.pagepath}" if target.appid else ""
        return f"{target.kind} {target.value}{extra}"


def diff(old: Menu, new: Menu) -> list[Change]:
    """The changes from one menu to another, in the order of the new one, removals last.

    Buttons are matched by place, name and target, then by fewer of them. What only makes room for
    another has not moved: moved is what changed its order, or its hall.
    """
    pairs = list(_matched(list(_buttons(old)), list(_buttons(new))))
    stayed = _stayed([(one.place, two.place) for one, two in pairs if one and two])
    changes = [
        change
        for before, after in pairs
        for change in _compare(before, after, stays=after is None or after.place in stayed)
    ]
    return sorted(changes, key=_reading_order)


def _stayed(places: list[tuple[Place, Place]]) -> set[Place]:
    """Of matched buttons, the new places of those that kept their order among their neighbours."""
    halls = {old[0]: new[0] for old, new in places if new[1] is None}
    kept = set(_in_order([(old[0], new) for old, new in places if new[1] is None]))
    for hall in {new[0] for _, new in places}:
        kept |= set(
            _in_order(
                [
                    (old[1], new)
                    for old, new in places
                    if old[1] is not None and new[0] == hall and halls.get(old[0]) == hall
                ]
            )
        )
    return kept


def _in_order(items: list[tuple[int, Place]]) -> list[Place]:
    """The longest run of items, in their new order, whose old positions grow."""
    best: list[list[tuple[int, Place]]] = []
    for item in sorted(items, key=lambda each: (each[1][0], each[1][1] or 0)):
        longest = max((run for run in best if run[-1][0] < item[0]), key=len, default=[])
        best.append([*longest, item])
    return [place for _, place in max(best, key=len, default=[])]


def _reading_order(change: Change) -> tuple[bool, int, int]:
    place = change.new or change.old or (0, None)
    return change.new is None, place[0], -1 if place[1] is None else place[1]


def _buttons(menu: Menu) -> Iterator[_Button]:
    for number, hall in enumerate(menu.halls):
        own = Entry(hall.name, hall.target) if hall.target else None
        yield _Button((number, None), hall.name, own)
        for index, entry in enumerate(hall.entries):
            yield _Button((number, index), entry.name, entry)


def _matched(
    old: list[_Button], new: list[_Button]
) -> Iterator[tuple[_Button | None, _Button | None]]:
    for key in _KEYS:
        waiting: dict[object, _Button] = {}
        for button in old:
            waiting.setdefault(key(button), button)
        for after in list(new):
            before = waiting.pop(key(after), None)
            if before is not None:
                old.remove(before)
                new.remove(after)
                yield before, after
    yield from ((before, None) for before in old)
    yield from ((None, after) for after in new)


def _level(button: _Button) -> bool:
    return button.place[1] is None


# What makes two buttons the same one, the surest sign first.
_KEYS: tuple[Callable[[_Button], object], ...] = (
    lambda one: (one.place, one.name, one.does),
    lambda one: (_level(one), one.name, one.does),
    lambda one: (one.place, one.name),
    lambda one: (_level(one), one.name),
    lambda one: (one.place, one.does),
    lambda one: (_level(one), one.does) if one.entry else one,
)


def _compare(before: _Button | None, after: _Button | None, *, stays: bool) -> Iterator[Change]:
    if before is None:
        assert after is not None
        yield Change("added", after.name, None, after.place, now=after.does)
        return
    if after is None:
        yield Change("removed", before.name, before.place, None, was=before.does)
        return
    places = (before.place, after.place)
    if not stays:
        yield Change("moved", after.name, *places)
    if before.name != after.name:
        yield Change("renamed", after.name, *places, was=before.name, now=after.name)
    if before.does != after.does:
        yield Change("retargeted", after.name, *places, was=before.does, now=after.does)


def diff_faces(old: Face, new: Face) -> list[Change]:
    """The changes between two versions, those of their variants too."""
    changes = diff(old.menu, new.menu)
    before = {one.name: one for one in old.variants}
    for place, variant in enumerate(new.variants):
        changes.extend(_compare_variants(before.pop(variant.name, None), variant, place, old))
    for gone in before.values():
        changes.append(Change("removed", f"个性化菜单「{gone.name}」", where=gone.name))
    return changes


def _compare_variants(
    before: Variant | None, after: Variant, place: int, old: Face
) -> Iterator[Change]:
    called = f"个性化菜单「{after.name}」"
    if before is None:
        yield Change("added", called, where=after.name)
        return
    if old.variants.index(before) != place:
        yield Change("moved", called, where=after.name)
    if before.rule != after.rule:
        was, now = (f"{one.rule.tag} {one.rule.platform}".strip() for one in (before, after))
        yield Change("retargeted", called, was=was, now=now, where=after.name)
    for change in diff(before.menu, after.menu):
        yield Change(
            change.verb, change.name, change.old, change.new, change.was, change.now, after.name
        )


def sentence(change: Change) -> str:
    """The change in words, for lists and commands."""
    words = f"{VERBS[change.verb]}：{change.name}"
    if change.where and not change.name.startswith("个性化"):
        words = f"{VERBS[change.verb]}：「{change.where}」中的 {change.name}"
    if change.was or change.now:
        words += f"（{change.was or '无'} → {change.now or '无'}）"
    return words
