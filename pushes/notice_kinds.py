"""Transactional notices by kind: what a hall sends of each, and the facts its texts may name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from kernel.fields import Section
from pushes import template_values

APPLICATION_MOVED = "application_moved"
_SLOT = re.compile(r"\{([a-z_]+)\}", re.ASCII)


@dataclass(frozen=True)
class Kind:
    """A kind: the facts that texts may name, and whether it only reminds, so can wait."""

    facts: tuple[str, ...]
    reminds: bool = True


# Kinds of `loyalty.notices`, and the moves of applications.
KINDS: dict[str, Kind] = {
    "check_in_reminder": Kind(("name", "streak")),
    "points_expiring": Kind(("name", "points", "days", "date")),
    "coupon_expiring": Kind(("name", "title", "days", "date")),
    "reward.shipped": Kind(("name", "carrier", "tracking_no"), reminds=False),
    APPLICATION_MOVED: Kind(("name", "product", "number", "state", "time"), reminds=False),
}


@dataclass(frozen=True)
class NoticeTemplate:
    """What is sent of one kind: by which channel, which template, its values, the page behind."""

    channel: str
    template_id: str
    data: Mapping[str, str] = field(default_factory=dict)
    page: str = ""


Templates = Mapping[str, NoticeTemplate]


def fill(template: NoticeTemplate, facts: Mapping[str, object]) -> dict[str, dict[str, str]]:
    """The template's values for one member, each as WeChat takes it."""

    def value(key: str, text: str) -> str:
        filled = _SLOT.sub(lambda match: str(facts.get(match[1], "")), text)
        return template_values.fit(key, filled)

    return {key: {"value": value(key, text)} for key, text in template.data.items()}


def unfit(data: Mapping[str, Mapping[str, str]]) -> str | None:
    """The first value that WeChat would refuse, and why; None when there is none."""
    for key, entry in data.items():
        if why := template_values.fault(key, entry["value"]):
            return f"{key} {why}"
    return None


class NoticeEntry(Section):
    """One entry of `notices:` in config.yaml."""

    channel: Literal["notice", "template"]
    template_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{10,64}$")]
    data: dict[str, str] = Field(min_length=1, max_length=20)
    page: Annotated[str, Field(pattern=r"^(/[^\s]*)?$", max_length=200)] = ""


def check(entries: Mapping[str, NoticeEntry]) -> None:
    """Raises ValueError for a kind, a fact or a value that cannot be sent."""
    for name, entry in entries.items():
        kind = KINDS.get(name)
        if kind is None:
            raise ValueError(f"no notice {name}, choose from {', '.join(KINDS)}")
        for key, text in entry.data.items():
            unknown = set(_SLOT.findall(text)) - set(kind.facts)
            if unknown:
                known = ", ".join(kind.facts)
                raise ValueError(f"{name}.{key} names {sorted(unknown)[0]}, there are {known}")
            if not _SLOT.search(text) and template_values.fault(key, text):
                raise ValueError(f"{name}.{key} is no value that WeChat takes")


def templates(entries: Mapping[str, NoticeEntry]) -> dict[str, NoticeTemplate]:
    """The entries as the sender takes them."""
    return {name: NoticeTemplate(**entry.model_dump()) for name, entry in entries.items()}
