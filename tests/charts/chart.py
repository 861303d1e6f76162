"""The chart as Helm draws it: objects by kind and component, drawn once a run."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.charts import tools

REPOSITORY = Path(__file__).parents[2]
CHART = REPOSITORY / "charts" / "ledgerport"
REVIEWED = ("try", "production", "everything")
EXAMPLES = (*REVIEWED, "development")
SERVICES = ("auth", "connections", "shopify-sync", "qbo-writer", "gateway")
COMPONENT = "app.kubernetes.io/component"
_WITH_PODS = ("Deployment", "StatefulSet", "Job", "Pod")

Object = dict[str, Any]


def program(name: str) -> str:
    """The path of helm and its kin; without it a test is skipped, and fails where everything must be there."""
    found = tools.find(name)
    if found is None:
        reason = f"{name} is not installed: make setup test-chart"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return str(found)


def helm(*words: str) -> subprocess.CompletedProcess[str]:
    """What helm said and how it ended."""
    return subprocess.run([program("helm"), *words], capture_output=True, text=True, timeout=60, check=False)


def values_file(example: str) -> Path:
    return CHART / f"values-{example}.yaml"


@functools.cache
def drawn(example: str, *settings: str) -> str:
    """The text of all objects of an example, each setting as `key=value`."""
    words = [word for each in settings for word in ("--set-json", each)]
    answer = helm("template", "ledgerport", str(CHART), "-n", "books", "-f", str(values_file(example)), *words)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def refusal(example: str, values: Mapping[str, Any], folder: Path) -> str:
    """What helm says of an example with these values on top; empty when it takes them."""
    more = folder / "more.yaml"
    more.write_text(yaml.safe_dump(dict(values)))
    answer = helm("template", "ledgerport", str(CHART), "-f", str(values_file(example)), "-f", str(more))
    return answer.stderr if answer.returncode else ""


@functools.cache
def objects(example: str, *settings: str) -> list[Object]:
    """The same, read; whoever asks leaves them as they are."""
    read = yaml.load_all(drawn(example, *settings), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return [each for each in read if each]


def of_kind(drawn_objects: list[Object], *kinds: str) -> list[Object]:
    return [each for each in drawn_objects if each["kind"] in kinds]


def component(thing: Object) -> str:
    return str(thing["metadata"]["labels"][COMPONENT])


def by_component(drawn_objects: list[Object], kind: str) -> dict[str, Object]:
    return {component(each): each for each in of_kind(drawn_objects, kind)}


def pods(drawn_objects: list[Object]) -> Iterator[tuple[Object, Object, Object]]:
    """Each thing that makes pods, with its pods' labels and their spec."""
    for each in of_kind(drawn_objects, *_WITH_PODS):
        template = each if each["kind"] == "Pod" else each["spec"]["template"]
        yield each, template["metadata"]["labels"], template["spec"]


def containers(spec: Object) -> list[Object]:
    return [*spec.get("initContainers", []), *spec["containers"]]


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return bool(selector) and selector.items() <= labels.items()
