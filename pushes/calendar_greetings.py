"""`greetings.yaml` of a hall's folder: what a proposed push says, by occasion.

The item `fallback` speaks for every occasion without words of its own. Slots: `{hall}`, `{name}`
of the occasion, `{year}`, `{link}` to `page`. Solemn occasions have no page and no bonus.
"""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from content.hall_files import CHAT_BYTES, Entry, Prose, Title, entries_of, read_file
from kernel.yaml import YamlRefused
from pushes.holidays_occasions import OCCASIONS, Occasion

FILE, FALLBACK = "greetings.yaml", "fallback"
# What an address adds to the text, at most.
_ADDRESS_BYTES = 200


class Greeting(Entry):
    """The words of one occasion; `bonus_points` is what a check-in on the day could bring."""

    title: Title
    body: Prose
    page: Annotated[str, StringConstraints(pattern=r"^(/site[a-z0-9/-]*)?$", max_length=100)] = ""
    bonus_points: Annotated[int, Field(ge=0, le=10_000)] = 0


# Of a hall without the file: short enough to offend nobody.
_PLAIN = Greeting(code=FALLBACK, title="{name}问候", body="{name}到了，{hall}祝您和家人平安顺遂。")


@dataclass(frozen=True)
class Said:
    """A greeting with its slots filled."""

    title: str
    body: str
    page: str
    bonus_points: int


@dataclass(frozen=True)
class Greetings:
    """All of a hall's, by the key of their occasion."""

    by_key: dict[str, Greeting] = field(default_factory=lambda: {FALLBACK: _PLAIN})

    def say(self, occasion: Occasion, on: date, hall: str, base_url: str) -> Said:
        """What the hall would say on that day of the occasion."""
        found = self.by_key.get(occasion.key, self.by_key[FALLBACK])
        page = "" if occasion.solemn else found.page
        slots = {
            "hall": hall,
            "name": occasion.name,
            "year": str(on.year),
            "link": f"{base_url}{page}" if page else "",
        }
        return Said(
            _fill(found.title, slots)[:40].strip(),
            _fill(found.body, slots).strip(),
            page,
            0 if occasion.solemn else found.bonus_points,
        )


def load_greetings(folder: Path) -> Greetings:
    """Read and check the file; a hall without it says the same on each day. Raises YamlRefused."""
    if not (folder / FILE).exists():
        return Greetings()
    entries = entries_of(Greeting, FILE, read_file(folder, FILE, {"greetings"}), "greetings")
    for entry in entries:
        fault = _fault(entry)
        if fault:
            raise YamlRefused(f"{FILE}: '{entry.code}': {fault}")
    return Greetings({FALLBACK: _PLAIN, **{entry.code: entry for entry in entries}})


def _fault(entry: Greeting) -> str:
    known = OCCASIONS.get(entry.code)
    if known is None and entry.code != FALLBACK:
        return "no such occasion"
    if known is not None and known.solemn and (entry.page or entry.bonus_points):
        return "a solemn occasion has no page and no bonus"
    if ("{link}" in entry.body) != bool(entry.page):
        return "`page` and the slot {link} go together"
    if len(entry.body.encode()) + _ADDRESS_BYTES > CHAT_BYTES:
        return "the body is too long for a message"
    return ""


def _fill(text: str, slots: dict[str, str]) -> str:
    for name, value in slots.items():
        text = text.replace("{" + name + "}", value)
    return text
