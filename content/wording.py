"""What people type, brought into one spelling; and what of it must not be kept."""

import re
import unicodedata

# Nobody's question is longer; what is, is cut before anything looks at it.
READ_LENGTH = 500
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,32}){1,3}", re.ASCII)
_NUMBER = re.compile(r"[0-9][0-9 \-]{3,}[0-9xX]")


def fold(text: str) -> str:
    """What somebody typed, in one spelling: half width, lower case, no blanks or end marks."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(folded.split()).rstrip("!?.。~")


def plain(text: str) -> str:
    """The same with its blanks and marks, as regular expressions read it; cut to 500 letters."""
    return unicodedata.normalize("NFKC", text[:READ_LENGTH]).lower()[:READ_LENGTH].strip()


def mask(text: str) -> str:
    """The text without what tells who wrote it: numbers of five digits or more, mail addresses."""
    written = unicodedata.normalize("NFKC", text)
    return _NUMBER.sub("***", _MAIL.sub("***", written))


def size(text: str) -> int:
    """How many bytes WeChat counts."""
    return len(text.encode("utf-8", "ignore"))
