"""`python -m auth` runs the service until SIGTERM; `python -m auth rotate-keys` seals all with the active key."""

from __future__ import annotations

import sys

from auth import resealing
from auth.main import serve
from auth.settings import Settings
from ledgerport_libs import floor
from ledgerport_libs.settings import load


def main(arguments: list[str]) -> int:
    if arguments == ["rotate-keys"]:
        return resealing.run(load(resealing.Settings), lambda line: print(line, flush=True))  # noqa: T201 # a command
    if arguments:
        sys.stderr.write("usage: python -m auth [rotate-keys]\n")
        return 2
    settings = load(Settings)
    floor.run("auth", settings, lambda stop: serve(settings, stop))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
