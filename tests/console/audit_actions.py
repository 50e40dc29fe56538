"""Which acts the code writes into the audit log, read from the code itself.

An act is the second argument of `audit.write`; where that is a parameter, the callers are asked.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "bot", "content", "handlers", "kernel", "loyalty", "menus", "products", "promotions",
    "pushes", "reports", "web",
)  # fmt: skip
_ACT = re.compile(r"[a-z_]+\.[a-z_]+")


@dataclass
class Found:
    """Whole acts, and patterns of those that are put together (`*` for what varies)."""

    whole: set[str] = field(default_factory=set)
    patterns: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Function:
    node: ast.FunctionDef
    module: Path
    # (what is called as it is written, the call)
    calls: list[tuple[str, ast.Call]]

    def names(self) -> list[str]:
        return [one.arg for one in self.node.args.args]


def written() -> Found:
    """Every act that some line writes."""
    functions = list(_functions())
    found, asked = Found(), set()
    queue = [("audit.write", 1, "")]
    while queue:
        called, index, prefix = queue.pop()
        if (called, index, prefix) in asked:
            continue
        asked.add((called, index, prefix))
        for function in functions:
            for value in _arguments(function, called, index):
                _note(found, value, function, queue)
    return found


def _functions() -> Iterator[_Function]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            body = ast.parse(path.read_text()).body
            methods = [one for node in body if isinstance(node, ast.ClassDef) for one in node.body]
            for node in [*body, *methods]:  # what stands inside of them is theirs
                if isinstance(node, ast.FunctionDef):
                    yield _Function(node, path, _calls(node))


def _calls(function: ast.FunctionDef) -> list[tuple[str, ast.Call]]:
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    return [(ast.unparse(node.func), node) for node in calls]


def _arguments(function: _Function, called: str, index: int) -> Iterator[ast.expr]:
    module, _, name = called.rpartition(".")
    names = {called, name} if function.module.stem == module else {called}
    for written_so, node in function.calls:
        if written_so in names and len(node.args) > index:
            yield node.args[index]


def _note(
    found: Found, value: ast.expr, function: _Function, queue: list[tuple[str, int, str]]
) -> None:
    if isinstance(value, ast.Constant):
        found.whole.add(str(value.value))
    elif isinstance(value, ast.IfExp):
        _note(found, value.body, function, queue)
        _note(found, value.orelse, function, queue)
    elif isinstance(value, ast.JoinedStr):
        parts = [str(one.value) if isinstance(one, ast.Constant) else "*" for one in value.values]
        found.patterns.add("".join(parts))
    elif isinstance(value, ast.Name) and value.id in function.names():
        called = f"{function.module.stem}.{function.node.name}"
        queue.append((called, function.names().index(value.id), ""))
    elif isinstance(value, ast.Name) and (given := list(_given(function, value.id))):
        for one in given:
            _note(found, one, function, queue)
    elif said := set(_acts_in(value)):
        found.whole |= said  # such as a choice from a dict
    else:
        found.unread.add(f"{function.module.name}:{value.lineno} {ast.unparse(value)}")


def _acts_in(value: ast.expr) -> Iterator[str]:
    for node in ast.walk(value):
        if isinstance(node, ast.Constant) and _ACT.fullmatch(str(node.value)):
            yield str(node.value)


def _given(function: _Function, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(function.node):
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == name for target in node.targets
        ):
            yield node.value
