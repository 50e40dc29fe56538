"""Why not me? The conditions of a thing, each met or not, with the value that was used."""

from collections.abc import Iterable
from dataclasses import dataclass

from kernel.refusals import Refused


@dataclass(frozen=True)
class Condition:
    """One condition as a person reads it.

    `title` names it ("每人限领 2 张"), `value` is the asker's own ("已领 2 张"); `refusal` is what
    the deed itself raises when this is the first condition that is not met.
    """

    title: str
    met: bool
    value: str
    refusal: Refused


def enforce(conditions: Iterable[Condition]) -> None:
    """Raise the refusal of the first condition that is not met."""
    for condition in conditions:
        if not condition.met:
            raise condition.refusal
