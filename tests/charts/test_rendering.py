"""What the chart becomes: sound by Helm, sound by the API of every Kubernetes we name, and changed only on purpose."""

from __future__ import annotations

from pathlib import Path

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
from tests.charts.chart import CHART, EXAMPLES, REVIEWED, drawn, helm, objects, values_file

KUBERNETES = ("1.30", "1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37")
# Kinds of operators and of the Gateway API, for which Kubernetes itself has no schema.
_OF_OPERATORS = {"Certificate", "HTTPRoute", "PodMonitor", "PrometheusRule"}
_RENDERED = Path(__file__).with_name("rendered")


@pytest.mark.parametrize("example", EXAMPLES)
def test_helm_finds_nothing_to_say_about_the_chart(example: str) -> None:
    answer = helm("lint", "--strict", str(CHART), "-f", str(values_file(example)))
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("example", REVIEWED)
def test_an_example_is_drawn_as_it_was_reviewed(example: str, update: bool) -> None:
    kept = _RENDERED / f"{example}.yaml"
    if update:
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(drawn(example))
    assert drawn(example) == kept.read_text(), "make test-chart UPDATE=1, then read the difference"


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("example", EXAMPLES)
def test_every_object_is_sound_for_this_kubernetes(example: str, version: str) -> None:
    for each in objects(example):
        if each["kind"] not in _OF_OPERATORS:
            kubernetes_validate.validate(each, version, strict=True)


def test_everything_draws_every_kind_that_the_chart_knows() -> None:
    kinds = {each["kind"] for each in objects("everything")}
    assert kinds >= _OF_OPERATORS | {"Ingress", "HorizontalPodAutoscaler", "PodDisruptionBudget", "StatefulSet"}


@pytest.mark.parametrize("example", EXAMPLES)
def test_no_object_is_drawn_twice(example: str) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in objects(example)]
    assert len(set(names)) == len(names)


def test_a_release_of_another_name_says_ledgerport_once() -> None:
    answer = helm("template", "books", str(CHART), "-f", str(values_file("try")))
    assert "name: books-ledgerport-auth\n" in answer.stdout
