"""Runs the benchmarks, prints a table and writes build/bench.json: `make bench`."""

from __future__ import annotations

from pathlib import Path

import posting
from figures import table, write


def main() -> None:
    figures = [*posting.measure()]
    print(table(figures))
    write(figures, Path("build") / "bench.json")


if __name__ == "__main__":
    main()
