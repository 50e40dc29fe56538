"""Fixtures: a database of each kind, a Redis-protocol server, a hall, and its small cast."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from kernel.db import Database
from tests import databases, servers
from tests.haste import make_haste
from tests.world import Hall, MovableClock, make_hall, make_settings

make_haste()

ANNA = "oAnna-000000000000000000_001"
BORIS = "oBoris-00000000000000000_002"


def pytest_report_header() -> list[str]:
    """Say which servers this run uses."""
    return servers.describe()


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> str:
    """The name of this test process."""
    return str(getattr(request.config, "workerinput", {}).get("workerid", "main"))


@pytest.fixture(scope="session")
def opened(worker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Database]]:
    """Databases by kind, opened when a test first asks for one."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("databases")

        class Opened(dict[str, Database]):
            def __missing__(self, kind: str) -> Database:
                self[kind] = stack.enter_context(databases.make_database(kind, worker, folder))
                return self[kind]

        yield Opened()


@pytest.fixture(params=databases.KINDS)
def database(request: pytest.FixtureRequest, opened: dict[str, Database]) -> Iterator[Database]:
    """An empty database; the test runs once on each kind."""
    found = opened[request.param]
    yield found
    databases.empty(found)


@pytest.fixture
def sqlite(opened: dict[str, Database]) -> Iterator[Database]:
    """An empty SQLite database, for what cannot differ between databases."""
    found = opened["sqlite"]
    yield found
    databases.empty(found)


@pytest.fixture(params=["postgresql", "mariadb"])
def server_database(
    request: pytest.FixtureRequest, opened: dict[str, Database]
) -> Iterator[Database]:
    """An empty database on a server: for races, which SQLite's one write lock hides."""
    found = opened[request.param]
    yield found
    databases.empty(found)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis-protocol server of this test process."""
    with servers.valkey() as url:
        yield url


@pytest.fixture
def clock() -> MovableClock:
    """Noon of an ordinary Friday in Shanghai."""
    return MovableClock()


@pytest.fixture
def hall(sqlite: Database, redis_url: str, clock: MovableClock, tmp_path: Path) -> Iterator[Hall]:
    """The demo hall on SQLite."""
    made = make_hall(make_settings(tmp_path, sqlite, redis_url), sqlite, clock)
    yield made
    made.close()


@pytest.fixture
def hall_everywhere(
    database: Database, redis_url: str, clock: MovableClock, tmp_path: Path
) -> Iterator[Hall]:
    """The demo hall, once on each kind of database."""
    made = make_hall(make_settings(tmp_path, database, redis_url), database, clock)
    yield made
    made.close()


@pytest.fixture
def anna() -> str:
    """Anna's openid; she follows nobody yet."""
    return ANNA


@pytest.fixture
def boris() -> str:
    """Boris's openid."""
    return BORIS
