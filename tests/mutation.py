"""For `make mutate` only, by `-p tests.mutation`: what makes thousands of short runs bearable.

Each mutant is tried in a process forked from one that has run the tests before, so a schema
that was migrated once is there for all. Nothing here changes what a test checks.
"""

import gc
import os
import re
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from handlers.commands.schema import upgrade
from tests import databases

# A mutant is tried by so many of the tests that reach it, those that share most words with its
# name. What survives them may still be caught by others.
MOST_TESTS = int(os.environ.get("MUTATION_TESTS", "100"))

_migrated: list[bytes] = []


def _upgrade(engine: Engine, to: str = "head") -> None:
    """As `upgrade`, for an empty SQLite file; the second time it is a copy of the first."""
    path = Path(str(engine.url.database))
    if not _migrated:
        upgrade(engine, to)
        with closing(sqlite3.connect(path)) as connection:
            _migrated.append(connection.serialize())
    path.write_bytes(_migrated[0])


vars(databases)["upgrade"] = _upgrade


def pytest_configure(config: pytest.Config) -> None:
    """Give each mutant the nearest tests first; spare it the search through all that is loaded."""
    mutant = os.environ.get("MUTANT_UNDER_TEST", "")
    if "__mutmut_" in mutant:
        words = _words(mutant.split("__mutmut_")[0]) - {"loyalty", "x"}
        place, seen = {}, Counter[str]()
        for test in sorted(config.args):
            # Of equally near ones, one of each file before a second of any.
            file = test.partition("::")[0]
            place[test] = seen[file]
            seen[file] += 1
        nearest = sorted(place, key=lambda test: (-len(words & _words(test)), place[test]))
        config.args[:] = nearest[:MOST_TESTS]
        gc.freeze()


def _words(name: str) -> set[str]:
    return {word.rstrip("s") for word in re.split(r"[^a-z]+", name)}
