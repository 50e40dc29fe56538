"""The table of docs/compliance.md, written from the rules: `python -m tests.docs.compliance`."""

import re

from content import compliance
from tests.world import ROOT

PAGE = ROOT / "docs" / "compliance.md"
_TABLE = re.compile(r"<!-- rules -->\n.*?<!-- /rules -->", re.S)


def table() -> str:
    """All rules, by theme."""
    lines = ["| id | severity | runs on | what | source |", "|---|---|---|---|---|"]
    for rule in compliance.rules():
        kinds = "all" if rule.kinds == compliance.KINDS else ", ".join(rule.kinds)
        lines.append(
            f"| `{rule.id}` | {rule.severity} | {kinds} | {rule.title}：{rule.why}"
            f" | {rule.source} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    block = f"<!-- rules -->\n{table()}\n<!-- /rules -->"
    PAGE.write_text(_TABLE.sub(lambda _: block, PAGE.read_text()))
