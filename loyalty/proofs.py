"""Proofs: what must always hold, each as a query that returns the rows that break it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Proof:
    """A promise and the query of its breaches, for SQLite, PostgreSQL, MariaDB and MySQL.

    `:now` is the instant of the proof, `DAYAGO(:now)` a day before it, `SOON(:now)` five minutes
    after it; `SHDAY(x)` is the day in Shanghai at an instant, `DAYBEFORE(x)` the day before a day.
    `TALLYOF(x)` is a table of the lines of a chunk's tally, `TALLYSTATE(t)` and `TALLYCOUNT(t)`
    the state and the count of one. `CONCAT` takes columns and texts only. `proof_runs` writes them
    as each database spells them.
    """

    code: str
    promise: str
    sql: str
