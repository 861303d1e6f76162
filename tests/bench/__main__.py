"""Runs the benchmarks, prints a table and writes the figures: `make bench`, or `make bench PART=ceiling`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path

from tests.bench.figures import Figure, table, write

PARTS = ("posting", "ceiling", "companies", "script", "webhooks", "idle", "imports")


def _measure(part: str) -> Iterable[Figure]:
    """The part's module is imported when its turn comes: one may need what is not installed for another."""
    measure: Callable[[], Iterable[Figure]] = import_module(f"tests.bench.{part}").measure
    return measure()


def main(arguments: list[str]) -> None:
    """The file for the figures, then the parts; without any all of them."""
    into, *parts = arguments
    figures: list[Figure] = []
    for part in parts or PARTS:
        sys.stderr.write(f"{part} …\n")
        figures += _measure(part)
        write(figures, Path(into))
    sys.stdout.write(table(figures) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
