"""docs/architecture.md knows every file of the loyalty engine and every job of the night."""

import re
from fnmatch import fnmatch

from handlers.nightly import NIGHTLY
from tests.docs import desk
from tests.world import ROOT


def named() -> set[str]:
    """What the section of the loyalty engine names as code; a star stands for the rest."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    section = page.partition("## The loyalty engine\n")[2].partition("\n## ")[0]
    return set(re.findall(r"`([a-z_*]+)`", section))


def test_every_file_of_the_engine_has_its_place() -> None:
    places = named()
    homeless = [one for one in desk.modules() if not any(fnmatch(one, place) for place in places)]
    assert homeless == []


def test_every_job_of_the_night_is_listed() -> None:
    assert set(NIGHTLY) - named() == set()
