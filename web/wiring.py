"""What the routes need from outside, put together by `app.py`, found through the running app."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar, cast

from flask import current_app
from sqlalchemy.orm import Session

from bot.inbound import Gate, Inbound
from bot.oauth import SignInFailed, Visitor
from bot.replies import Reply
from content.texts import Texts
from kernel.clock import Clock
from kernel.db import Database
from kernel.operators import SessionRules
from kernel.vault import Vault
from loyalty import erasure, merges
from loyalty.policy import Policy
from loyalty.sold_out import SoldOut

__all__ = [
    "Hall",
    "SignIn",
    "SignInFailed",
    "Visitor",
    "Wiring",
    "now",
    "read",
    "transaction",
    "wiring",
]

T = TypeVar("T")


class SignIn(Protocol):
    """WeChat's web authorization."""

    def authorize_url(self, redirect_uri: str, state: str) -> str: ...

    def visitor(self, code: str) -> Visitor:
        """Who holds this one-time code. Raises SignInFailed."""
        ...


@dataclass(frozen=True)
class Hall:
    """What pages say about the hall they belong to."""

    name: str
    base_url: str
    consent_version: str
    frame_ancestors: str


@dataclass(frozen=True)
class Wiring:
    """Everything a route may use."""

    database: Database
    clock: Clock
    vault: Vault
    texts: Texts
    hall: Hall
    gate: Gate
    dispatch: Callable[[Inbound, datetime], Reply]
    sign_in: SignIn
    policy: Policy
    session_rules: SessionRules
    nudge: Callable[[str, int], object]
    ready: Callable[[], dict[str, bool]]
    # What other packages do when a member is erased or merged.
    erase_steps: tuple[erasure.Step, ...] = ()
    merge_steps: tuple[merges.Step, ...] = ()
    sold_out: SoldOut = field(default_factory=SoldOut)


def wiring() -> Wiring:
    """The wiring of the running app."""
    return cast("Wiring", current_app.extensions["weiting"])


def transaction(work: Callable[[Session], T]) -> T:
    """Run `work(session)` in the route's one transaction."""
    return wiring().database.transaction(work)


def read(work: Callable[[Session], T]) -> T:
    """Run `work(session)`, which only reads."""
    return wiring().database.read(work)


def now() -> datetime:
    """The present instant, by the clock that was passed in."""
    return wiring().clock.now()
