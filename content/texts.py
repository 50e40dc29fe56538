"""The hall's phrases and the words for each refusal, from the hall's `texts.yaml`."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kernel.clock import SHANGHAI
from kernel.refusals import Invalid, Refused
from kernel.yaml import YamlRefused, load_strict


@dataclass(frozen=True)
class Texts:
    """Phrases by name; `{slots}` are filled with plain values, never with templates."""

    phrases: dict[str, str]
    refusals: dict[str, str]

    def say(self, phrase: str, **slots: object) -> str:
        """The phrase with its slots filled; a name that does not exist is a KeyError."""
        return _fill(self.phrases[phrase], slots)

    def refuse(self, refused: Refused) -> str:
        """The sentence for a person who was refused."""
        if isinstance(refused, Invalid) and "reason" in refused.facts:
            return str(refused.facts["reason"])
        return _fill(self.refusals[refused.code], refused.facts)


def _fill(text: str, slots: dict[str, object]) -> str:
    for name, value in slots.items():
        # Replaced, not formatted: a value with braces in it stays a value.
        text = text.replace("{" + name + "}", _shown(value))
    return text


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        local = value.astimezone(SHANGHAI)
        return f"{local.month} 月 {local.day} 日 {local:%H:%M}"
    return str(value)


def load_texts(folder: Path) -> Texts:
    """Read `texts.yaml` of a hall. Raises YamlRefused."""
    values = load_strict(folder / "texts.yaml")
    for section in ("phrases", "refusals"):
        entries = values.get(section)
        if not isinstance(entries, dict) or not all(isinstance(v, str) for v in entries.values()):
            raise YamlRefused(f"texts.yaml: `{section}` must hold names with texts")
    return Texts(values["phrases"], values["refusals"])
