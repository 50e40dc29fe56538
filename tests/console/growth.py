"""Three rows where there was one, in every table: what a page must not notice in its statements.

Rows are copied without knowing what they mean: once beside the same parents and once beside the
copies of their parents. What a unique key forbids is left out.
"""

from typing import Any

from sqlalchemy import Column, Integer, String, Table, UniqueConstraint, inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.db import Base

# Who is signed in, and what there is one of.
LEFT_OUT = {"operator", "operator_session", "second_factor", "job_mark", "lease", "audit_head"}
_STEP = 100_000


def triple(session: Session, turn: int = 1) -> int:
    """Copy every row twice; returns how many copies came to stand. A second time is turn 3."""
    added = 0
    for table in Base.metadata.sorted_tables:
        if table.name in LEFT_OUT or not inspect(session.connection()).has_table(table.name):
            continue
        for row in session.execute(select(table)).mappings().all():
            added += _add(session, table, _copy(table, dict(row), turn, remote=False))
            added += _add(session, table, _copy(table, dict(row), turn + 1, remote=True))
    return added


def _copy(table: Table, row: dict[str, Any], turn: int, *, remote: bool) -> dict[str, Any]:
    keys = list(table.primary_key.columns)
    if len(keys) == 1 and isinstance(keys[0].type, Integer) and not keys[0].foreign_keys:
        row[keys[0].name] += turn * _STEP
    if remote:
        _lead_to_copies(table, row, turn)
    for columns in _unique(table):
        _make_other(columns, row, turn)
    return row


def _lead_to_copies(table: Table, row: dict[str, Any], turn: int) -> None:
    for column in table.columns:
        parents = {key.column.table.name for key in column.foreign_keys}
        if parents and not parents & LEFT_OUT and isinstance(row[column.name], int):
            row[column.name] += turn * _STEP


def _unique(table: Table) -> list[list[Column[Any]]]:
    found = [list(one.columns) for one in table.constraints if isinstance(one, UniqueConstraint)]
    found += [list(one.columns) for one in table.indexes if one.unique]
    keys = list(table.primary_key.columns)
    return [*found, keys] if any(isinstance(key.type, String) for key in keys) else found


def _make_other(columns: list[Column[Any]], row: dict[str, Any], turn: int) -> None:
    for column in columns:
        value = row[column.name]
        if isinstance(value, str) and not column.foreign_keys:
            length = getattr(column.type, "length", None) or 255
            row[column.name] = f"{value[: length - 2]}-{turn}"
            return
    for column in columns:
        value = row[column.name]
        if isinstance(value, int) and not column.foreign_keys and not column.primary_key:
            row[column.name] = value + turn * _STEP if abs(value) < _STEP else value + turn
            return


def _add(session: Session, table: Table, row: dict[str, Any]) -> int:
    try:
        with session.begin_nested():
            session.execute(table.insert(), row)
    except IntegrityError:
        return 0
    return 1
