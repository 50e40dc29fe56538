"""What queue actors and timed jobs work with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.orm import Session

from content.customer_messages import CustomerSender, Nobody
from content.publishing import Publishing
from kernel.clock import Clock
from kernel.db import Database
from kernel.sms import SmsSender
from kernel.vault import Vault
from loyalty.policy import Policy
from menus.platform import MenuPlatform, MenuRules, Unplugged
from pushes.channels import Lanes, MassSender
from pushes.clicks import Links
from pushes.notice_kinds import Templates
from pushes.notice_sending import NoSender, NoticeSender
from pushes.proposals import Proposing
from pushes.schedules import OccasionDays, no_occasions
from pushes.settings import PushRules


class Put(Protocol):
    """Asks the queue for an actor's work on a row."""

    def __call__(self, name: str, item_id: int, /) -> object: ...


@dataclass(frozen=True)
class Tools:
    """What actors and jobs work with."""

    database: Database
    clock: Clock
    vault: Vault
    sms: SmsSender
    mass: MassSender
    put: Put
    links: Links
    lanes: Lanes
    push_rules: PushRules = field(default_factory=PushRules)
    policy: Policy = field(default_factory=Policy)
    menus: MenuPlatform = field(default_factory=Unplugged)
    menu_rules: MenuRules = field(default_factory=MenuRules)
    customers: CustomerSender = field(default_factory=Nobody)
    publishing: Publishing = field(default_factory=Publishing)
    # Whether this process was asked to end: what has begun is settled, nothing else begins.
    stopping: Callable[[], bool] = lambda: False
    # Transactional notices: what the hall sends of each kind, and who sends it.
    notice_templates: Templates = field(default_factory=dict)
    notices: NoticeSender = field(default_factory=NoSender)
    # When holidays are, for series that go by them.
    occasion_days: OccasionDays = no_occasions
    # The number of WeChat's tag for one of ours, by its code; None while there is none.
    wechat_tag: Callable[[Session, str], int | None] = lambda _session, _code: None
    proposing: Proposing = field(default_factory=Proposing)
