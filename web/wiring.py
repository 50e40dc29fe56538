"""What the routes need from outside, put together by `app.py`, found through the running app."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Protocol, TypeVar, cast

from flask import current_app
from sqlalchemy.orm import Session

from bot.gateway import Quota
from bot.inbound import Gate, Inbound
from bot.oauth import SignInFailed, Visitor
from bot.replies import Reply
from bot.vitals import Condition
from content.publishing import NoFiles
from content.reply_book import RuleBook
from content.reply_traces import Question, Trace
from content.texts import Texts
from kernel.clock import SHANGHAI, Clock
from kernel.db import Database
from kernel.file_store import FileStore
from kernel.operator_sessions import SessionRules
from kernel.vault import Vault
from loyalty import erasure, merges
from loyalty.policy import Policy
from loyalty.sold_out import SoldOut
from menus.platform import MenuPlatform, MenuRules, Unplugged
from pushes.channels import PushPreview, SmsTrial
from pushes.clicks import Links
from pushes.schedules import OccasionDays, no_occasions
from pushes.settings import PushRules

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
    # Hosts besides our own that texts may lead to.
    link_domains: tuple[str, ...] = ()
    # When human staff answer, Shanghai time.
    staff_hours: tuple[time, time] = (time(0), time(23, 59, 59))

    def is_off_hours(self, at: datetime) -> bool:
        """Whether nobody is expected to answer what came at that instant."""
        opens, closes = self.staff_hours
        return not opens <= at.astimezone(SHANGHAI).time() < closes


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
    # What the bot would say to (a message, this openid, then), and why; nothing is done.
    explain: Callable[[Question, str, datetime], Trace]
    rule_book: RuleBook
    # How the connection to WeChat is doing, asked of Redis; and one quota, asked of WeChat.
    condition: Callable[[], Condition] = Condition
    quota: Callable[[str], Quota] | None = None
    # What other packages do when a member is erased or merged.
    erase_steps: tuple[erasure.Step, ...] = ()
    merge_steps: tuple[merges.Step, ...] = ()
    sold_out: SoldOut = field(default_factory=SoldOut)
    # Asked outside of any transaction; publishing goes by rows and the queue instead.
    menus: MenuPlatform = field(default_factory=Unplugged)
    menu_rules: MenuRules = field(default_factory=MenuRules)
    # The media library's files, by digest; read and written outside of any transaction.
    files: FileStore = field(default_factory=NoFiles)
    push_rules: PushRules = field(default_factory=PushRules)
    # Makes and reads the short addresses of pushes.
    push_links: Links = field(default_factory=lambda: Links("", lambda text: text))
    # When holidays are, by their codes, and what they are called.
    occasion_days: OccasionDays = no_occasions
    occasion_names: Mapping[str, str] = field(default_factory=dict)
    # Shows colleagues what a push would look like; called outside of any transaction.
    push_preview: PushPreview | None = None
    sms_trial: SmsTrial | None = None
    # The time of authenticators, invitations and sessions, where the hall's own may be moved.
    wall: Clock | None = None


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


def real_now() -> datetime:
    """The present instant outside of the hall: a phone that shows codes does not travel in time.

    For what lets operators in: codes, tries, sessions, invitations. The hall's own rows, the audit
    log among them, have `now`.
    """
    wired = wiring()
    return (wired.wall or wired.clock).now()
