"""What a handler is given: one message, one transaction, one instant."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time

from sqlalchemy.orm import Session

from bot.inbound import Inbound
from content.reply_book import RuleBook
from content.reply_traces import Trail
from content.texts import Texts
from kernel.vault import Vault
from loyalty import members
from loyalty.members import Member
from loyalty.policy import Policy
from loyalty.sold_out import SoldOut


@dataclass(frozen=True)
class Rules:
    """What the handlers need of the configuration."""

    policy: Policy
    base_url: str
    staff_hours: tuple[time, time]
    vault: Vault
    sold_out: SoldOut = field(default_factory=SoldOut)
    # Who answers when somebody asks for staff: the inbox of the console, or WeChat's own desk.
    staff: str = "console"
    # The code of the tag whose members see what is on trial.
    trial_tag: str = ""
    book: RuleBook = field(default_factory=RuleBook)
    # One of so many replies, by number.
    pick: Callable[[int], int] = random.randrange


@dataclass(frozen=True)
class Context:
    """One message being handled."""

    session: Session
    inbound: Inbound
    now: datetime
    texts: Texts
    rules: Rules
    trail: Trail = field(default_factory=Trail)

    @property
    def openid(self) -> str:
        """Who wrote or tapped."""
        return self.inbound.openid

    def member(self) -> Member:
        """The member who wrote. Raises NotRegistered."""
        return members.get(self.session, self.openid)

    def link(self, path: str) -> str:
        """The address of a page of ours."""
        return f"{self.rules.base_url}{path}"

    def say(self, phrase: str, **slots: object) -> str:
        """A phrase of the hall."""
        return self.texts.say(phrase, **slots)
