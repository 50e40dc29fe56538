"""One running product for all journeys of a test process, and browsers that are watched."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser import ARGUMENTS, find_chromium
from tests.journey.hands import PHONE_SIZE, Phone
from tests.journey.product import Product, running
from tests.journey.watch import Watch

# A slow machine that runs other tests at the same time.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def product() -> Iterator[Product]:
    """The product's own processes; that they end cleanly is asserted at the end."""
    with running() as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium with an empty profile; let go after a module, others start Playwright too."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Fails the test at its end if a browser complained on the way."""
    watch = Watch()
    yield watch
    assert watch.complaints == []


@pytest.fixture
def new_phone(browser: Browser, product: Product, watch: Watch) -> Iterator[Callable[[], Phone]]:
    """Makes phones; each is a stranger's until it is handed to somebody."""
    contexts = []

    def make() -> Phone:
        context = browser.new_context(viewport=PHONE_SIZE, locale="zh-CN")
        contexts.append(context)
        watch.over(context)
        return Phone(context.new_page(), product)

    yield make
    for context in contexts:
        context.close()
