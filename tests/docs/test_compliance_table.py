"""docs/compliance.md lists the rules as they are; `tests.docs.compliance` writes it anew."""

from content import compliance
from tests.docs.compliance import PAGE, table


def test_the_page_has_the_rules_as_they_are() -> None:
    assert table() in PAGE.read_text(), "run python -m tests.docs.compliance"


def test_the_table_holds_every_rule() -> None:
    shown = table()
    for rule in compliance.rules():
        assert f"`{rule.id}`" in shown
