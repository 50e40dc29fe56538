"""What is looked for in the audit log, and the pages that are found."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select
from sqlalchemy.orm import Session

from kernel.audit import AuditEntry
from kernel.clock import day_start, day_window
from kernel.db import Database
from kernel.operators import Operator
from web.console.paging import Leaf, Order, leaf

SIZE = 50
# Text anywhere in a subject has no index: without days it is looked for in the last ones only.
WINDOW = timedelta(days=90)
# Whoever acts without an account: the command line, and who is not signed in.
NOBODY = "none"
_EXPORT_PAGE = 1_000
_OPERATORS = 500
_ID_DIGITS = 18
_LENGTHS = {"action": 40, "kind": 30, "key": 50, "address": 45}

BY_TIME = Order("at", AuditEntry.id, AuditEntry.at, datetime)
Line = Row[AuditEntry, str | None]


@dataclass(frozen=True)
class Wanted:
    """The fields of the search; "" and None stand for anything. `first` and `last` are days."""

    operator: str = ""
    action: str = ""
    kind: str = ""
    key: str = ""
    address: str = ""
    first: date | None = None
    last: date | None = None

    def said(self) -> dict[str, str]:
        """What was filled in, as an address or a form holds it."""
        return {name: str(value) for name, value in vars(self).items() if value}


def wanted_of(values: Mapping[str, str]) -> Wanted:
    """What a query string or a form asks for; what cannot be read is not asked for."""
    texts = {name: _text(values, name)[:most] for name, most in _LENGTHS.items()}
    operator = _text(values, "operator")
    is_id = operator.isascii() and operator.isdigit() and len(operator) <= _ID_DIGITS
    return Wanted(
        operator=operator if is_id or operator == NOBODY else "",
        first=_day(values, "first"),
        last=_day(values, "last"),
        **texts,
    )


def _text(values: Mapping[str, str], name: str) -> str:
    return values.get(name, "").replace("\x00", "").strip()


def _day(values: Mapping[str, str], name: str) -> date | None:
    try:
        found = date.fromisoformat(_text(values, name))
    except ValueError:
        return None
    return found if 2000 <= found.year < 2200 else None


def bounded(wanted: Wanted, today: date) -> Wanted:
    """The search with the days that a search for a part of a subject needs."""
    partly = bool(wanted.key) != bool(wanted.kind)
    if partly and wanted.first is None:
        return replace(wanted, first=(wanted.last or today) - WINDOW)
    return wanted


def page(session: Session, wanted: Wanted, token: str) -> Leaf[Line]:
    """The acts that were asked for, the newest first."""
    return leaf(session, _query(wanted), BY_TIME, token, SIZE)


def every(database: Database, wanted: Wanted, until: datetime) -> Iterator[Line]:
    """All acts that were asked for, page by page, however many; none after `until`."""
    query, token = _query(wanted).where(AuditEntry.at <= until), ""
    while True:
        found: Leaf[Line] = database.read(_reading(query, token))
        yield from found.rows
        if found.later is None:
            return
        token = found.later


def _reading(query: Select[*tuple[Any, ...]], token: str) -> Any:
    return lambda session: leaf(session, query, BY_TIME, token, _EXPORT_PAGE)


def _query(wanted: Wanted) -> Select[*tuple[Any, ...]]:
    return (
        select(AuditEntry, Operator.name.label("operator_name"))
        .outerjoin(Operator, Operator.id == AuditEntry.operator_id)
        .where(*_who(wanted), *_what(wanted), *_when(wanted))
    )


def _who(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.operator == NOBODY:
        yield AuditEntry.operator_id.is_(None)
    elif wanted.operator:
        yield AuditEntry.operator_id == int(wanted.operator)
    if wanted.address:
        yield AuditEntry.address == wanted.address


def _what(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.action:
        yield AuditEntry.action == wanted.action
    if wanted.kind and wanted.key:
        yield AuditEntry.subject == f"{wanted.kind}:{wanted.key}"
    elif wanted.kind:
        yield AuditEntry.subject.startswith(f"{wanted.kind}:", autoescape=True)
    elif wanted.key:
        yield AuditEntry.subject.contains(wanted.key, autoescape=True)


def _when(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.first is not None:
        yield AuditEntry.at >= day_start(wanted.first)
    if wanted.last is not None:
        yield AuditEntry.at < day_window(wanted.last)[1]


def operators(session: Session) -> list[Row[int, str]]:
    """Whom to choose from: (id, name)."""
    query = select(Operator.id, Operator.name).order_by(Operator.name, Operator.id)
    return list(session.execute(query.limit(_OPERATORS)))
