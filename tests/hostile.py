"""Forms as a browser sees them, what somebody who means harm sends, what no page may hold."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from werkzeug.test import TestResponse

# Short, so that it fits where a name does: a way out of an attribute and of an element, a
# template's braces, and a mark that turns the direction of what follows.
XSS = "\"'><img src=x onerror=alert(1)>{{913*917}}\u202e"
# Fits where twenty letters do.
SHORT_XSS = "<b onclick=x>{{7*7}}"
_RAW = ("<img src=x", "<b onclick", "<script>alert")
WORKED_OUT = "837221"
ROUGH = ("a\x00b", "长" * 5_000, "javascript:alert(1)//", "𝕏\r\nSet-Cookie: a=b", "%00%s{0}${x}")
# What no form of ours has, and what would show in a table if it were taken.
SMUGGLED = {
    "role": "smuggled", "state": "smuggled", "status": "smuggled", "branch": "smuggled",
    "branch_id": "424242424", "approved_by": "424242424", "decided_by": "424242424",
    "operator_id": "424242424", "created_by": "424242424", "balance": "424242424",
    "member_id": "424242424", "openid": "smuggled", "password_hash": "smuggled",
}  # fmt: skip
PNG_OF_A_GIGABYTE = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\xea\x60\x00\x00\xea\x60\x08\x02\x00\x00\x00"
)
UPLOADS = {
    "empty.jpg": b"",
    "page.jpg": b"<html><script>alert(1)</script></html>",
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "bomb.png": PNG_OF_A_GIGABYTE + b"\x00" * 40,
    "../../x.png": b"GIF89a<script>alert(1)</script>",
    "members.xlsx": b"PK\x03\x04 no workbook",
    "members.csv": b"\xff\xfe\x00=cmd|' /C calc'!A0,\x00\n",
}

# What a person types freely; the rest of a form has values of its own.
_TYPED = {"text", "search", "url", "email", "tel", ""}
# What is put into an empty field, so that a form is refused for what is hostile alone.
_PLAUSIBLE = {
    "date": "2026-12-01",
    "datetime-local": "2026-12-01T09:00",
    "month": "2026-12",
    "time": "09:00",
    "number": "1",
}
_NOT_SENT = {"submit", "button", "image", "reset", "file", "password"}


@dataclass
class Form:
    """Where a form is sent, what it holds as it stands, and which fields take what."""

    action: str
    values: dict[str, list[str]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    secret: bool = False

    def filled(self, typed: dict[str, str]) -> dict[str, list[str]]:
        """What is sent when these texts are typed into it, with what no form of ours has."""
        smuggled = {name: [text] for name, text in SMUGGLED.items() if name not in self.values}
        return smuggled | self.values | {name: [text] for name, text in typed.items()}


class _Reader(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address.partition("?")[0]
        self.forms: list[Form] = []
        self.faults: list[str] = []
        self._open: Form | None = None
        self._select: tuple[str, list[str], list[str]] | None = None  # name, others, chosen
        self._area: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._judge(tag, given)
        if tag == "form":
            self._begin(given)
        elif self._open is None:
            return
        elif tag == "input":
            self._input(self._open, given)
        elif tag == "textarea":
            self._area = (given.get("name", ""), [])
        elif tag == "select":
            self._select = (given.get("name", ""), [], [])
        elif tag == "option" and self._select:
            (self._select[2] if "selected" in given else self._select[1]).append(
                given.get("value", "")
            )

    def _judge(self, tag: str, given: dict[str, str]) -> None:
        script = tag == "script" and "src" not in given and given.get("type") != "application/json"
        acts = [name for name in given if name.startswith("on")]
        leads = given.get("href", given.get("action", "")).strip().lower()
        if script or acts or leads.startswith(("javascript:", "data:text")):
            self.faults.append(self.get_starttag_text() or tag)

    def _begin(self, given: dict[str, str]) -> None:
        self._open = Form(given.get("action") or self.address)
        if given.get("method", "get").lower() == "post":
            self.forms.append(self._open)

    def _input(self, form: Form, given: dict[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "text").lower()
        form.secret = form.secret or kind == "password"
        if kind == "file":
            form.files.append(name)
        if not name or kind in _NOT_SENT:
            return
        if kind in {"checkbox", "radio"} and "checked" not in given:
            return
        form.values.setdefault(name, []).append(given.get("value") or _plausible(name, kind))
        if kind in _TYPED and name not in form.texts:
            form.texts.append(name)

    def handle_data(self, data: str) -> None:
        if self._area:
            self._area[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "textarea" and self._area and self._open:
            name, words = self._area
            self._open.values.setdefault(name, []).append("".join(words).strip("\n") or "1")
            self._open.texts.append(name)
            self._area = None
        elif tag == "select" and self._select and self._open:
            name, others, chosen = self._select
            self._open.values.setdefault(name, []).extend(chosen or others[:1])
            self._select = None


def _plausible(name: str, kind: str) -> str:
    if name == "code":
        return "walked"
    value = _PLAUSIBLE.get(kind, "1" if kind in _TYPED else "")
    return value.replace("-01", "-31") if "end" in name or "until" in name else value


def forms_of(address: str, page: str) -> list[Form]:
    """The posting forms of a page."""
    return _read(address, page).forms


def markup_faults(page: str) -> list[str]:
    """Tags that act by themselves: inline scripts, handlers, links that are code."""
    return _read("", page).faults


def _read(address: str, page: str) -> _Reader:
    reader = _Reader(address)
    reader.feed(page)
    return reader


def check(path: str, answer: TestResponse) -> None:
    """No answer is a failure of ours, and none holds what was sent as anything but text."""
    assert answer.status_code < 500, (path, answer.status_code)
    if "html" in answer.content_type:
        shown = answer.text
        assert not [tag for tag in _RAW if tag in shown], path
        assert WORKED_OUT not in shown, path


def check_page(path: str, answer: TestResponse) -> None:
    """The same, and nothing on the page acts by itself."""
    check(path, answer)
    if "html" in answer.content_type:
        assert markup_faults(answer.text) == [], path
