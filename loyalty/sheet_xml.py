"""Reading the XML of a workbook's parts in pieces, with a handler for each kind of part."""

import zipfile
from collections.abc import Iterator
from typing import Generic, TypeVar
from xml.parsers import expat

from loyalty.file_refusals import FIELD_LENGTH, ROWS, FileRefused

_CHUNK = 65_536
_DEPTH = 100
T = TypeVar("T")


class Handler(Generic[T]):
    """Collects what one part says; `ready` is emptied after each piece."""

    def __init__(self) -> None:
        self.ready: list[T] = []
        self._text: list[str] | None = None
        self._length = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def words(self, text: str) -> None:
        """Text between marks; a long cell comes in several pieces."""
        if self._text is not None:
            self._length += len(text)
            if self._length > FIELD_LENGTH:
                raise FileRefused(line=1, problem="有单元格内容太长")
            self._text.append(text)

    def listen(self) -> None:
        """Keep the text from here on."""
        self._text, self._length = [], 0

    def heard(self) -> str:
        """The text since `listen`."""
        text = "".join(self._text or [])
        self._text = None
        return text


class Names(Handler[dict[str, str]]):
    """The attributes of every element of one name; keys keep their namespace."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self._wanted = wanted

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Keep the attributes of the wanted ones."""
        if name == self._wanted:
            self.ready.append(attributes)


class Texts(Handler[str]):
    """The shared texts; a text in several runs is one, its reading aid is left out."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[str] = []
        self._aside = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """A text, a run of it, or an aside."""
        del attributes
        if name == "si":
            self._parts = []
        elif name == "rPh":
            self._aside = True
        elif name == "t" and not self._aside:
            self.listen()

    def end(self, name: str) -> None:
        """Put the runs of one text together."""
        if name == "t" and not self._aside:
            self._parts.append(self.heard())
        elif name == "rPh":
            self._aside = False
        elif name == "si":
            self.ready.append("".join(self._parts)[: FIELD_LENGTH + 1])


class Cells(Handler[tuple[int, list[tuple[str, str, str, str]]]]):
    """Rows: the number of each, and its cells as (place, type, value, formula)."""

    def __init__(self) -> None:
        super().__init__()
        self._number = 0
        self._cells: list[tuple[str, str, str, str]] = []
        self._place = self._kind = self._value = self._formula = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """A row, a cell, or the inside of one."""
        if name == "row":
            self._number = int(attributes.get("r", self._number + 1))
            self._cells = []
            if not 0 < self._number <= ROWS:
                raise FileRefused(line=1, problem=f"最多 {ROWS} 行")
        elif name == "c":
            self._place, self._kind = attributes.get("r", ""), attributes.get("t", "")
            self._value = self._formula = ""
        elif name in {"v", "t", "f"}:
            self.listen()

    def end(self, name: str) -> None:
        """Close what was begun."""
        if name == "v":
            self._value = self.heard()
        elif name == "t":
            self._value += self.heard()
        elif name == "f":
            # A shared formula may stand empty in the cells that it is copied to.
            self._formula = self.heard() or "?"
        elif name == "c":
            self._cells.append((self._place, self._kind, self._value, self._formula))
        elif name == "row":
            self.ready.append((self._number, self._cells))


def parse(book: zipfile.ZipFile, name: str, handler: Handler[T], limit: int) -> Iterator[T]:
    """What the handler finds in a part, piece by piece; at most `limit` bytes are unpacked.

    Raises FileRefused, and what `zipfile` and `expat` raise for a broken part.
    """
    parser = expat.ParserCreate(namespace_separator="}")
    _wire(parser, handler)
    left = limit
    with book.open(name) as part:
        while data := part.read(_CHUNK):
            left -= len(data)
            if left < 0:
                raise FileRefused(line=1, problem="文件解压后过大")
            parser.Parse(data, False)
            yield from handler.ready
            handler.ready.clear()
        parser.Parse(b"", True)
    yield from handler.ready


def _wire(parser: expat.XMLParserType, handler: Handler[T]) -> None:
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEPTH:
            raise FileRefused(line=1, problem="表格内容无法读取")
        handler.start(name.rpartition("}")[2], attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(name.rpartition("}")[2])

    def refuse(*_declared: object) -> None:
        raise FileRefused(line=1, problem="表格内容无法读取")

    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.words
    # No document type, so no entities: neither a bomb of them nor a file of ours.
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
