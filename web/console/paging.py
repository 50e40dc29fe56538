"""Keyset paging: a page begins after an id, so that deep pages cost what the first one costs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import request

T = TypeVar("T")

_ID_DIGITS = 18


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
