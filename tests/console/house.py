"""A console of its own: the real routes on a real SQLite file, the outside world faked."""

from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from flask_wtf.csrf import CSRFProtect
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from bot.inbound import Account, Gate, Inbound
from bot.replies import Reply
from content.texts import Texts, load_texts
from handlers.context import Rules
from handlers.dispatch import Dispatcher
from kernel.db import Database
from kernel.operator_sessions import SessionRules
from kernel.refusals import every_refusal
from kernel.vault import Vault
from loyalty.policy import Policy
from loyalty.sold_out import SoldOut
from web.console import register_console
from web.cookies import PartedCookies
from web.errors import register_errors
from web.headers import register_headers
from web.wiring import Hall, Visitor, Wiring

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
PASSWORD = "correct horse battery"
RULES = SessionRules(idle=timedelta(minutes=30), life=timedelta(hours=8))
_HOURS = (time(8, 30), time(20))


@dataclass
class MovedClock:
    """Stands still until a test moves it."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


class NoWeChat:
    """Nobody of the console signs in through WeChat."""

    def authorize_url(self, redirect_uri: str, state: str) -> str:
        raise AssertionError("the console asked WeChat")

    def visitor(self, code: str) -> Visitor:
        raise AssertionError("the console asked WeChat")


@dataclass
class House:
    """The running app and what a test needs to look behind it."""

    app: Flask
    database: Database
    clock: MovedClock
    vault: Vault
    nudged: list[tuple[str, int]] = field(default_factory=list)

    def browser(self) -> "Browser":
        return Browser(self.app.test_client())

    def enter(self, role: str) -> "Browser":
        """A browser in which the operator named after his role has signed in."""
        browser = self.browser()
        answer = browser.post("/console/sign-in", login=role, password=PASSWORD)
        assert answer.status_code == 303
        return browser


@dataclass
class Browser:
    """Keeps cookies and sends forms with the token of a page, as a person's browser does."""

    client: FlaskClient

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=headers)

    def text(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:2000])
        return answer.text

    def post(self, path: str, **form: Any) -> TestResponse:
        return self.client.post(path, data={**form, "csrf_token": self.token()})

    def token(self) -> str:
        """The token that this session's forms carry."""
        with self.client.session_transaction(path="/console/") as session:
            secret = session.setdefault("csrf_token", "0" * 40)
        key = self.client.application.secret_key
        assert isinstance(key, str)
        return str(URLSafeTimedSerializer(key, salt="wtf-csrf-token").dumps(secret))


def make_house(database: Database) -> House:
    clock, vault = MovedClock(), Vault({"k1": b"k" * 32}, b"l" * 32)
    # Routes and templates are those of all houses, what a test changes is its own.
    app = copy(_built())
    app.config, app.extensions = copy(app.config), dict(app.extensions)
    app.view_functions = dict(app.view_functions)
    house = House(app, database, clock, vault)
    app.extensions["weiting"] = _wiring(house)
    return house


@cache
def _built() -> Flask:
    app = Flask("web")
    app.config.update(SECRET_KEY="s" * 32, TESTING=False, PROPAGATE_EXCEPTIONS=True)
    app.session_interface = PartedCookies()
    CSRFProtect(app)
    register_headers(app)
    register_errors(app)
    register_console(app)
    return app


def _dispatch(_message: Inbound, _at: datetime) -> Reply:
    raise AssertionError("the console sent a message to the bot")


def _dispatcher(house: House) -> Dispatcher:
    """The bot's own decisions, for the test box of replies."""
    rules = Rules(Policy(), "http://hall.test", _HOURS, house.vault, SoldOut())
    texts = load_texts(Path(__file__).parents[2] / "halls" / "tietong")
    return Dispatcher(house.database, texts, rules)


def _wiring(house: House) -> Wiring:
    dispatcher = _dispatcher(house)
    refusals = {kind.code: f"refused: {kind.code}" for kind in every_refusal()}
    return Wiring(
        database=house.database,
        clock=house.clock,
        vault=house.vault,
        texts=Texts({}, refusals),
        hall=Hall("铁通掌上营业厅", "http://hall.test", "2026-11", "", staff_hours=_HOURS),
        gate=Gate(Account("wx0000000000000000", "t" * 16, "", "plain")),
        dispatch=_dispatch,
        explain=dispatcher.explain,
        rule_book=dispatcher.rules.book,
        sign_in=NoWeChat(),
        policy=Policy(),
        session_rules=RULES,
        nudge=lambda name, item_id: house.nudged.append((name, item_id)),
        ready=lambda: {"database": True, "redis": True, "scheduler": True, "worker": True},
    )
