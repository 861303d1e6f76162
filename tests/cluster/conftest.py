"""LedgerPort on a real cluster: the one that kubectl speaks to, if LEDGERPORT_CLUSTER says that it may be used."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.charts import tools
from tests.charts.chart import CHART, SERVICES, values_file

RELEASE = "ledgerport"
_READY_WITHIN = 300


class Cluster:
    """A namespace of its own, with helm and kubectl in it."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace

    def kubectl(self, *words: str, told: str | None = None, seconds: float = 120) -> str:
        return _run([str(tools.find("kubectl")), "-n", self.namespace, *words], told, seconds)

    def helm(self, *words: str, seconds: float = 600) -> str:
        return _run([str(tools.find("helm")), "-n", self.namespace, *words], None, seconds)

    def items(self, kinds: str, *words: str) -> list[dict[str, Any]]:
        answer = self.kubectl("get", kinds, "-o", "json", *words)
        return list(json.loads(answer)["items"])

    def pods_of(self, component: str) -> list[dict[str, Any]]:
        """Those that are not on their way out."""
        pods = self.items("pods", "-l", f"app.kubernetes.io/component={component}")
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def wait_ready(self) -> None:
        for name in SERVICES:
            self.kubectl(
                "rollout", "status", f"deployment/{RELEASE}-{name}", f"--timeout={_READY_WITHIN}s", seconds=330
            )


def _run(words: list[str], told: str | None, seconds: float) -> str:
    done = subprocess.run(words, input=told, capture_output=True, text=True, timeout=seconds, check=False)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def namespace() -> Iterator[Cluster]:
    """A namespace with the Secrets of a try in it, gone at the end with all that is in it."""
    if not os.environ.get("LEDGERPORT_CLUSTER"):
        pytest.skip("LEDGERPORT_CLUSTER is not set: no cluster to install on")
    cluster = Cluster(f"ledgerport-{secrets.token_hex(3)}")
    cluster.kubectl("create", "namespace", cluster.namespace)
    try:
        cluster.kubectl("apply", "-f", "-", told=_run(["sh", str(CHART / "new-secrets.sh"), "--try"], None, 60))
        yield cluster
    finally:
        cluster.kubectl("delete", "namespace", cluster.namespace, "--wait=false")


@pytest.fixture(scope="module")
def installed(namespace: Cluster) -> Cluster:
    """The chart, installed with the values for trying out, and ready."""
    started = time.monotonic()
    words = ("install", RELEASE, str(CHART), "-f", str(values_file("try")), "--wait", "--timeout", f"{_READY_WITHIN}s")
    namespace.helm(*words)
    print(f"ready after {time.monotonic() - started:.0f} s")  # noqa: T201
    return namespace


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool], str], None]:
    def wait(true: Callable[[], bool], what: str) -> None:
        ends = time.monotonic() + 120
        while not true():
            assert time.monotonic() < ends, f"waited in vain until {what}"
            time.sleep(0.5)

    return wait
