"""One strict parser in front of everything: flat fields are text, nested ones dicts or lists.

wechatpy's parser raises ten kinds of exception on malformed input and turns a doubled
`<FromUserName>` into the text "['a', 'b']"; this one has a single way to say no.
"""

import re
from xml.parsers import expat

Field = str | dict[str, "Field"] | list["Field"]
MAX_BYTES = 64 * 1024
_MAX_DEPTH = 8
# Real clients send these inside CDATA (WeRoBot #419, easywechat #1419), and XML forbids them.
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class Malformed(Exception):
    """Not a message that WeChat sends; the text says why, without the content."""


class _Frame:
    __slots__ = ("children", "name", "text")

    def __init__(self, name: str) -> None:
        self.name = name
        self.text: list[str] = []
        self.children: dict[str, Field] = {}


class _Builder:
    def __init__(self) -> None:
        self.stack: list[_Frame] = []
        self.root: Field | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if attributes or len(self.stack) >= _MAX_DEPTH:
            raise Malformed("attributes or deep nesting")
        if not self.stack and name != "xml":
            raise Malformed("root is not xml")
        self.stack.append(_Frame(name))

    def data(self, text: str) -> None:
        self.stack[-1].text.append(text)

    def end(self, name: str) -> None:
        frame = self.stack.pop()
        value: Field = frame.children or "".join(frame.text)
        if not self.stack:
            self.root = value
            return
        siblings = self.stack[-1].children
        if name not in siblings:
            siblings[name] = value
        elif len(self.stack) == 1:
            raise Malformed("a field stands twice")  # which one would be the sender?
        else:
            before = siblings[name]
            siblings[name] = [*before, value] if isinstance(before, list) else [before, value]


def parse(body: bytes) -> dict[str, Field]:
    """The fields below `<xml>`. Raises Malformed.

    No DTD, no entities beyond the five of XML, UTF-8 only, at most 64 KB.
    """
    if not 0 < len(body) <= MAX_BYTES:
        raise Malformed("empty or too large")
    builder = _Builder()
    parser = expat.ParserCreate("UTF-8")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(_CONTROL.sub(b"", body), True)
    except (expat.ExpatError, UnicodeDecodeError) as error:
        raise Malformed("not XML") from error
    if not isinstance(builder.root, dict):
        raise Malformed("no fields")
    return builder.root


def _refuse_doctype(*_args: object) -> None:
    raise Malformed("a document type")


def text(fields: dict[str, Field], name: str, default: str = "") -> str:
    """A flat field; missing or nested ones read as `default`."""
    value = fields.get(name, default)
    return value if isinstance(value, str) else default
