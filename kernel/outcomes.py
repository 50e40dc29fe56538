"""What became of something that was sent to the outside."""

from typing import Literal, NamedTuple


class Outcome(NamedTuple):
    """The result of one call.

    `sent`: it was taken. `again`: surely not taken, may be tried later. `refused`: surely not
    taken, never will be. `stop`: the account itself is refused, so the whole job must pause.
    `unknown`: no clear answer; it may have been taken, so it is not sent again by itself.
    """

    verdict: Literal["sent", "again", "refused", "stop", "unknown"]
    reason: str | None = None
    message_id: int | None = None


class CallFailed(Exception):
    """A call to the outside did not bring what it should; `outcome` is never `sent`."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(f"{outcome.verdict} {outcome.reason}")
        self.outcome = outcome
