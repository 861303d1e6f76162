"""Dashboard and alerts speak of metrics that the services really have, and every alert says what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase
from promql_parser import AggregateExpr, BinaryExpr, Call, Expr, MatrixSelector, ParenExpr, VectorSelector, parse
from tests.charts.chart import CHART, REPOSITORY

from ledgerport_libs import metrics as named

_PARTS = {Counter: ("_total",), Gauge: ("",), Histogram: ("_bucket", "_count", "_sum")}
# What Prometheus and its client add by themselves.
_GIVEN = {"up": set[str](), "process_resident_memory_bytes": set[str](), "process_cpu_seconds_total": set[str]()}
_TARGET_LABELS = {"job", "service", "pod", "le"}


def metrics() -> dict[str, set[str]]:
    """Name as Prometheus sees it, and its labels."""
    found = dict(_GIVEN)
    for each in vars(named).values():
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


def parts(expression: Expr) -> Iterator[Expr]:
    """The expression and all that it is made of."""
    yield expression
    match expression:
        case BinaryExpr():
            within = [expression.lhs, expression.rhs]
        case AggregateExpr() | ParenExpr():
            within = [expression.expr]
        case Call():
            within = list(expression.args)
        case MatrixSelector():
            within = [expression.vector_selector]
        case _:
            within = []
    for each in within:
        yield from parts(each)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_asks_for_metrics_and_labels_that_are_there(expression: str) -> None:
    """Parsed by the grammar of Prometheus itself."""
    there, asked = metrics(), set[str]()
    found = list(parts(parse(expression)))
    chosen = [each for each in found if isinstance(each, VectorSelector)]
    assert chosen
    for each in chosen:
        assert each.name in there, each.name
        labels = {matcher.name for matcher in each.matchers.matchers}
        assert "job" in labels, "it would count other programs' metrics"
        assert labels <= there[each.name] | _TARGET_LABELS
        asked |= there[each.name]
    for whole in found:
        if isinstance(whole, AggregateExpr) and whole.modifier:
            assert set(whole.modifier.labels) <= asked | _TARGET_LABELS


@pytest.mark.parametrize("name", alerts())
def test_a_summary_speaks_of_labels_that_its_alert_has(name: str) -> None:
    rule = alerts()[name]
    grouped = {
        label
        for each in parts(parse(rule["expr"]))
        if isinstance(each, AggregateExpr) and each.modifier
        for label in each.modifier.labels
    }
    assert set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])) <= grouped


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
