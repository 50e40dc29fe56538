"""The rules that every page of the journey is held to do bite."""

import pytest
from playwright.sync_api import Browser

from tests.browser import find_chromium
from tests.journey.watch import Watch, inspect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]

GOOD = """<html lang="zh-CN"><head><title>好</title></head><body>
<label>姓名 <input></label><img src="data:," alt=""><button>好</button></body></html>"""


@pytest.mark.parametrize(
    ("whole", "broken"),
    [
        ('lang="zh-CN"', ""),
        ("<title>好</title>", ""),
        ("<label>姓名 <input></label>", "<input>"),
        ('alt=""', ""),
        ("<button>好</button>", "<button></button>"),
        ("<button>", '<b id="a"></b><b id="a"></b><button>'),
    ],
)
def test_each_rule_bites(browser: Browser, whole: str, broken: str) -> None:
    page = browser.new_page()
    page.set_content(GOOD)
    inspect(page)
    page.set_content(GOOD.replace(whole, broken))
    with pytest.raises(AssertionError):
        inspect(page)
    page.close()


def test_complaints_are_heard(browser: Browser) -> None:
    watch, context = Watch(), browser.new_context()
    watch.over(context)
    page = context.new_page()
    page.set_content("<script>console.error('ouch'); setTimeout(() => nobody())</script>")
    page.wait_for_timeout(200)
    context.close()
    assert len(watch.complaints) == 2
