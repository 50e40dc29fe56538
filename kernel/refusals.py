"""Refusals: what the business says no to, as types that read as the fact."""

from typing import ClassVar


class Refused(Exception):
    """A rule of the business said no.

    `code` is stable: clients, the text table of a hall and the status table of `web` match on it.
    `facts` are the values that explain the no ("还差 1 天"); a hall's text may use them by name.
    """

    code: ClassVar[str] = "refused"

    def __init__(self, **facts: object) -> None:
        super().__init__(self.code)
        self.facts = facts


class NotFound(Refused):
    """No such thing, or none that the asker may see: both read the same from outside."""

    code = "not_found"


class Invalid(Refused):
    """A field holds something the rules cannot accept; facts: `field`, `reason`."""

    code = "invalid"


def every_refusal() -> list[type[Refused]]:
    """All refusals defined so far, for the tables that must cover each of them."""
    found: list[type[Refused]] = []
    waiting: list[type[Refused]] = [Refused]
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting.extend(kind.__subclasses__())
    return found
