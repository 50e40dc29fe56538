"""Judges what the callback answered, as the platform would, and says what the user sees."""

from dataclasses import dataclass, field
from xml.etree import ElementTree

from emulator.ciphers import Undecipherable, decrypt, is_signed
from emulator.platform import Account
from emulator.state import Json

TEXT_LIMIT_BYTES = 2048
MEDIA_TAGS = {"image": "Image", "voice": "Voice", "video": "Video", "music": "Music"}


@dataclass(frozen=True)
class Seen:
    """One item that appears in the chat."""

    kind: str
    text: str
    data: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """`outcome` is replied, nothing or failure; `note` is for engineers."""

    outcome: str
    note: str = ""
    seen: Seen | None = None
    reply: str = ""


class Unacceptable(ValueError):
    """The answer is none the platform accepts; the text says why."""


def judge(account: Account, openid: str, status: int, body: bytes) -> Verdict:
    """The verdict on one answer to a push for `openid`.

    Accepted are `success`, an empty body and a valid reply (encrypted and signed in safe
    mode). Raises `Unacceptable` for everything else: the platform then delivers again.
    """
    if not 200 <= status < 300:
        raise Unacceptable(f"HTTP {status}" + (", redirects are not followed" * (status < 400)))
    if body in {b"", b"success"}:
        return Verdict("nothing")
    root = parse_xml(body)
    if account.mode == "safe" or root.find("Encrypt") is not None:
        root = open_encrypted(account, root)
    if read(root, "ToUserName") != openid or read(root, "FromUserName") != account.original_id:
        raise Unacceptable("ToUserName and FromUserName are not those of the push, swapped")
    if not read(root, "CreateTime").isdecimal():
        raise Unacceptable("CreateTime is not a number")
    return show(root)


def parse_xml(body: bytes) -> ElementTree.Element:
    """The root element; a DOCTYPE is refused, so no entity can be declared."""
    if b"<!DOCTYPE" in body[:4096]:
        raise Unacceptable("a reply has no DOCTYPE")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 (no DOCTYPE, see above)
    except (ElementTree.ParseError, ValueError) as error:
        raise Unacceptable("neither success, nor empty, nor XML") from error
    if root.tag != "xml":
        raise Unacceptable(f"the root element is {root.tag}, not xml")
    return root


def open_encrypted(account: Account, root: ElementTree.Element) -> ElementTree.Element:
    """The reply inside Encrypt, its signature and app id checked."""
    encrypted = read(root, "Encrypt")
    if not encrypted:
        raise Unacceptable("safe mode wants an encrypted reply")
    parts = (account.token, read(root, "TimeStamp"), read(root, "Nonce"), encrypted)
    if not is_signed(read(root, "MsgSignature"), *parts):
        raise Unacceptable("MsgSignature is wrong")
    try:
        return parse_xml(decrypt(account.aes_key, account.app_id, encrypted))
    except Undecipherable as error:
        raise Unacceptable(str(error)) from error


def read(element: ElementTree.Element, path: str) -> str:
    """The text of a child, "" where there is none."""
    return element.findtext(path) or ""


def show(root: ElementTree.Element) -> Verdict:
    """What a valid reply shows."""
    kind = read(root, "MsgType")
    reply = ElementTree.tostring(root, encoding="unicode")
    if kind == "text":
        return show_text(read(root, "Content"), reply)
    if kind == "news":
        return show_news(root, reply)
    if kind == "transfer_customer_service":
        return Verdict("nothing", note="transferred to human", reply=reply)
    if kind in MEDIA_TAGS:
        holder = root.find(MEDIA_TAGS[kind])
        if holder is None:
            raise Unacceptable(f"{kind} reply without {MEDIA_TAGS[kind]}")
        data = {child.tag: child.text or "" for child in holder}
        return Verdict("replied", seen=Seen(kind, data.get("Title", ""), data), reply=reply)
    raise Unacceptable(f"MsgType {kind!r} is unknown")


def show_text(content: str, reply: str) -> Verdict:
    """A text: over 2048 bytes the platform shows nothing at all."""
    size = len(content.encode())
    if size > TEXT_LIMIT_BYTES:
        return Verdict("nothing", f"text of {size} bytes is over {TEXT_LIMIT_BYTES}", reply=reply)
    if not content:
        return Verdict("nothing", "empty text", reply=reply)
    return Verdict("replied", seen=Seen("text", content), reply=reply)


def show_news(root: ElementTree.Element, reply: str) -> Verdict:
    """Articles: only the first one is shown (platform rule since 2018-10-12)."""
    items = root.findall("Articles/item")
    if not items or read(root, "ArticleCount") != str(len(items)):
        raise Unacceptable("ArticleCount does not fit the articles")
    first = items[0]
    article = {
        "title": read(first, "Title"),
        "description": read(first, "Description"),
        "picurl": read(first, "PicUrl"),
        "url": read(first, "Url"),
    }
    note = "" if len(items) == 1 else f"{len(items)} articles, only the first is shown"
    seen = Seen("news", article["title"], {"articles": [article]})
    return Verdict("replied", note, seen, reply)
