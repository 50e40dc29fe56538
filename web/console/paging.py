"""Keyset paging: a page begins after a row, so that deep pages cost what the first one costs."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from flask import request
from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

T = TypeVar("T")
Value = int | str | datetime

_ID_DIGITS = 18
_LARGEST_ID = 2**63 - 1
_TOKEN_LENGTH = 600
_TEXT_LENGTH = 100


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows, and the id after which the next page begins; None on the last page."""

    rows: Sequence[T]
    further: int | None


def page_of(rows: Sequence[T], size: int, key: Callable[[T], int]) -> Page[T]:
    """A page of the first `size` of `rows`; fetch one more than `size` to know about the next."""
    shown = rows[:size]
    return Page(shown, key(shown[-1]) if len(rows) > size else None)


def asked_id(name: str = "before") -> int | None:
    """The id in the query string, or None when it is absent or not an id."""
    text = request.args.get(name, "")
    fits = text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS
    return int(text) if fits else None


@dataclass(frozen=True)
class Order:
    """Rows in the order of `column` and then of `key`, a unique number; an index has both.

    `kind` is the type of the column, which never is NULL; without a column the key alone counts.
    `twin` is a column that is joined by the key, and so equal to it: without being told, databases
    read that one from its end.
    """

    name: str
    key: InstrumentedAttribute[int]
    column: InstrumentedAttribute[Any] | None = None
    kind: type[int] | type[str] | type[datetime] = int
    descending: bool = True
    twin: InstrumentedAttribute[int] | None = None


@dataclass(frozen=True)
class Place:
    """The row beside which a page begins, and on which side of it."""

    value: Value
    key: int
    back: bool


@dataclass(frozen=True)
class Leaf(Generic[T]):
    """A page of a list that is paged both ways; the tokens lead to its neighbours."""

    rows: Sequence[T]
    earlier: str | None
    later: str | None


def leaf(
    session: Session, query: Select[*tuple[Any, ...]], order: Order, token: str, size: int
) -> Leaf[Any]:
    """The page of `query` that the token names; the first one for a token that is none of ours."""
    place = read_token(token, order)
    back = place is not None and place.back
    query = query.add_columns(_value(order).label("paged_value"), order.key.label("paged_key"))
    if place is not None:
        query = query.where(_beyond(order, place))
    query = query.order_by(*sorted_by(order, reverse=back)).limit(size + 1)
    found = session.execute(query).all()
    more, rows = len(found) > size, found[:size]
    if back:
        rows = rows[::-1]
    if not rows:
        return Leaf(rows, None, None)
    first = write_token(order, rows[0], back=True) if (more if back else place) else None
    last = write_token(order, rows[-1], back=False) if (back or more) else None
    return Leaf(rows, first, last)


def _value(order: Order) -> ColumnElement[Any] | InstrumentedAttribute[Any]:
    return order.key if order.column is None else order.column


def sorted_by(order: Order, *, reverse: bool = False) -> list[ColumnElement[Any]]:
    """The order as a statement says it."""
    columns = [order.key] if order.column is None else [order.column, order.key]
    descending = order.descending is not reverse
    return [column.desc() if descending else column.asc() for column in columns]


def _beyond(order: Order, place: Place) -> ColumnElement[bool]:
    down = order.descending is not place.back
    after = _past(order.key, place.key, down=down)
    if order.column is None and order.twin is not None:
        return and_(after, _past(order.twin, place.key, down=down))
    if order.column is None:
        return after
    # Said so, and not as a pair, since every database then begins in the index at the value.
    near = order.column <= place.value if down else order.column >= place.value
    past = _past(order.column, place.value, down=down)
    return and_(near, or_(past, after))


def _past(column: Any, value: Value, *, down: bool) -> ColumnElement[bool]:
    found: ColumnElement[bool] = column < value if down else column > value
    return found


def write_token(order: Order, row: Any, *, back: bool) -> str:
    """Names the page before (`back`) or after the row, in that order."""
    value = row.paged_value
    shown = value.isoformat() if isinstance(value, datetime) else value
    said = json.dumps([order.name, shown, row.paged_key, back], ensure_ascii=False)
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def read_token(token: str, order: Order) -> Place | None:
    """The place that a token names; None for anything that `write_token` never wrote."""
    if not token or len(token) > _TOKEN_LENGTH or not token.isascii():
        return None
    try:
        said = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), b"-_", True))
        name, value, key, back = said
    except (ValueError, TypeError, RecursionError, binascii.Error):
        return None
    read = _read_value(value, order.kind)
    if name != order.name or read is None or not _is_id(key) or not isinstance(back, bool):
        return None
    return Place(read, key, back)


def _read_value(value: object, kind: type) -> Value | None:
    if kind is int:
        return value if _is_number(value) else None  # type: ignore[return-value]
    if not isinstance(value, str) or len(value) > _TEXT_LENGTH:
        return None
    if kind is str:
        return value if _is_text(value) else None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _is_text(value: str) -> bool:
    # What no database holds can be no row's: NUL, and half a letter.
    return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST_ID


def _is_id(value: object) -> bool:
    return _is_number(value) and int(str(value)) >= 0
