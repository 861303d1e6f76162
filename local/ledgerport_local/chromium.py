"""Finds the Chromium for the browser tests, and installs one where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ADVICE = (
    "No Chromium was found and none could be installed, so the browser tests cannot run. Install the "
    "package chromium of your system, or set CHROMIUM to the program's path."
)


def find_chromium() -> str | None:
    """The program: CHROMIUM, else one in the path, else the one that Playwright downloaded earlier."""
    if given := os.environ.get("CHROMIUM"):
        return given
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    return _downloaded()


def install_chromium() -> str | None:
    """The program after an attempt to install it: as root Debian's package, else Playwright's download."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _try(["apt-get", "update", "-q"])
        _try(["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"])
    if (found := find_chromium()) is None:
        _try([sys.executable, "-m", "playwright", "install", "chromium"])
        found = find_chromium()
    return found


def _downloaded() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _try(command: Sequence[str]) -> None:
    """Run an installer with its output on standard error; whether it helped is seen by looking again."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False, env=environment, timeout=600)


def main() -> int:
    """Print the path of a Chromium that is there or was installed now; 1 with a sentence where there is none."""
    found = find_chromium() or install_chromium()
    if found is None:
        sys.stderr.write(_ADVICE + "\n")
        return 1
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
