"""What an API function is given and how an endpoint is described."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from flask import Response
from werkzeug.datastructures import FileStorage

from emulator.errcodes import Refused
from emulator.platform import Platform
from emulator.state import Json, State, User

Result = Json | Response
OK: Json = {"errcode": 0, "errmsg": "ok"}


@dataclass(frozen=True)
class Call:
    """One API call: query, JSON body (empty for GET), raw body, uploaded files."""

    platform: Platform
    path: str
    args: Mapping[str, str]
    body: Json
    raw: bytes = b""
    files: Mapping[str, FileStorage] = field(default_factory=dict)
    remote_addr: str = ""

    @property
    def state(self) -> State:
        return self.platform.state

    @property
    def now(self) -> float:
        return self.platform.clock.now()

    def text(self, name: str) -> str:
        """A field of the body as text; numbers are taken as well, as the platform does."""
        value = self.body.get(name, "")
        return str(value) if isinstance(value, str | int) else ""

    def strings(self, name: str) -> list[str]:
        """A list of texts in the body; [] when it is none."""
        value = self.body.get(name)
        return [str(each) for each in value] if isinstance(value, list) else []

    def table(self, name: str) -> Json:
        """An object in the body; {} when it is none."""
        value = self.body.get(name)
        return value if isinstance(value, dict) else {}

    def user(self, openid: str) -> User:
        """The user of an openid; refuses with 41009 (missing) or 40003 (unknown)."""
        if not openid:
            raise Refused(41009)
        user = self.state.users.get(openid)
        if user is None:
            raise Refused(40003)
        return user


Handler = Callable[[Call], Result]


@dataclass(frozen=True)
class Endpoint:
    """One API: `daily` and `minute` are call limits, `channel` names its line in the journal.

    `body` is json (refused with 44002/47001 when it is none), file or none.
    """

    handler: Handler
    method: Literal["GET", "POST"] = "POST"
    daily: int = 100_000
    minute: int = 0
    body: Literal["json", "file", "none"] = "json"
    needs_token: bool = True
    channel: str = ""


def read_list(value: Any) -> list[Any]:
    """`value` if it is a list, else []."""
    return value if isinstance(value, list) else []
