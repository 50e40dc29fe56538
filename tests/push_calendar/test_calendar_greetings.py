"""The words of proposals: sound in every hall, and refused with a reason where they are not."""

from datetime import date
from pathlib import Path

import pytest

from content import compliance
from kernel.clock import day_start
from kernel.yaml import YamlRefused
from pushes import push_works
from pushes.calendar_greetings import Greetings, load_greetings
from pushes.holidays_occasions import OCCASIONS
from tests.pushes.lane import mass_push
from tests.world import ROOT

HALLS = sorted(file.parent for file in (ROOT / "halls").glob("*/texts.yaml"))
DAY = date(2027, 2, 6)


@pytest.mark.parametrize("folder", HALLS, ids=lambda folder: folder.name)
def test_no_greeting_of_a_hall_stands_against_the_rules(folder: Path) -> None:
    greetings = load_greetings(folder)
    at = day_start(DAY).replace(hour=4)
    for occasion in OCCASIONS.values():
        said = greetings.say(occasion, DAY, "铁通掌上营业厅", "https://hall.example.com")
        (work,) = push_works.works_of(mass_push(said.body), at, 0)
        assert compliance.inspect(work) == [], occasion.key
        assert "{" not in said.body + said.title
        assert len(said.body.encode()) <= 2048


def test_a_hall_without_the_file_says_something_short() -> None:
    said = Greetings().say(OCCASIONS["qixi"], DAY, "掌厅", "http://hall.test")

    assert (said.title, said.page, said.bonus_points) == ("七夕问候", "", 0)
    assert said.body == "七夕到了，掌厅祝您和家人平安顺遂。"


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ("{code: easter, title: a, body: b}", "no such occasion"),
        ("{code: qingming, title: a, body: 'b {link}', page: /site}", "solemn"),
        ("{code: qingming, title: a, body: b, bonus_points: 5}", "solemn"),
        ("{code: qixi, title: a, body: b, page: /site}", "go together"),
        ("{code: qixi, title: a, body: 'b {link}'}", "go together"),
        ("{code: qixi, title: a, body: " + "长" * 660 + "}", "too long"),
        ("{code: qixi, title: a, body: 'b {link}', page: 'https://elsewhere.test'}", "page"),
        ("{code: qixi, title: a, body: b, words: c}", "words"),
    ],
)
def test_a_file_with_a_fault_is_refused_with_the_reason(
    tmp_path: Path, item: str, reason: str
) -> None:
    (tmp_path / "greetings.yaml").write_text(f"greetings:\n  - {item}\n")

    with pytest.raises(YamlRefused, match=reason):
        load_greetings(tmp_path)
