"""Page assets: fetched by hash from the npm registry into web/static/vendor, never committed.

A script of its own, `python web/assets.py`, so that it need not import the whole of web.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
VENDOR = HERE / "static" / "vendor"
FILES = {
    "weui/dist/style/weui.min.css": "weui.min.css",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "@tabler/core/dist/js/tabler.min.js": "tabler.min.js",
    "echarts/dist/echarts.min.js": "echarts.min.js",
    "sortablejs/Sortable.min.js": "sortable.min.js",
    "axe-core/axe.min.js": "axe.min.js",  # read by the tests alone
}


def ensure() -> bool:
    """Fetch the assets unless those of this lock file are there; False when nothing was done."""
    stamp, wanted = VENDOR / "stamp", _stamp()
    there = all((VENDOR / name).exists() for name in FILES.values())
    if there and stamp.exists() and stamp.read_text() == wanted:
        return False
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(HERE / name, folder)
        command = [
            *_npm(),
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ]
        subprocess.run(command, cwd=folder, check=True)  # noqa: S603 - our own command
        VENDOR.mkdir(parents=True, exist_ok=True)
        for source, name in FILES.items():
            shutil.copy(Path(folder) / "node_modules" / source, VENDOR / name)
    stamp.write_text(wanted)
    return True


def _stamp() -> str:
    lock = (HERE / "package-lock.json").read_bytes()
    return hashlib.sha256(lock + "".join(FILES.values()).encode()).hexdigest()


def _npm() -> list[str]:
    if npm := shutil.which("npm"):
        return [npm]
    # A machine without node: the wheel carries node and npm as well.
    requirements = HERE.parent / "requirements-node.lock"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "-r"]
    subprocess.run([*install, str(requirements)], check=True)  # noqa: S603 - our own command
    scripts = Path(sys.executable).parent
    os.environ["PATH"] = f"{scripts}{os.pathsep}{os.environ['PATH']}"
    return [str(scripts / "npm")]


if __name__ == "__main__":
    ensure()
