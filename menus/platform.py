"""What publishing needs of WeChat, as a protocol that the gateway fits.

Every method raises `kernel.outcomes.CallFailed` when it does not bring what it should.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from kernel.outcomes import CallFailed, Outcome


class MenuPlatform(Protocol):
    """The calls about menus and about the tags that conditional menus go by."""

    def read(self) -> dict[str, Any] | None:
        """The answer of menu/get; None when there is no menu."""
        ...

    def read_current(self) -> dict[str, Any]:
        """The answer of get_current_selfmenu_info, which also tells what WeChat's console made."""
        ...

    def create(self, body: dict[str, Any]) -> None:
        """Replace everybody's menu."""
        ...

    def add_conditional(self, body: dict[str, Any]) -> str:
        """Add a conditional menu, which goes before the older ones; its menuid."""
        ...

    def delete_conditional(self, menuid: str) -> None:
        """Delete a conditional menu; one that is gone already is no failure."""
        ...

    def match(self, openid: str) -> list[Any]:
        """The buttons that this follower sees (trymatch); empty when there is no menu."""
        ...

    def tags(self) -> dict[str, int]:
        """The account's tags, name → id."""
        ...

    def create_tag(self, name: str) -> int:
        """Make a tag; its id."""
        ...

    def put_tag(self, wechat_id: int, openids: Sequence[str]) -> None:
        """Tag at most 50 followers: all of them or none."""
        ...

    def take_tag(self, wechat_id: int, openids: Sequence[str]) -> None:
        """Take the tag from at most 50 followers."""
        ...


@dataclass(frozen=True)
class MenuRules:
    """What the hall's configuration says about menus; without a tag nobody sees a trial."""

    base_url: str = ""
    trial_tag: str = ""


class Unplugged:
    """Stands where no WeChat is wired: whatever is asked for waits."""

    def __getattr__(self, name: str) -> NoReturn:
        raise CallFailed(Outcome("again", f"not wired: {name}"))
