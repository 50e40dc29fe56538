"""CSV files as people save them: Excel's encodings and separators, read line by line.

What cannot be read for certain is refused with its line; nothing is guessed into a value.
"""

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from loyalty.file_refusals import FIELD_LENGTH, FileRefused

_SAMPLE = 65_536
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of every line that is not empty. Raises FileRefused.

    UTF-8 with or without a mark, UTF-16 with one, else GB18030; comma, semicolon or tab.
    """
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        yield from _lines(file)


def _lines(file: IO[str]) -> Iterator[tuple[int, list[str]]]:
    line = 0
    try:
        separator = _separator(file)
        # Strict: an unclosed quote is an error, not a field that eats the rest of the file.
        reader = csv.reader(_whole_lines(file), delimiter=separator, strict=True)
        for cells in reader:
            line = reader.line_num
            if any(cell.strip() for cell in cells):
                yield line, cells
    except UnicodeError as error:
        raise FileRefused(line=line + 1, problem="文字编码无法识别") from error
    except csv.Error as error:
        raise FileRefused(line=line + 1, problem="引号或分隔符有误") from error


def _whole_lines(file: IO[str]) -> Iterator[str]:
    number = 0
    while text := file.readline(FIELD_LENGTH):
        number += 1
        if len(text) >= FIELD_LENGTH and not text.endswith("\n"):
            raise FileRefused(line=number, problem="这一行太长")
        if "\x00" in text:
            raise FileRefused(line=number, problem="含有不可见的控制字符")
        yield text


def _separator(file: IO[str]) -> str:
    first = file.readline(FIELD_LENGTH)
    file.seek(0)
    counts = {mark: first.count(mark) for mark in (",", ";", "\t")}
    return max(counts, key=lambda mark: counts[mark])


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(_SAMPLE)
        if start.startswith((_ZIP, _OLE)):
            raise FileRefused(line=1, problem="这不是 CSV 文件")
        for mark, encoding in _MARKS:
            if start.startswith(mark):
                return encoding
        head = start.split(b"\n", 1)[0]
        if not head.isascii():  # Chinese names in the head line tell the two apart
            return "utf-8" if _is_utf8(head) else "gb18030"
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while start:
                decoder.decode(start)
                start = file.read(_SAMPLE)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "gb18030"
    return "utf-8"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
