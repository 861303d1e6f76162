"""The benchmarks run and write their figures. What the figures are is for people: no test asserts on time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_the_benchmarks_write_figures_with_floors_of_the_same_run(tmp_path: Path) -> None:
    shown = subprocess.run(
        [sys.executable, str(Path(__file__).parent)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    figures = {each["name"]: each for each in json.loads((tmp_path / "build" / "bench.json").read_text())}
    assert set(figures["posting_order_of_10_lines_cpu"]) == {"name", "value", "unit", "goal", "floor", "ratio"}
    assert "posting_order_of_10_lines_cpu" in shown.stdout
