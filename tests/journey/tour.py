"""A tour of all pages: each that links lead to, once, what is asked of it, and its picture."""

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
from web.site import register_site

# Files, and what ends the session that walks.
_NO_PAGES = ("export", "sign_out", "oauth")

# Of a tour: (width, height) of the screens on which each page is looked at.
SCREENS = {
    "large": (1920, 1080),
    "small": (1280, 800),
    "phone": (390, 844),
    "wide": (1440, 900),
}
# Of these pictures are taken, of the whole page.
PICTURED = ("wide", "phone")
SHOTS = ROOT / "var" / "shots"
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


def walk(page: Page, start: str, seen: set[str]) -> Iterator[tuple[str, int]]:
    """Open each kind of page once, from the address `start`; yields its route and its status.

    `seen` are the routes that were opened before; those of this walk are added. Pages belong to
    a walk when their blueprint is that of its start.
    """
    part = name_of(urlsplit(start).path).partition(".")[0]
    waiting = deque([start])
    first = True
    while waiting:
        address = waiting.popleft()
        name = name_of(urlsplit(address).path)
        if not name.startswith(f"{part}.") or (name in seen and not first):
            continue
        seen.add(name)
        first = False
        answer = page.goto(address)
        assert answer is not None, address
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        origin = "/".join(start.split("/")[:3]) + "/"
        waiting.extend(link for link in page.evaluate(_LINKS) if link.startswith(origin))
        yield name, answer.status


def look(page: Page, picture: str) -> list[str]:
    """What is wrong with the page that is open, on any screen; leaves its pictures in SHOTS."""
    found = barriers(page)
    for screen, (width, height) in SCREENS.items():
        page.set_viewport_size({"width": width, "height": height})
        found += [f"{screen}: {node}" for node in overflow(page)]
        if screen in PICTURED:
            # As high as the page is: what sticks to the screen is in its place on the picture.
            tall = page.evaluate("document.documentElement.scrollHeight")
            page.set_viewport_size({"width": width, "height": max(tall, height)})
            page.screenshot(path=SHOTS / screen / f"{picture}.png", full_page=True)
    return found


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
    register_site(app)
    return app.url_map.bind("localhost")


def name_of(path: str) -> str:
    """The route behind a path; "" for what is no page of its own, such as an export."""
    try:
        endpoint, _ = _routes().match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return ""
    name = str(endpoint)
    return "" if any(word in name for word in _NO_PAGES) else name
