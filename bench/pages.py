"""How long the server takes for each page of the console: `python -m bench.pages [times]`.

The product runs as `make run` starts it, with the demo data. Every kind of page that links lead
to is asked so many times (20) by the owner, one request after the other; the bar is 200 ms.
"""

import html
import re
import statistics
import sys
from collections import deque
from collections.abc import Iterator

import requests

from tests.journey.product import Product, running
from tests.journey.tour import name_of

BAR_MS = 200.0
_TIMES = 20
_LINK = re.compile(r'<a[^>]*\shref="(/console[^"#]*)"')
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def main() -> None:
    """Ask for every page and print the slow ones, then the figures of all."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else _TIMES
    with running() as product, requests.Session() as session:
        session.trust_env = False
        sign_in(session, product)
        taken = {name: ask(session, address, times) for name, address in walk(session, product)}
    report(taken)


def sign_in(session: requests.Session, product: Product) -> None:
    """Become the owner."""
    address = f"{product.web}/console/sign-in"
    token = _TOKEN.search(session.get(address, timeout=30).text)
    assert token is not None
    form = {"login": "owner", "password": product.logins["owner"], "csrf_token": token[1]}
    answer = session.post(address, form, headers={"Referer": address}, timeout=30)
    assert "退出" in answer.text, answer.status_code


def walk(session: requests.Session, product: Product) -> Iterator[tuple[str, str]]:
    """(route, address) of each kind of page that links lead to from the home page."""
    waiting, seen = deque(["/console/"]), set[str]()
    while waiting:
        path = waiting.popleft()
        name = name_of(path.partition("?")[0])
        if not name or name in seen:
            continue
        seen.add(name)
        answer = session.get(product.web + path, timeout=30)
        if "text/html" in answer.headers.get("Content-Type", ""):
            waiting.extend(html.unescape(found) for found in _LINK.findall(answer.text))
            yield name, product.web + path


def ask(session: requests.Session, address: str, times: int) -> list[float]:
    """Milliseconds until the answer's head was there, sorted; the pages are warm by the walk."""
    found = []
    for _ in range(times):
        answer = session.get(address, timeout=30)
        assert answer.status_code == 200, (address, answer.status_code)
        found.append(answer.elapsed.total_seconds() * 1000)
    return sorted(found)


def report(taken: dict[str, list[float]]) -> None:
    """The pages over the bar, slowest first, and one line for all."""
    slow = {name: ms for name, ms in taken.items() if statistics.median(ms) > BAR_MS}
    ordered = sorted(taken.items(), key=lambda one: -statistics.median(one[1]))
    for name, ms in ordered if slow else ordered[:5]:
        mark = "OVER" if name in slow else ""
        print(f"pages {name}: median {statistics.median(ms):.0f} ms, max {ms[-1]:.0f} ms {mark}")
    medians = [statistics.median(ms) for ms in taken.values()]
    print(
        f"pages: {len(taken)} kinds of page, {len(slow)} over the bar of {BAR_MS:.0f} ms; "
        f"median of medians {statistics.median(medians):.0f} ms, slowest {max(medians):.0f} ms"
    )


if __name__ == "__main__":
    main()
