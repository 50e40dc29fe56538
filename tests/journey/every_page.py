"""Every page of console and mini-site, on four screens: nothing sticks out, nobody is shut out.

`make tour` leaves a picture of each in var/shots/wide and var/shots/phone, named by its route.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser

from tests.browser import find_chromium
from tests.journey import steps
from tests.journey.hands import Phone, at_console
from tests.journey.product import Product
from tests.journey.tour import look, walk
from tests.journey.watch import Watch, inspect

pytestmark = [
    pytest.mark.browser,
    # One product for all: each test process would start its own.
    pytest.mark.xdist_group("journey"),
    pytest.mark.timeout(600),
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]


def test_every_page_is_whole_and_open_to_all(
    browser: Browser, product: Product, watch: Watch
) -> None:
    found: dict[str, list[str]] = {}
    seen: set[str] = set()
    # The owner's pages, and what others have besides.
    for login in sorted(product.logins, key=lambda login: login != "owner"):
        with at_console(browser, product, login) as page:
            watch.over(page.context)
            for name, status in walk(page, f"{product.web}/console/", seen):
                inspect(page)
                faults = look(page, f"{name}-{login}" if login != "owner" else name)
                faults += [f"status {status}"] if status != 200 else []
                if faults:
                    found[f"{name} ({login})"] = faults
    assert not found, _told(found)
    assert len(seen) > 60


def test_every_page_of_the_mini_site(
    new_phone: Callable[[], Phone], product: Product, watch: Watch
) -> None:
    found: dict[str, list[str]] = {}
    seen: set[str] = set()
    phone = new_phone()
    phone.hand_to_newcomer("小雨")
    phone.follow()
    steps.register(phone, "陈小雨", "13800138001")
    phone.close()
    steps.claim(phone)
    phone.close()
    steps.apply(phone)
    for name, status in walk(phone.page, f"{product.web}/site/", seen):
        inspect(phone.page)
        faults = look(phone.page, name)
        faults += [f"status {status}"] if status != 200 else []
        if faults:
            found[name] = faults
    assert not found, _told(found)
    assert len(seen) > 20


def _told(found: dict[str, list[str]]) -> str:
    return "\n".join(f"{name}: {fault}" for name, faults in found.items() for fault in faults)
