"""What one emulator is started with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

Mode = Literal["plain", "compatible", "safe"]
MODES: tuple[str, ...] = get_args(Mode)

INTRO = "报装、缴费、报修、办事进度，一厅办结。签到领积分，好礼天天换。"


class InvalidSettings(ValueError):
    """An option cannot be used; the text says which and why."""


@dataclass(frozen=True)
class Settings:
    """Options of one emulator; times are seconds.

    `delivery_timeout_seconds` is the platform's five-second rule, `retry_pause_seconds` the gap
    after a delivery that failed fast: both are options so that tests need not wait.
    """

    app_id: str = "wx7d1e5a90c3b8f246"
    app_secret: str = "3f9a6c1e8b2d4705a1c9e7f3b5d80264"  # noqa: S105 (made up, for trying out)
    original_id: str = "gh_8a4c1f7e29b3"
    name: str = "铁通掌上营业厅"
    intro: str = INTRO
    callback_url: str = ""
    token: str = "weiting"  # noqa: S105
    aes_key: str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
    mode: Mode = "safe"
    host: str = "127.0.0.1"
    port: int = 8100
    state_path: Path | None = None
    oauth_domains: tuple[str, ...] = ("127.0.0.1", "localhost")
    delivery_timeout_seconds: float = 5.0
    retry_pause_seconds: float = 1.0
    job_delay_seconds: float = 0.3
    snapshot_delay_seconds: float = 0.3
    long_poll_seconds: float = 20.0


TEXT_OPTIONS = (
    "app_id",
    "app_secret",
    "original_id",
    "name",
    "intro",
    "callback_url",
    "token",
    "aes_key",
    "mode",
    "host",
    "port",
    "state",
    "oauth_domains",
)


def build_settings(texts: Mapping[str, str]) -> Settings:
    """Settings from texts by option name (see `TEXT_OPTIONS`), as a shell gives them.

    Raises `InvalidSettings` for a mode, port or AES key that cannot work.
    """
    given: dict[str, Any] = {name: texts[name] for name in TEXT_OPTIONS if texts.get(name)}
    state, port = given.pop("state", ""), given.pop("port", "8100")
    domains, mode = given.pop("oauth_domains", ""), given.pop("mode", "safe")
    if mode not in MODES:
        raise InvalidSettings(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
    if not port.isdecimal() or int(port) > 65535:
        raise InvalidSettings(f"port must be a number from 0 to 65535, not {port!r}")
    if len(given.get("aes_key", Settings.aes_key)) != 43:
        raise InvalidSettings("the AES key has exactly 43 letters and digits")
    return Settings(
        mode=cast(Mode, mode),
        port=int(port),
        state_path=Path(state) if state else None,
        oauth_domains=split_domains(domains) or Settings.oauth_domains,
        **given,
    )


def split_domains(text: str) -> tuple[str, ...]:
    """`"a.example, b.example"` → `("a.example", "b.example")`."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
