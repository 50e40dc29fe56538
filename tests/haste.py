"""What tests leave out to be quick: work done again and again, and the wait for the disk."""

import pickle
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from werkzeug.routing import Rule

from kernel import engine, yaml

Built = tuple[str, str]


def make_haste() -> None:
    """Once a test process, before the first app is made. What is answered stays the same."""
    _build_addresses_when_asked()
    _read_each_file_once()
    # An engine knows the statements that it compiled once; each new one begins anew.
    monkey = pytest.MonkeyPatch()
    monkey.setattr("house.make_engine", cache(engine.make_engine))
    _do_not_wait_for_the_disk()


def _build_addresses_when_asked() -> None:
    # Werkzeug compiles two functions a rule when it is added: half the time that making an app
    # takes. A test builds a handful of addresses.
    compiled = Rule._compile_builder

    def lazy(rule: Rule, append_unknown: bool = True) -> Callable[..., Built]:
        made: list[Callable[..., Built]] = []

        def build(_rule: Rule, **values: Any) -> Built:
            if not made:
                made.append(compiled(rule, append_unknown).__get__(rule, None))
            return made[0](**values)

        return build

    Rule._compile_builder = lazy  # type: ignore[method-assign, assignment]


def _read_each_file_once() -> None:
    # Every app reads the same texts of the hall.
    parsed = yaml.parse

    @cache
    def remembered(text: str) -> bytes:
        return pickle.dumps(parsed(text))

    # Unpickled each time: no test changes what another one gets.
    yaml.parse = lambda text: pickle.loads(remembered(text))


def _do_not_wait_for_the_disk() -> None:
    # Nobody needs a test's database after a power cut.
    @event.listens_for(Engine, "engine_connect")
    def relax(connection: Any) -> None:
        if connection.dialect.name != "sqlite" or "relaxed" in connection.info:
            return
        connection.info["relaxed"] = True
        raw: DBAPIConnection = connection.connection.driver_connection
        raw.execute("PRAGMA synchronous=OFF")
