"""Short addresses of pushes, opened on a phone."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from pushes.clicks import PushClick
from pushes.pushes import Push
from tests.jobs.push_rows import Sending, Sent, put
from tests.jobs.test_push_events import ANNA, staffed
from tests.world import Hall

WECHAT = "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 MicroMessenger/8.0.50 NetType/WIFI"


@pytest.fixture
def push(hall: Hall) -> Push:
    """A push that leads to the coupons, sent to Anna."""
    staffed(hall)
    sending = Sending([Sent(ANNA, "notice", variant=1)], values={"link": "/site/coupons"})
    return hall.database.transaction(lambda session: put(session, sending))


def taps(hall: Hall) -> list[tuple[int, int | None]]:
    """Variant and delivery of each click."""
    with Session(hall.database.engine) as session:
        rows = session.execute(select(PushClick.variant, PushClick.delivery_id))
        return [(row.variant, row.delivery_id) for row in rows]


def test_a_tap_is_counted_and_leads_to_the_page(hall: Hall, push: Push) -> None:
    links = hall.app.extensions["weiting"].push_links
    for address in (links.of_delivery(push, 1), links.of_variant(push, 2)):
        path = address.removeprefix(links.base_url)
        answer = hall.client.get(path, headers={"User-Agent": WECHAT})
        assert (answer.status_code, answer.location) == (302, f"{links.base_url}/site/coupons")
        assert answer.headers["Cache-Control"] == "no-store"
    assert taps(hall) == [(1, 1), (2, None)]


@pytest.mark.parametrize("agent", ["", "curl/8.5", "Mozilla/5.0 (compatible; Baiduspider/2.0)"])
def test_machines_are_led_on_and_not_counted(hall: Hall, push: Push, agent: str) -> None:
    links = hall.app.extensions["weiting"].push_links
    path = links.of_delivery(push, 1).removeprefix(links.base_url)
    assert hall.client.get(path, headers={"User-Agent": agent}).status_code == 302
    assert hall.client.head(path, headers={"User-Agent": WECHAT}).status_code == 302
    prefetch = {"User-Agent": WECHAT, "Sec-Purpose": "prefetch;prerender"}
    assert hall.client.get(path, headers=prefetch).status_code == 302
    assert taps(hall) == []


def test_what_we_did_not_make_is_no_page(hall: Hall, push: Push) -> None:
    links = hall.app.extensions["weiting"].push_links
    path = links.of_delivery(push, 1).removeprefix(links.base_url)
    gone = links.of_delivery(push, 99).removeprefix(links.base_url)
    wrong = (path[:-1] + ("0" if path[-1] != "0" else "1"), "/l/d1-", "/l/-", "/l/中秋", gone)
    for address in (*wrong, "/l/" + "d" * 5000):
        answer = hall.client.get(address, headers={"User-Agent": WECHAT})
        assert answer.status_code == 404, address[:20]
    assert taps(hall) == []
