"""A tour of the console: every page that links lead to, once each, and what is asked of a page."""

from collections import deque
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from playwright.sync_api import Page
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, RequestRedirect

from tests.world import ROOT
from web.console import register_console

# Of a tour: (width, height) of the screens on which each page is looked at.
SCREENS = {"wide": (1440, 900), "small": (1280, 800), "phone": (390, 844)}
_AXE = ROOT / "web" / "static" / "vendor" / "axe.min.js"
_LINKS = """() => [...document.querySelectorAll("a[href]:not([download])")].map(a => a.href)"""
# Charts write their own labels into a canvas; what they say stands in a table below.
_RUN = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.slice(0, 3).map(one => `${id}: ${one.html.slice(0, 160)}`));
}"""
_WIDE = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return [];
  return [...document.body.querySelectorAll("*")]
    .filter(node => node.getBoundingClientRect().right > room + 1)
    .slice(-3).map(node => node.outerHTML.slice(0, 120));
}"""


def walk(page: Page, base: str) -> Iterator[tuple[str, int]]:
    """Open each kind of page once, starting at the home page; yields its route and its status."""
    seen: set[str] = set()
    waiting = deque([f"{base}/console/"])
    while waiting:
        address = waiting.popleft()
        name = _name_of(urlsplit(address).path)
        if name is None or name in seen:
            continue
        seen.add(name)
        answer = page.goto(address)
        assert answer is not None, address
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        waiting.extend(link for link in page.evaluate(_LINKS) if link.startswith(f"{base}/"))
        yield name, answer.status


def barriers(page: Page) -> list[str]:
    """What axe-core calls serious or critical on the page that is open."""
    page.evaluate(_axe())
    found: list[str] = page.evaluate(_RUN)
    return found


def overflow(page: Page) -> list[str]:
    """What sticks out to the right of the page that is open."""
    found: list[str] = page.evaluate(_WIDE)
    return found


@cache
def _axe() -> str:
    return Path(_AXE).read_text("utf-8")


@cache
def _routes() -> MapAdapter:
    app = Flask("web")
    register_console(app)
    return app.url_map.bind("localhost")


def _name_of(path: str) -> str | None:
    try:
        endpoint, _ = _routes().match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return None
    name = str(endpoint)
    return name if name.startswith("console.") and "export" not in name else None
