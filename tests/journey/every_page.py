"""Every page of the console, on three screens: nothing sticks out, nobody is shut out."""

import pytest
from playwright.sync_api import Browser

from tests.browser import find_chromium
from tests.journey.hands import at_console
from tests.journey.product import Product
from tests.journey.tour import SCREENS, barriers, overflow, walk
from tests.journey.watch import Watch, inspect

pytestmark = [
    pytest.mark.browser,
    # One product for all: each test process would start its own.
    pytest.mark.xdist_group("journey"),
    pytest.mark.timeout(300),
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]


def test_every_page_is_whole_and_open_to_all(
    browser: Browser, product: Product, watch: Watch
) -> None:
    found: dict[str, list[str]] = {}
    pages = 0
    with at_console(browser, product, "owner") as page:
        watch.over(page.context)
        for name, status in walk(page, product.web):
            pages += 1
            inspect(page)
            faults = barriers(page) if status == 200 else [f"status {status}"]
            for screen, (width, height) in SCREENS.items():
                page.set_viewport_size({"width": width, "height": height})
                faults += [f"{screen}: {node}" for node in overflow(page)]
            if faults:
                found[name] = faults
    assert found == {}
    assert pages > 40
