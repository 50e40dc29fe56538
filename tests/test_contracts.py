"""Each layer contract is broken once, in a copy, to show that it bites."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.world import ROOT

PACKAGES = (
    "kernel", "bot", "loyalty", "content", "products", "promotions", "pushes", "reports", "menus",
    "handlers", "web", "emulator",
)  # fmt: skip


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages and their contracts, somewhere else."""
    folder = tmp_path_factory.mktemp("copy")
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("static", "*.pyc")
        )
    for name in ("app.py", "house.py", "config.py", ".importlinter"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def lint(folder: Path) -> str:
    """The report of the contracts in that folder."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=60
    ).stdout


def test_the_tree_as_it_stands_keeps_every_contract(copy: Path) -> None:
    assert "0 broken" in lint(copy)


@pytest.mark.parametrize(
    ("room", "line", "contract"),
    [
        ("kernel", "import loyalty.members", "street to the ground"),
        ("loyalty", "import bot.replies", "street to the ground"),
        ("loyalty", "import products.catalogue", "street to the ground"),
        ("content", "import promotions.campaigns", "street to the ground"),
        ("handlers", "import web.wiring", "street to the ground"),
        ("web", "import handlers.routes", "street to the ground"),
        ("handlers", "import wechatpy", "WeChat SDK"),
        ("loyalty", "import flask", "no framework"),
        ("pushes", "import redis", "no framework"),
        ("menus", "import apscheduler", "no framework"),
        ("bot", "import app", "composition root"),
        ("web", "import config", "composition root"),
        ("emulator", "import bot.inbound", "emulator imports nothing"),
        ("handlers", "import emulator.app", "Nothing of ours imports"),
    ],
)
def test_a_contract_bites(copy: Path, room: str, line: str, contract: str) -> None:
    scratch = copy / room / "scratch.py"
    scratch.write_text(f"{line}\n")
    try:
        report = lint(copy)
    finally:
        scratch.unlink()
    broken = [text for text in report.splitlines() if text.endswith("BROKEN")]
    assert any(contract in text for text in broken), report
