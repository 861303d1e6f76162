"""Dashboard and alerts speak of metrics that the services really have, and every alert says what to do."""

from __future__ import annotations

import importlib
import json
import re
from typing import Any

import pytest
import yaml
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase
from tests.charts.chart import CHART, REPOSITORY

_MODULES = ("ledgerport_libs.telemetry", "gateway.edge", "gateway.live")
_PARTS = {Counter: ("_total",), Gauge: ("",), Histogram: ("_bucket", "_count", "_sum")}
# What Prometheus and its client add by themselves.
_GIVEN = {"up": set[str](), "process_resident_memory_bytes": set[str](), "process_cpu_seconds_total": set[str]()}
_TARGET_LABELS = {"job", "service", "le"}
_SELECTION = re.compile(r"([a-z_]+)\{([^}]*)\}")
_LABEL = re.compile(r"([a-z_]+)\s*(?:=~|!~|!=|=)")


def metrics() -> dict[str, set[str]]:
    """Name as Prometheus sees it, and its labels."""
    found = dict(_GIVEN)
    for module in _MODULES:
        for each in vars(importlib.import_module(module)).values():
            if isinstance(each, MetricWrapperBase):
                [family] = each.describe()
                for ending in _PARTS[type(each)]:
                    found[f"{family.name}{ending}"] = set(each._labelnames)
    return found


def alerts() -> dict[str, dict[str, Any]]:
    groups = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def panels() -> dict[str, list[str]]:
    shown = json.loads((CHART / "files" / "dashboard.json").read_text())["panels"]
    return {panel["title"]: [target["expr"] for target in panel["targets"]] for panel in shown}


EXPRESSIONS = [rule["expr"] for rule in alerts().values()] + [each for shown in panels().values() for each in shown]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_asks_for_metrics_and_labels_that_are_there(expression: str) -> None:
    there = metrics()
    chosen = _SELECTION.findall(expression)
    assert chosen
    asked = set[str]()
    for name, selection in chosen:
        assert name in there, name
        assert set(_LABEL.findall(selection)) <= there[name] | _TARGET_LABELS
        asked |= there[name]
    for grouping in re.findall(r"by \(([^)]*)\)", expression):
        assert {label.strip() for label in grouping.split(",")} <= asked | _TARGET_LABELS
    assert expression.count("(") == expression.count(")")


@pytest.mark.parametrize("name", alerts())
def test_an_alert_leads_to_its_page_in_the_runbook(name: str) -> None:
    rule = alerts()[name]
    document, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (REPOSITORY / document).read_text(), re.MULTILINE)
    assert anchor == name.lower()
    assert name in headings
    assert rule["labels"]["severity"] in {"critical", "warning"}


def test_no_panel_lies_on_another() -> None:
    shown = json.loads((CHART / "files" / "dashboard.json").read_text())["panels"]
    assert len({panel["id"] for panel in shown}) == len(shown)
    cells = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in shown
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
