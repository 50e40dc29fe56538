"""What the examples of docs/loyalty.md find prepared, and how they are read from the page."""

import ast
import importlib
import itertools
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

import loyalty
from kernel.clock import SHANGHAI
from kernel.refusals import Refused
from loyalty import points
from loyalty.policy import Policy
from tests.loyalty.desk import hire, proven
from tests.loyalty.people import NEXT_YEAR, VAULT, join, offer, open_programme
from tests.world import NOON, ROOT

PAGE = ROOT / "docs" / "loyalty.md"
_BLOCK = re.compile(
    r"^## (?P<heading>[^\n]+)$|^```python(?P<alone> alone)?\n(?P<code>.*?)^```$", re.M | re.S
)
_facts = itertools.count(1)


@dataclass(frozen=True)
class Example:
    """A block of Python; one that stands `alone` is a program, the others need a desk."""

    name: str
    code: str
    alone: bool


def examples() -> list[Example]:
    """The page's examples, named by the heading that they stand under."""
    found: list[Example] = []
    heading, number = "", 0
    for match in _BLOCK.finditer(PAGE.read_text()):
        if match["heading"]:
            heading, number = match["heading"], 0
            continue
        number += 1
        found.append(Example(f"{heading} {number}", match["code"], bool(match["alone"])))
    return found


def turned(code: str) -> list[str]:
    """The code once for each assertion, with that one turned into its opposite."""
    count = sum(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(code)))
    found = []
    for number in range(count):
        tree = ast.parse(code)
        chosen = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)][number]
        chosen.test = ast.UnaryOp(ast.Not(), chosen.test)
        found.append(ast.unparse(ast.fix_missing_locations(tree)))
    return found


def modules() -> dict[str, Any]:
    """Every module of the engine by its name."""
    names = [one.name for one in pkgutil.iter_modules(loyalty.__path__)]
    return {name: importlib.import_module(f"loyalty.{name}") for name in names}


def prepared(session: Session) -> dict[str, Any]:
    """The names that an example may use besides Python's own; the page's head lists them."""

    def rich(amount: int) -> int:
        member = join(session)
        credit = points.Credit(amount, f"gift:{next(_facts)}", "赠送")
        points.earn(session, member, [credit], NOON, NEXT_YEAR)
        return member

    return {
        **modules(),
        "session": session,
        "NOON": NOON,
        "DAY": timedelta(days=1),
        "POLICY": Policy(),
        "Policy": Policy,
        "VAULT": VAULT,
        "date": date,
        "timedelta": timedelta,
        "shanghai": shanghai,
        "refused": refused,
        "join": lambda: join(session),
        "rich": rich,
        "hire": lambda: hire(session),
        "proven": lambda openid, phone, at=NOON: proven(session, openid, phone, at),
        "programme": lambda **rules: open_programme(session, rules),
        "offer": lambda **terms: offer(session, **{"stock": 10, **terms}),
    }


def shanghai(text: str) -> datetime:
    """The instant of a wall clock in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def refused(deed: Callable[..., Any], *args: Any, **named: Any) -> str | None:
    """The code with which the deed is refused; None when it is done."""
    try:
        deed(*args, **named)
    except Refused as refusal:
        return refusal.code
    return None
