"""Where a text of the hall may lead: pages of ours, https addresses, and nowhere else."""

import re
from urllib.parse import urlsplit

MOST_LETTERS = 500
# As in the mini-site: words parted by single slashes, so no `//evil`, no `/\\evil`, no `..`.
_OWN = re.compile(r"/site(?:/[\w-]+)*/?(?:\?[\w\-.~=&%+:@/]{0,200})?(?:#[\w-]{0,60})?", re.ASCII)
_ADDRESS = re.compile(r"https://[\w\-.~:/?#\[\]!$&'()*+,;=%]+", re.ASCII)
_HOST = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}")


def is_own(link: str) -> bool:
    """Whether it is a path of the mini-site."""
    return len(link) <= MOST_LETTERS and _OWN.fullmatch(link) is not None


def is_allowed(link: str) -> bool:
    """Whether a text may lead there; the address is read, never fetched."""
    if is_own(link):
        return True
    if len(link) > MOST_LETTERS or not _ADDRESS.fullmatch(link):
        return False
    try:
        parts = urlsplit(link)
        port = parts.port
    except ValueError:
        return False
    # A name and nothing before it: `https://bank.cn@evil.cn` has no place here, nor has a number.
    return port is None and _HOST.fullmatch(parts.netloc) is not None
