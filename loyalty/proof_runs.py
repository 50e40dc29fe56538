"""Running the proofs: every promise of the loyalty engine against the tables as they stand."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from loyalty import (
    proofs_checkins,
    proofs_coupons,
    proofs_members,
    proofs_points,
    proofs_rewards,
    proofs_tiers,
)
from loyalty.proofs import Proof

PROOFS: tuple[Proof, ...] = (
    *proofs_points.PROOFS,
    *proofs_checkins.PROOFS,
    *proofs_coupons.PROOFS,
    *proofs_rewards.PROOFS,
    *proofs_tiers.PROOFS,
    *proofs_members.PROOFS,
)
SHOWN = 20

# What each database calls the day in Shanghai, the day before a day, a joined text, and the lines
# of a chunk's tally with the state and the count that stand in each.
_WORDS = {
    "postgresql": {
        "SHDAY": r"((\1 AT TIME ZONE 'Asia/Shanghai')::date)",
        "DAYBEFORE": r"(\1 - 1)",
        "TALLYOF": r"json_array_elements(\1)",
        "TALLYSTATE": r"(\1.value->>0)",
        "TALLYCOUNT": r"CAST(\1.value->>4 AS integer)",
    },
    "mysql": {
        "SHDAY": r"DATE(\1 + INTERVAL 8 HOUR)",
        "DAYBEFORE": r"(\1 - INTERVAL 1 DAY)",
        "TALLYOF": r"JSON_TABLE(\1, '$[*]' COLUMNS"
        r" (state VARCHAR(10) PATH '$[0]', n INT PATH '$[4]'))",
        "TALLYSTATE": r"\1.state",
        "TALLYCOUNT": r"\1.n",
    },
    "sqlite": {
        "SHDAY": r"date(\1, '+8 hours')",
        "DAYBEFORE": r"date(\1, '-1 day')",
        "TALLYOF": r"json_each(\1)",
        "TALLYSTATE": r"json_extract(\1.value, '$[0]')",
        "TALLYCOUNT": r"json_extract(\1.value, '$[4]')",
    },
}


@dataclass(frozen=True)
class Breach:
    """A promise that does not hold, with the first rows that break it."""

    proof: Proof
    rows: list[tuple[object, ...]]


def run(session: Session, at: datetime, proofs: Sequence[Proof] = PROOFS) -> Iterator[Breach]:
    """Every breach of every promise, as of `at`; none means that the books are in order."""
    for proof in proofs:
        rows = find(session, proof, at)
        if rows:
            yield Breach(proof, rows)


def find(session: Session, proof: Proof, at: datetime) -> list[tuple[object, ...]]:
    """The first rows that break one promise; an empty list is the proof that none does."""
    dialect = session.connection().dialect.name
    statement = text(spelled(proof.sql, dialect))
    names = set(re.findall(r":(now|day_ago|soon)\b", str(statement)))
    values = {name: _instant(name, at, dialect) for name in names}
    return [tuple(row) for row in session.execute(statement, values).fetchmany(SHOWN)]


def spelled(sql: str, dialect: str) -> str:
    """The query in the words of one database."""
    sql = sql.replace("DAYAGO(:now)", ":day_ago").replace("SOON(:now)", ":soon")
    for word, meaning in _WORDS["mysql" if dialect == "mariadb" else dialect].items():
        sql = re.sub(rf"{word}\(([^()]*)\)", meaning, sql)
    if dialect == "sqlite":
        sql = re.sub(
            r"CONCAT\(([^()]*)\)", lambda found: f"({' || '.join(found[1].split(', '))})", sql
        )
    return sql


def _instant(name: str, at: datetime, dialect: str) -> object:
    shift = {"now": timedelta(), "day_ago": timedelta(days=-1), "soon": timedelta(minutes=5)}
    instant = (at + shift[name]).astimezone(UTC)
    if dialect == "postgresql":
        return instant
    # As the column type writes it there.
    return f"{instant:%Y-%m-%d %H:%M:%S.%f}"
