"""A Chromium and a Chinese font for the browser tests: `python -m tests.browser` sees to both.

Where they cannot be had, nothing fails: the tests that need them are skipped with the reason.
"""

import os
import shutil
import subprocess

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_INSTALL_SECONDS = 300


def find_chromium() -> str | None:
    """The path of a Chromium on this machine."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def find_font() -> str | None:
    """The name of a font that has Chinese letters."""
    if shutil.which("fc-list") is None:
        return None
    asked = ["fc-list", ":lang=zh", "family"]
    listed = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=30)
    names = sorted({line.split(",")[0].strip() for line in listed.stdout.splitlines()})
    sans = [name for name in names if "Sans" in name and name.endswith(("SC", "CN"))]
    return next(iter(sans or names), None)


def install() -> str:
    """Ask apt for what is missing; returns why it was not done, "" when it was."""
    if shutil.which("apt-get") is None:
        return "apt-get is not here"
    if os.geteuid() != 0:
        return "only root can install it: apt-get install chromium fonts-noto-cjk"
    wanted = [] if find_chromium() else ["chromium"]
    wanted += [] if find_font() else ["fonts-noto-cjk"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *wanted]):
        try:
            subprocess.run(
                ["apt-get", "-qq", *command],
                env=environment,
                check=True,
                capture_output=True,
                timeout=_INSTALL_SECONDS,
            )
        except (subprocess.SubprocessError, OSError) as error:
            return f"apt-get {command[0]}: {type(error).__name__}"
    return ""


def main() -> None:
    """See to both and say in one line what there is."""
    reason = "" if find_chromium() and find_font() else install()
    chromium, font = find_chromium(), find_font()
    words = [chromium or "no Chromium, browser tests are skipped", font or "no Chinese font"]
    if reason:
        words.append(reason)
    print(f"browser: {', '.join(words)}")  # noqa: T201 - the one line it is run for


if __name__ == "__main__":
    main()
