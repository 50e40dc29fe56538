"""YAML without surprises: what looks like text stays text, and a key may stand only once."""

import re
from pathlib import Path
from typing import Any

import yaml


class YamlRefused(Exception):
    """The file is not the plain YAML that we accept; the text says where and why."""


class _Strict(yaml.SafeLoader):
    """YAML 1.1 reads `20:30` as 1230, `022` as 18, `12_34` as 1234, `NO` as false; not this."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None) is not None:
            # `!!int "022"` would be 18 again, and `!!int abc` an error that shows the value.
            raise yaml.constructor.ConstructorError(
                None, None, "anchors, aliases and tags are not used here", event.start_mark
            )
        return super().compose_node(parent, index)


_Strict.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"true|false", "tf"),
    ("tag:yaml.org,2002:int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    ("tag:yaml.org,2002:float", r"-?(?:0|[1-9][0-9]*)\.[0-9]+", "-0123456789"),
    ("tag:yaml.org,2002:null", r"~|null|", ["~", "n", ""]),
):
    _Strict.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern})$"), list(_first))


def _mapping(loader: _Strict, node: yaml.MappingNode) -> dict[Any, Any]:
    keys: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str | int):
            raise yaml.constructor.ConstructorError(
                None, None, "a key must be a word or a number", key_node.start_mark
            )
        if key in keys:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key '{key}' stands twice", key_node.start_mark
            )
        keys.add(key)
    return dict(loader.construct_pairs(node, deep=True))


_Strict.add_constructor("tag:yaml.org,2002:map", _mapping)


def parse(text: str) -> Any:
    """What the YAML says. Raises errors of yaml, ValueError, RecursionError."""
    # _Strict is a SafeLoader: it builds plain values only.
    return yaml.load(text, Loader=_Strict)  # noqa: S506


def load_strict(path: Path) -> dict[str, Any]:
    """The mapping in a UTF-8 YAML file. Raises YamlRefused with line and reason."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise YamlRefused("no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise YamlRefused(f"cannot be read: {type(error).__name__}") from error
    try:
        loaded = parse(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise YamlRefused(f"line {line}: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # A number of thousands of digits, brackets of thousands of levels.
        raise YamlRefused("is not YAML") from error
    if not isinstance(loaded, dict):
        raise YamlRefused("must hold sections, each with its keys")
    return loaded
