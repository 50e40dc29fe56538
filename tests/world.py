"""A hall for tests: the real app on a real database, spoken to as WeChat's servers would."""

import itertools
import secrets
import sqlite3
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app import create_app
from bot.inbound import Account, Gate
from config import Settings, load
from kernel.clock import Clock
from kernel.db import Database
from kernel.keyring import ensure
from kernel.vault import Vault, vault_of
from loyalty import followers, members, staff
from loyalty.members import Member, Registration
from tests.databases import duplicate, is_empty, refill

ROOT = Path(__file__).parents[1]
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai, a Friday
_numbers = itertools.count(1)


@dataclass
class MovableClock:
    """A clock that stands still until it is moved."""

    instant: datetime = NOON

    def now(self) -> datetime:
        return self.instant

    def move(self, **by: float) -> None:
        """Go on by so many days, hours, seconds."""
        self.instant += timedelta(**by)


def make_settings(
    folder: Path, database: Database, redis_url: str, **sections: object
) -> Settings:
    """The settings of config.yaml, on the test's own servers; nothing else is reachable."""
    ensure(folder / "secrets")
    settings = load(ROOT / "config.yaml", folder / "secrets")
    url = database.engine.url.render_as_string(hide_password=False)
    nowhere = "http://127.0.0.1:9"
    changed = {
        "var": str(folder),
        "hall": settings.hall.model_copy(update={"content": str(ROOT / "halls/tietong")}),
        "database": settings.database.model_copy(update={"url": url}),
        "redis": settings.redis.model_copy(update={"url": redis_url}),
        "sms": settings.sms.model_copy(update={"url": f"{nowhere}/sms"}),
        "wechat": settings.wechat.model_copy(update={"api_base": nowhere, "open_base": nowhere}),
        **sections,
    }
    return settings.model_copy(update=changed)


@dataclass
class Hall:
    """The running app with a person's hands on it."""

    app: Flask
    settings: Settings
    database: Database
    clock: Any
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.app.test_client()
        wechat = self.settings.wechat
        self.account = wechat.original_id
        self.gate = Gate(
            Account(
                wechat.app_id,
                wechat.token.get_secret_value(),
                wechat.aes_key.get_secret_value(),
                wechat.mode,
            )
        )

    def close(self) -> None:
        """Let go of the app's own connections."""
        self.app.extensions["weiting"].database.engine.dispose()

    @property
    def vault(self) -> Vault:
        """The vault of this hall's keys."""
        security = self.settings.security
        return vault_of(
            security.field_keys.get_secret_value(), security.lookup_key.get_secret_value()
        )

    def say(self, openid: str, text: str) -> str:
        """Type a text; returns what the account answers, empty for silence."""
        return self.push(message_xml(self, openid, f"<Content><![CDATA[{text}]]></Content>"))

    def event(self, openid: str, event: str, **fields: str) -> str:
        """Cause an event such as CLICK with EventKey=…"""
        inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items())
        return self.push(event_xml(self, openid, event, inner))

    def click(self, openid: str, key: str) -> str:
        """Tap a menu entry that has a key."""
        return self.event(openid, "CLICK", EventKey=key)

    def push(self, xml: str) -> str:
        """Deliver XML as WeChat does in safe mode; returns the text that the person sees."""
        query, body = self.sealed(xml)
        answer = self.client.post("/wechat", query_string=query, data=body)
        assert answer.status_code == 200, answer.status_code
        return self.seen(answer.get_data(as_text=True))

    def sealed(self, xml: str) -> tuple[dict[str, str], str]:
        """The query and the body of a delivery."""
        timestamp, nonce = str(int(self.clock.now().timestamp())), secrets.token_hex(6)
        outer = ET.fromstring(self.gate.seal(xml, timestamp, nonce))
        sealed = outer.findtext("Encrypt") or ""
        query = {
            "signature": self.gate._sign(timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "encrypt_type": "aes",
            "msg_signature": outer.findtext("MsgSignature") or "",
        }
        body = (
            f"<xml><ToUserName><![CDATA[{self.account}]]></ToUserName>"
            f"<Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        )
        return query, body

    def seen(self, answer: str) -> str:
        """What the person sees of an answer: the text, or the kind of another reply."""
        if answer in {"", "success"}:
            return ""
        outer = ET.fromstring(answer)
        assert self.gate._crypto is not None
        inner = ET.fromstring(
            self.gate._crypto.unseal(outer.findtext("Encrypt") or "", self.settings.wechat.app_id)
        )
        if inner.findtext("MsgType") == "text":
            return inner.findtext("Content") or ""
        return f"[{inner.findtext('MsgType')}]"

    def member(self, openid: str, name: str = "李梅", phone: str | None = None) -> Member:
        """Somebody who follows and has registered."""
        number = phone or f"138{next(_numbers):08d}"

        def admit(session: Session) -> Member:
            followers.follow(session, openid, self.clock.now())
            form = Registration(openid, name, number, "2026-11", "site")
            return members.admit(session, self.vault, form, self.clock.now())

        return self.database.transaction(admit)

    def employee(self, openid: str, branch: str = "xihu") -> None:
        """Make the holder of `openid` a member of staff."""
        self.database.transaction(
            lambda session: staff.appoint(session, openid, "小王", branch, self.clock.now())
        )


def message_xml(hall: Hall, openid: str, inner: str, kind: str = "text") -> str:
    """A message as WeChat writes it, with a new MsgId."""
    return (
        f"<xml><ToUserName><![CDATA[{hall.account}]]></ToUserName>"
        f"<FromUserName><![CDATA[{openid}]]></FromUserName>"
        f"<CreateTime>{int(hall.clock.now().timestamp())}</CreateTime>"
        f"<MsgType><![CDATA[{kind}]]></MsgType>{inner}"
        f"<MsgId>{23_000_000_000_000_000 + next(_numbers)}</MsgId></xml>"
    )


def event_xml(hall: Hall, openid: str, event: str, inner: str = "") -> str:
    """An event as WeChat writes it; events have no MsgId."""
    return (
        f"<xml><ToUserName><![CDATA[{hall.account}]]></ToUserName>"
        f"<FromUserName><![CDATA[{openid}]]></FromUserName>"
        f"<CreateTime>{int(hall.clock.now().timestamp())}</CreateTime>"
        f"<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{event}]]></Event>{inner}</xml>"
    )


def make_hall(settings: Settings, database: Database, clock: Clock) -> Hall:
    """The app on that database, with the demo hall's content in it."""
    app = create_app(settings, clock)
    app.config["TESTING"] = True
    # Errors are answered as in production, so that tests see what a person would see.
    app.config["PROPAGATE_EXCEPTIONS"] = False
    hall = Hall(app, settings, database, clock)
    _bring_in_content(hall)
    return hall


def _bring_in_content(hall: Hall) -> None:
    # What one hall's folder becomes in an empty SQLite file at one instant is always the same.
    settings = hall.settings
    same = (settings.hall.content, settings.web.base_url, repr(settings.menu), hall.clock.now())
    is_new = hall.database.engine.dialect.name == "sqlite" and is_empty(hall.database)
    if is_new and same in _FILLED:
        refill(hall.database, _FILLED[same])
        return
    result = hall.app.test_cli_runner().invoke(args=["content", "import"])
    assert result.exit_code == 0, result.output
    if is_new:
        _FILLED[same] = duplicate(hall.database)


_FILLED: dict[tuple[object, ...], sqlite3.Connection] = {}
