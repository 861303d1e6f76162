"""LedgerPort on a real cluster: the one that kubectl speaks to, if LEDGERPORT_CLUSTER says that it may be used."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from tests.charts.chart import REPOSITORY
from tests.cluster.forwards import Forward, free_port, names_below_localhost
from tests.cluster.installation import RELEASE, Installation
from tests.cluster.merchants import COMPANIES, Merchant, Town
from tests.selling import Selling

_FIGURES: dict[str, object] = {}
_STAND_INS = {"intuit-sandbox": 8091, "shopify-sandbox": 8092}


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What was measured on the way."""
    for name, figure in _FIGURES.items():
        terminalreporter.write_line(f"{name}: {figure}")


@pytest.fixture(scope="module")
def figures() -> dict[str, object]:
    """What is worth telling of this run, shown at its end."""
    return _FIGURES


@pytest.fixture(scope="module")
def namespace() -> Iterator[Installation]:
    """A namespace with the Secrets of a try in it, gone at the end with all that is in it."""
    if not os.environ.get("LEDGERPORT_CLUSTER"):
        pytest.skip("LEDGERPORT_CLUSTER is not set: no cluster to install on")
    made = Installation(f"ledgerport-{secrets.token_hex(3)}", f"http://localhost:{free_port()}")
    made.kubectl("create", "namespace", made.namespace)
    try:
        made.make_secrets()
        yield made
    finally:
        made.keep_logs(REPOSITORY / "build" / "cluster-logs")
        made.kubectl("delete", "namespace", made.namespace, "--wait=false")


@pytest.fixture(scope="module")
def installed(namespace: Installation, figures: dict[str, object]) -> Installation:
    """The chart, installed with the values for trying out, and ready."""
    started = time.monotonic()
    namespace.bring("install")
    figures["seconds from helm install until all is ready"] = round(time.monotonic() - started)
    return namespace


@pytest.fixture(scope="module")
def page(installed: Installation) -> Iterator[Forward]:
    """The page, on this computer."""
    with Forward(installed, f"{RELEASE}-gateway", 80, int(installed.page_url.rpartition(":")[2])) as forward:
        yield forward


@pytest.fixture(scope="module")
def town(installed: Installation, page: Forward) -> Iterator[Town]:
    """The installation, its page and its stand-ins within reach."""
    with ExitStack() as stack:
        urls, ports = {"page": installed.page_url}, {}
        for name, port in _STAND_INS.items():
            forward = stack.enter_context(Forward(installed, name, port, free_port()))
            urls[name] = f"http://{name}-0.localhost:{port}"
            ports[f"{name}-0.localhost", port] = forward.here
        stack.enter_context(names_below_localhost(ports))
        made = Town(installed, urls)
        made.found(COMPANIES)
        yield made


@pytest.fixture(scope="module")
def owner(town: Town) -> Merchant:
    """With the demo's company and store."""
    return Merchant.signs_up(town)


@pytest.fixture(scope="module")
def selling(town: Town, owner: Merchant) -> Iterator[Selling]:
    """Orders flow from the first test that wants it until one ends it."""
    with Selling(town.scene(), owner.shop, every=0.25) as going_on:
        yield going_on


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool], str], None]:
    def wait(true: Callable[[], bool], what: str) -> None:
        ends = time.monotonic() + 180
        while not true():
            assert time.monotonic() < ends, f"waited in vain until {what}"
            time.sleep(0.5)

    return wait
