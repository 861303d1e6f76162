"""docs/metrics.md lists every metric with its kind and labels, and all metrics are named in one file."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from ledgerport_libs import metrics

REPOSITORY = Path(__file__).resolve().parents[2]
_ROW = re.compile(r"^\| `(ledgerport_[a-z_]+)` \| (\w+) \| ([^|]*) \| .+ \|$", re.MULTILINE)
_KINDS = {Counter: "counter", Gauge: "gauge", Histogram: "histogram"}


def in_code() -> dict[str, tuple[str, list[str]]]:
    found = {}
    for each in vars(metrics).values():
        if isinstance(each, MetricWrapperBase):
            [family] = each.describe()
            name = f"{family.name}_total" if isinstance(each, Counter) else family.name
            found[name] = (_KINDS[type(each)], sorted(each._labelnames))
    return found


def in_document() -> dict[str, tuple[str, list[str]]]:
    text = (REPOSITORY / "docs" / "metrics.md").read_text()
    return {name: (kind, sorted(re.findall(r"`(\w+)`", labels))) for name, kind, labels in _ROW.findall(text)}


def test_every_metric_is_documented_as_it_is() -> None:
    assert in_document() == in_code()


def test_metrics_are_named_in_one_file() -> None:
    elsewhere = []
    for folder in ("libs", "services", "admin"):
        for file in (REPOSITORY / folder).rglob("*.py"):
            if file.name == "metrics.py" or "tests" in file.parts:
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.ImportFrom) and node.module == "prometheus_client":
                    elsewhere += [
                        (file.name, name.name) for name in node.names if name.name in ("Counter", "Histogram")
                    ]
    assert elsewhere == []


def test_no_metric_is_there_that_nothing_sets() -> None:
    sources = [
        file.read_text()
        for folder in ("libs", "services")
        for file in (REPOSITORY / folder).rglob("*.py")
        if file.name != "metrics.py" and "tests" not in file.parts
    ]
    names = [name for name, each in vars(metrics).items() if isinstance(each, MetricWrapperBase)]
    set_here = {"RECORDS_SETTLED"}  # by `settled`, beside its name
    assert [n for n in names if n not in set_here and not any(f"metrics.{n}" in text for text in sources)] == []
