"""The mini-site on a real database file; only WeChat, the clock and the queue are made up."""

import base64
import html
import re
import sqlite3
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_wtf.csrf import CSRFProtect
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from content.hall_files import HallFiles, load_hall
from content.programme_files import load_programme
from content.texts import Texts, load_texts
from handlers.commands.schema import upgrade
from kernel import sms
from kernel.db import Database
from kernel.engine import make_engine
from kernel.file_store import FolderStore
from kernel.operator_sessions import SessionRules
from kernel.outbox import OutboxMessage
from kernel.vault import Vault, vault_of
from loyalty import members, points, staff
from loyalty.coupons import CouponBatch
from loyalty.gifts import Gift
from loyalty.points import Credit
from loyalty.policy import Policy
from promotions.importer import import_hall
from promotions.programme_importer import import_programme
from tests.databases import duplicate, refill
from tests.loyalty.books import breaches
from web.cookies import PartedCookies
from web.errors import register_errors
from web.headers import register_headers
from web.site import register_site
from web.wiring import Hall, SignInFailed, Visitor, Wiring

HALL = Path(__file__).parents[2] / "halls" / "tietong"
START = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)  # ten in the morning in Shanghai
BASE_URL = "https://hall.example.cn"
POLICY = Policy(welcome=Gift(50), invite=Gift(30), invited=Gift(20))
_KEY = base64.b64encode(b"k" * 32).decode()


@dataclass
class FakeClock:
    """A clock that stands until it is moved."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class FakeWeChat:
    """WeChat's page: a code is the openid behind it, good once."""

    spent: set[str] = field(default_factory=set)
    snapshots: set[str] = field(default_factory=set)

    def authorize_url(self, redirect_uri: str, state: str) -> str:
        return f"https://open.example.com/authorize?redirect_uri={redirect_uri}&state={state}"

    def visitor(self, code: str) -> Visitor:
        if code in self.spent or code == "bad":
            raise SignInFailed(code)
        self.spent.add(code)
        openid = code.split(".", maxsplit=1)[0]
        return Visitor(openid, openid in self.snapshots)


@dataclass
class World:
    """Everything around the pages."""

    database: Database
    vault: Vault
    texts: Texts
    clock: FakeClock
    wechat: FakeWeChat
    nudges: list[tuple[str, int]]
    keeps_books: bool = True

    def sms_code(self) -> str:
        """The code of the newest short message."""

        def work(session: Session) -> str:
            rows = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id.desc()))
            return sms.unseal(self.vault, rows.first().payload["sealed"])[1].text  # type: ignore[union-attr]

        found = re.search(r"\d{6}", self.database.read(work))
        assert found
        return found[0]

    def join(self, openid: str, name: str = "张三", phone: str = "13800138000") -> int:
        """A member, without the form."""
        form = members.Registration(openid, name, phone, "2026-11")
        work = partial(members.admit, vault=self.vault, form=form, at=self.clock.at)
        return self.database.transaction(work).id

    def grant(self, member_id: int, count: int, reference: str = "test:1") -> None:
        """Points, from nowhere."""
        credits = [Credit(count, reference, "测试")]
        at = self.clock.at
        self.write(lambda db: points.earn(db, member_id, credits, at, POLICY.expiry.of(at)))

    def write(self, work: Callable[[Session], Any]) -> Any:
        return self.database.transaction(work)

    def batch_id(self, code: str) -> int:
        query = select(CouponBatch.id).where(CouponBatch.code == code)
        return cast("int", self.database.read(lambda db: db.scalar(query)))


