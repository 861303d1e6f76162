"""The benchmarks run and write their figures. What the figures are is for people: no test asserts on time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_benchmarks_write_figures_with_floors_of_the_same_run(tmp_path: Path) -> None:
    written = tmp_path / "bench.json"
    command = [sys.executable, "-m", "tests.bench", str(written), "posting"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    figures = {each["name"]: each for each in json.loads(written.read_text())}
    assert set(figures["posting_order_of_10_lines_cpu"]) == {"name", "value", "unit", "goal", "floor", "ratio"}
    assert "posting_order_of_10_lines_cpu" in shown.stdout
