"""Where a text may lead: a name that everybody can read, and nothing inside the house."""

import pytest

from content import links
from content.compliance import inspect
from content.compliance_cases import Kind, Passage, Work

INWARD = [
    "http://127.0.0.1", "https://127.0.0.1/x", "https://169.254.169.254/latest/meta-data",
    "https://[::1]/", "https://0x7f000001/", "https://2130706433/", "https://0177.0.0.1/",
    "https://localhost/x", "https://shop.example.cn:6379/", "https://shop.example.cn@10.0.0.1/",
    "https://shop.example.cn\\@10.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_",
    "javascript:alert(1)", "//127.0.0.1/x",
]  # fmt: skip


@pytest.mark.parametrize("link", [*INWARD, "/\\10.0.0.1", "/site/../console", "/site//x"])
def test_no_text_leads_inward(link: str) -> None:
    assert not links.is_allowed(link)


@pytest.mark.parametrize("kind", ["menu", "reply", "push"])
@pytest.mark.parametrize("link", [one for one in INWARD if one != "//127.0.0.1/x"])
def test_nothing_that_leads_inward_is_approved(kind: Kind, link: str) -> None:
    work = Work(kind, (Passage("文字", "请看"),), (Passage("链接", link),))

    assert "red" in {one.severity for one in inspect(work)}
