"""Runs the benchmarks, prints a table and writes the figures: `make bench`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench import posting
from tests.bench.figures import table, write


def main() -> None:
    figures = [*posting.measure()]
    sys.stdout.write(table(figures) + "\n")
    write(figures, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
