"""Links: those of the buttons, and those that stand in the texts."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from content.compliance_cases import Case, Check, Hit, Words

SHORT_HOSTS = frozenset(
    {
        "t.cn", "dwz.cn", "suo.im", "url.cn", "w.url.cn", "bit.ly", "tinyurl.com", "goo.gl",
        "t.co", "is.gd", "985.so", "sina.lt", "mrw.so", "suo.nz", "rrd.me", "reurl.cc", "c7.gg",
        "m6z.cn", "u.nu", "v.ht", "s.id", "dwz.win", "suo.run", "6du.in", "3.cn", "tb.cn",
    }
)  # fmt: skip
_URL = re.compile(r"(?:https?|ftp|file)://[^\s\u3400-\u9fff<>\"'，。！？；、（）”“]{1,2000}", re.I)
_SCRIPT = re.compile(r"(?:javascript|vbscript|data)\s{0,3}:\s{0,3}(?=[\w(/])", re.I)
_BARE = re.compile(r"(?<![\w./@-])((?:[a-z\d-]{1,30}\.){1,3}[a-z]{2,6})/[\w/?=&%-]+", re.I)
_SLOT = re.compile(r"\{\w+\}")


@dataclass(frozen=True)
class Link:
    """An address, where it stands, and what its parts are."""

    place: str
    url: str

    @property
    def host(self) -> str:
        """Its host in small letters; empty when there is none that can be read."""
        try:
            return (urlsplit(self.url).hostname or "").rstrip(".").lower()
        except ValueError:
            return ""

    @property
    def is_odd(self) -> bool:
        """Whether it is a number, has a port or a user, or is none at all."""
        try:
            parts = urlsplit(self.url)
            odd = parts.port is not None or "@" in parts.netloc
        except ValueError:
            return True
        is_web = parts.scheme.lower() in {"http", "https"}
        return odd or not is_web or not self.host or "." not in self.host or _is_number(self.host)


def links_of(case: Case) -> Iterator[Link]:
    """Every address that the work leads to, those of our own pages left out."""
    for passage in case.work.links:
        if not passage.text.startswith("/") and not _is_ours(case, passage.text):
            yield Link(passage.place, passage.text.strip())
    for passage in case.work.passages:
        for match in _URL.finditer(passage.text):
            if not _is_ours(case, match[0]) and not _SLOT.search(match[0]):
                yield Link(passage.place, match[0])


def link_unsafe(case: Case, _listed: Words) -> Iterator[Hit]:
    """Numbers, ports, users, scripts."""
    for link in links_of(case):
        if link.is_odd:
            yield Hit(link.place, link.url[:80])
    for line in case.lines:
        for match in _SCRIPT.finditer(line.plain.text):
            yield Hit(line.place, line.plain.quote(*match.span()))


def link_short(case: Case, _listed: Words) -> Iterator[Hit]:
    """A service that hides where a link leads."""
    for link in links_of(case):
        if link.host in SHORT_HOSTS:
            yield Hit(link.place, link.url[:80])
    for line in case.lines:
        for match in _BARE.finditer(line.plain.text):
            if match[1] in SHORT_HOSTS:
                yield Hit(line.place, line.plain.quote(*match.span())[:80])


def link_insecure(case: Case, _listed: Words) -> Iterator[Hit]:
    """Plain http; a short link is told to be one instead."""
    if case.setting.domains is None:
        return  # nor is it known which address is ours
    for link in _plain_links(case):
        if link.url.lower().startswith("http://"):
            yield Hit(link.place, link.url[:80])


def link_domain(case: Case, _listed: Words) -> Iterator[Hit]:
    """A host that is not on the list."""
    if case.setting.domains is None:
        return
    known = {domain.lower() for domain in case.setting.domains}
    for link in _plain_links(case):
        if not any(link.host == one or link.host.endswith(f".{one}") for one in known):
            yield Hit(link.place, link.url[:80])


def _plain_links(case: Case) -> Iterator[Link]:
    for link in links_of(case):
        if not link.is_odd and link.host not in SHORT_HOSTS:
            yield link


def _is_ours(case: Case, url: str) -> bool:
    base = case.setting.base_url.rstrip("/")
    return bool(base) and (url == base or url.startswith((f"{base}/", f"{base}?")))


def _is_number(host: str) -> bool:
    if re.fullmatch(r"(?:0x[\da-f]+|\d+)(?:\.(?:0x[\da-f]+|\d+)){0,3}", host):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


CHECKS: Mapping[str, Check] = {
    "link-domain": link_domain,
    "link-insecure": link_insecure,
    "link-short": link_short,
    "link-unsafe": link_unsafe,
}
