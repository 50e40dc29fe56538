"""The composition root: makes a Flask app of the house. `flask` finds it by its name."""

import os
from datetime import timedelta
from pathlib import Path

import requests
import structlog
from flask import Flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from config import ConfigError, Settings, load
from content.texts import load_texts
from handlers.commands import register_commands
from house import House
from kernel import logs
from kernel.clock import Clock, FollowedClock, SystemClock
from kernel.yaml import YamlRefused
from loyalty import rules
from products import rule_fields
from pushes.calendar_greetings import load_greetings
from web import register_web
from web.cookies import PartedCookies
from web.limits import limit

log = structlog.get_logger(__name__)


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """The whole hall, ready to serve; connects to nothing until it is asked something."""
    logs.configure(os.environ.get("LOG_LEVEL", "INFO"))
    try:
        settings = settings or load(os.environ.get("WEITING_CONFIG", "config.yaml"))
        texts = load_texts(Path(settings.hall.content))
        greetings = load_greetings(Path(settings.hall.content))
    except (ConfigError, YamlRefused) as error:
        raise SystemExit(f"配置有误，未启动：\n{error}") from None
    rules.speak(rule_fields.VOCABULARY)
    house = House(settings, texts, greetings, clock or _clock_of(settings))
    app = Flask("web")
    _configure(app, settings)
    app.extensions["weiting"] = house.wiring()
    register_web(app)
    limit(app, house.redis_url)
    register_commands(app, house.command_context())
    return app


def _clock_of(settings: Settings) -> Clock:
    """The machine's clock; with the emulator, the emulator's."""
    if not settings.emulator.enabled:
        return SystemClock()
    url = f"http://127.0.0.1:{settings.emulator.port}/control/clock"
    return FollowedClock(lambda: float(requests.get(url, timeout=0.3).json()["offset_seconds"]))


def _configure(app: Flask, settings: Settings) -> None:
    secure = settings.web.base_url.startswith("https://")
    app.config.update(
        SECRET_KEY=settings.security.session_key.get_secret_value(),
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),
        MAX_CONTENT_LENGTH=1024 * 1024,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session; a page left open still works
        RATELIMIT_HEADERS_ENABLED=True,
    )
    app.url_map.strict_slashes = False  # WeChat does not follow a redirect
    app.session_interface = PartedCookies()
    csrf = CSRFProtect(app)
    csrf.exempt("web.callback.take_message")  # signed by WeChat instead
    if settings.web.trusted_proxies:
        hops = settings.web.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
