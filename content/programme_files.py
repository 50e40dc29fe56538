"""`loyalty.yaml` of a hall's folder: the loyalty programme as its owner begins it.

Days are Shanghai days, both included. Each item is written once; afterwards the console and the
commands are where it changes.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from content.hall_files import Code, Entry, Prose, Short, Title, Windowed, entries_of, read_file
from kernel.refusals import Invalid
from loyalty import checkin_rules
from loyalty.settings import GiftSection

FILE = "loyalty.yaml"
Points = Annotated[int, Field(ge=0, le=1_000_000)]


class ProgrammeEntry(Entry):
    """A version of the check-in rules; see `loyalty.checkin_rules.parse`."""

    name: Title
    starts_on: date
    ends_on: date = date(9998, 12, 31)
    rules: dict[str, Any]

    @model_validator(mode="after")
    def _rules_read(self) -> Self:
        try:
            checkin_rules.parse(self.rules)
        except Invalid as refused:
            raise ValueError(f"rules: {refused.facts['field']}") from None
        return self


class TierEntry(Entry):
    """A tier; see `loyalty.tiers`."""

    level: Annotated[int, Field(ge=1, le=20)]
    name: Short
    threshold: Annotated[int, Field(ge=1)]
    multiplier_percent: Annotated[int, Field(ge=100, le=1_000)] = 100
    gift: GiftSection = GiftSection()


class EarnRuleEntry(Windowed):
    """A way to earn; see `loyalty.earn_rules`."""

    title: Title
    points: Points
    per_units: Points = 0
    day_cap: Points = 0
    week_cap: Points = 0
    month_cap: Points = 0
    multiplied: bool = True
    waits: bool = False


class ProfileEntry(Entry):
    """A profile field; see `loyalty.profiles`."""

    title: Short
    kind: Literal["text", "number", "date", "choice"]
    choices: tuple[str, ...] = ()
    required: bool = False


class TagEntry(Entry):
    """A tag, by hand or by a rule; see `loyalty.rules`."""

    name: Short
    rule: dict[str, Any] | None = None


class RewardEntry(Entry):
    """A reward of the shop; see `loyalty.rewards`."""

    title: Title
    kind: Literal["physical", "coupon"]
    batch: Code | None = None
    price_points: Annotated[int, Field(ge=1, le=1_000_000)]
    stock: Points
    per_member: Annotated[int, Field(ge=1, le=999)] = 1
    min_level: Annotated[int, Field(ge=0, le=20)] = 0
    description: Prose
    picture: Annotated[str, StringConstraints(min_length=1, max_length=120)] = "🎁"
    starts_on: date = date(2026, 1, 1)
    ends_on: date = date(2035, 12, 31)


@dataclass(frozen=True)
class ProgrammeFile:
    """Everything that `loyalty.yaml` holds."""

    check_in_programmes: list[ProgrammeEntry]
    tiers: list[TierEntry]
    earn_rules: list[EarnRuleEntry]
    profile_fields: list[ProfileEntry]
    tags: list[TagEntry]
    rewards: list[RewardEntry]


def load_programme(folder: Path) -> ProgrammeFile:
    """Read and check the file. Raises YamlRefused, naming item and reason."""
    sections = set(ProgrammeFile.__dataclass_fields__)
    values = read_file(folder, FILE, sections)
    return ProgrammeFile(
        check_in_programmes=entries_of(ProgrammeEntry, FILE, values, "check_in_programmes"),
        tiers=entries_of(TierEntry, FILE, values, "tiers"),
        earn_rules=entries_of(EarnRuleEntry, FILE, values, "earn_rules"),
        profile_fields=entries_of(ProfileEntry, FILE, values, "profile_fields"),
        tags=entries_of(TagEntry, FILE, values, "tags"),
        rewards=entries_of(RewardEntry, FILE, values, "rewards"),
    )
