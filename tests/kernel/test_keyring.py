"""Secrets of our own: made once, for their owner only."""

import subprocess
import sys
from pathlib import Path

from config import load
from kernel.keyring import MAKERS, ensure
from tests.kernel.races import at_once
from tests.world import ROOT


def test_what_is_missing_is_made_for_the_owner_only(tmp_path: Path) -> None:
    assert ensure(tmp_path / "secrets") == list(MAKERS)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()}
    assert modes == {0o600}
    load(ROOT / "config.yaml", tmp_path / "secrets")


def test_what_is_there_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "wechat__token").write_text("mine")
    assert "wechat__token" not in ensure(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert ensure(tmp_path) == []
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert before["wechat__token"] == b"mine"


def test_no_two_halls_get_the_same(tmp_path: Path) -> None:
    ensure(tmp_path / "one")
    ensure(tmp_path / "two")
    for name in MAKERS:
        assert (tmp_path / "one" / name).read_text() != (tmp_path / "two" / name).read_text()


def test_of_four_that_start_at_once_each_secret_is_made_by_one(tmp_path: Path) -> None:
    made = at_once(4, lambda number: ensure(tmp_path))
    names = [name for each in made if isinstance(each, list) for name in each]
    assert sorted(names) == sorted(MAKERS)


def test_a_folder_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = subprocess.run(
        [sys.executable, "-m", "kernel.keyring", str(tmp_path / "file" / "secrets")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode != 0
    assert ended.stderr.startswith("无法写入")
    assert len(ended.stderr.splitlines()) == 1
