"""`flask …` as an operator starts it: a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from kernel.keyring import ensure
from tests.world import ROOT


def flask(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with these variables and no other settings of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEITING_")}
    return subprocess.run(
        [str(Path(sys.executable).parent / "flask"), "--app", "app", *words],
        cwd=ROOT,
        env={**kept, "LOG_LEVEL": "ERROR", **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def place(folder: Path, **more: str) -> dict[str, str]:
    """The variables of a process that keeps everything in `folder`."""
    ensure(folder / "secrets")
    return {
        "WEITING_VAR": str(folder / "var"),
        "WEITING_SECRETS_DIR": str(folder / "secrets"),
        **more,
    }


def sentence(ended: subprocess.CompletedProcess[str]) -> str:
    """What a command that failed told, which may not be a traceback."""
    assert ended.returncode not in {0, -9}, ended.stdout
    assert "Traceback" not in ended.stderr, ended.stderr
    assert ended.stdout == ""
    return ended.stderr.strip()
