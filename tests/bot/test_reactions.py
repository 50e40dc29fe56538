"""The reaction table, against the table of the platform's facts."""

import json
from pathlib import Path

import pytest

from bot.reactions import TABLE, Reaction, reaction_to

# Every row of the facts: codes, and the reactions that fit. Several where the facts leave a choice
# or where one row holds codes of two kinds.
FACTS: list[tuple[str, set[str]]] = [
    ("-1", {"retry"}),
    ("40001 40014 42001", {"refresh"}),
    ("40002 41001 41002 41003 41004 41005 41006 41007 41009", {"fix"}),
    ("40003", {"drop"}),
    ("40004-40012 40137 45001 45007", {"fix"}),
    ("40007 46001", {"fix"}),
    ("40008", {"fix"}),
    ("40013 40125 40164 40243 89501 89503-89507 61004", {"stop"}),
    ("40015-40028 40054 40055 40119 40120 45010 45064 65301-65320", {"fix"}),
    ("40029 40163 42003 41008", {"restart"}),
    ("40030 42002 42007", {"restart"}),
    ("40031 40032 40130", {"fix"}),
    ("40033", {"fix"}),
    ("40035 40038 40039 40097 43001 43002 43003 44002 47001", {"fix"}),
    ("40037", {"stop"}),
    ("40053", {"stop"}),
    ("41030", {"fix"}),
    ("43004 50005 46004", {"drop"}),
    ("43019", {"drop"}),
    ("43100", {"stop"}),
    ("43101", {"drop"}),
    ("44001 44003 44004", {"fix"}),
    ("45002-45006 45008", {"fix"}),
    ("45009", {"stop"}),
    ("45011", {"retry"}),
    ("45015", {"drop"}),
    ("45047", {"drop"}),
    ("40200 45032 45072 45080 45081", {"fix"}),
    ("45026 45027", {"stop"}),
    ("45028", {"stop"}),
    ("45056-45059 45157-45159", {"fix"}),
    ("45065", {"done"}),
    ("45066", {"retry"}),
    ("45067 45083 45084", {"fix"}),
    ("47003", {"stop"}),
    ("48001", {"stop"}),
    ("48002", {"drop"}),
    ("48003", {"stop"}),
    ("48004", {"stop"}),
    ("48005", {"fix"}),
    ("48006", {"stop"}),
    ("48008", {"stop"}),
    ("50001 50002", {"stop"}),
    ("53500-53502 53600", {"stop", "fix"}),
    ("61007 61003 61023", {"stop"}),
    ("76001 76003 76022", {"fix"}),
    ("87009", {"fix"}),
    ("87014", {"stop"}),
]
CODES = Path(__file__).parents[1] / "data" / "api" / "errcodes.json"


def codes(row: str) -> list[int]:
    """The codes of a row such as `40001 40004-40012`."""
    found: list[int] = []
    for word in row.split():
        first, _, last = word.partition("-") if word[0] != "-" else (word, "", "")
        found += range(int(first), int(last or first) + 1)
    return found


@pytest.mark.parametrize(("row", "fitting"), FACTS, ids=[row for row, _ in FACTS])
def test_each_code_of_the_facts_has_its_reaction(row: str, fitting: set[str]) -> None:
    wrong = {code: TABLE.get(code) for code in codes(row) if TABLE.get(code) not in fitting}
    assert wrong == {}


def test_no_code_is_listed_under_two_reactions() -> None:
    from bot.reactions import _CODES

    listed: list[int] = []
    for entries in _CODES.values():
        for entry in entries:
            listed += entry if isinstance(entry, range) else [entry]
    assert len(listed) == len(set(listed)) == len(TABLE)


def test_every_code_that_wechat_ever_sent_has_a_reaction() -> None:
    for code in json.loads(CODES.read_text())["codes"]:
        assert isinstance(reaction_to(int(code)), Reaction)


@pytest.mark.parametrize("code", [1, 9001001, 10**12, -2])
def test_what_nobody_knows_stops_the_job_and_is_told(code: int) -> None:
    assert reaction_to(code) is Reaction.STOP