class Phone:
    """A visitor's browser."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **options: Any) -> TestResponse:
        headers = {"Accept": "text/html", **options.pop("headers", {})}
        return self.client.get(path, headers=headers, base_url=BASE_URL, **options)

    def post(self, path: str, **fields: Any) -> TestResponse:
        """Post as a form of ours does: with the token of the session."""
        return self.post_bare(path, csrf_token=self.token(), **fields)

    def post_bare(
        self, path: str, headers: dict[str, str] | None = None, **fields: Any
    ) -> TestResponse:
        sent = {"Accept": "text/html", "Referer": f"{BASE_URL}/site/", **(headers or {})}
        return self.client.post(path, data=fields, headers=sent, base_url=BASE_URL)

    def text(self, path: str) -> str:
        """What a page reads."""
        return html.unescape(self.get(path, follow_redirects=True).text)

    def begin(self, wanted: str = "/site/") -> str:
        """Start signing in; the state that WeChat would bring back."""
        answer = self.get("/site/sign-in", query_string={"next": wanted})
        return parse_qs(urlsplit(answer.location).query)["state"][0]

    def sign_in(self, openid: str, wanted: str = "/site/") -> TestResponse:
        state = self.begin(wanted)
        return self.get(f"/site/oauth/callback?code={openid}.{state}&state={state}")

    def openid(self) -> object:
        with self.client.session_transaction(base_url=BASE_URL) as session:
            return session.get("openid")

    def token(self) -> str:
        """The token that this session's forms carry."""
        with self.client.session_transaction(base_url=BASE_URL) as session:
            secret = session.setdefault("csrf_token", "0" * 40)
        key = self.client.application.secret_key
        assert isinstance(key, str)
        return str(URLSafeTimedSerializer(key, salt="wtf-csrf-token").dumps(secret))


@pytest.fixture(scope="session")
def hall_files() -> HallFiles:
    return load_hall(HALL)


@pytest.fixture(scope="session")
def filled(
    tmp_path_factory: pytest.TempPathFactory, hall_files: HallFiles
) -> Iterator[tuple[Database, sqlite3.Connection]]:
    """The database of all worlds, one after the other, and how it begins: with the demo hall."""
    engine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('hall') / 'site.sqlite3'}")
    upgrade(engine)
    database = Database(engine)
    database.transaction(
        lambda db: (
            import_hall(db, hall_files, START),
            import_programme(db, load_programme(HALL), START),
        )
    )
    yield database, duplicate(database)
    engine.dispose()


@pytest.fixture
def world(filled: tuple[Database, sqlite3.Connection]) -> Iterator[World]:
    database, beginning = filled
    refill(database, beginning)
    vault = vault_of(f"k1:{_KEY}", _KEY)
    made = World(database, vault, load_texts(HALL), FakeClock(), FakeWeChat(), [])
    yield made
    # Whatever a test did with the pages, the books are in order.
    assert not made.keeps_books or breaches(made.database, made.clock.at) == {}


@cache
def _built() -> Flask:
    app = Flask("web")
    app.config.update(SECRET_KEY="s" * 32, WTF_CSRF_TIME_LIMIT=None, SESSION_COOKIE_SECURE=True)
    app.url_map.strict_slashes = False
    app.session_interface = PartedCookies()
    CSRFProtect(app)
    register_headers(app)
    register_errors(app)
    register_site(app)
    return app


@pytest.fixture
def app(world: World, tmp_path: Path) -> Flask:
    # Routes and templates are those of all worlds, what a test changes is its own.
    app = copy(_built())
    app.config, app.extensions = copy(app.config), dict(app.extensions)
    app.extensions["weiting"] = Wiring(
        database=world.database,
        clock=world.clock,
        vault=world.vault,
        texts=world.texts,
        hall=Hall("铁通掌上营业厅", BASE_URL, "2026-11", ""),
        gate=cast("Any", None),
        dispatch=cast("Any", None),
        sign_in=world.wechat,
        policy=POLICY,
        session_rules=SessionRules(timedelta(minutes=30), timedelta(hours=8)),
        nudge=lambda name, item_id: world.nudges.append((name, item_id)),
        ready=dict,
        explain=cast("Any", None),
        rule_book=cast("Any", None),
        files=FolderStore(tmp_path / "media"),
    )
    return app


@pytest.fixture
def phone(app: Flask) -> Phone:
    return Phone(app.test_client())


@pytest.fixture
def alice(app: Flask, world: World) -> Phone:
    """A member who is signed in."""
    world.join("oAlice")
    phone = Phone(app.test_client())
    phone.sign_in("oAlice")
    return phone


@pytest.fixture
def clerk(app: Flask, world: World) -> Phone:
    """A member of staff at the branch in Yuncheng."""
    world.write(lambda db: staff.appoint(db, "oClerk", "王敏", "yuncheng", world.clock.at))
    phone = Phone(app.test_client())
    phone.sign_in("oClerk")
    return phone


@pytest.fixture
def bob(app: Flask, world: World) -> Phone:
    """Another member."""
    world.join("oBob", "李四", "13900139000")
    phone = Phone(app.test_client())
    phone.sign_in("oBob")
    return phone
