"""The whole of LedgerPort, running: real PostgreSQL, NATS and services; only Shopify and Intuit are stand-ins."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest

from ledgerport_local.audit import Comparison
from ledgerport_local.audit_facts import BookedDocument
from ledgerport_local.auditor import Auditor
from ledgerport_local.demo import REALM, SHOP, Stage, audit, set_the_stage
from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform

# What waits for minutes in production waits for moments here; nothing else differs.
QUICK = {
    "shopify-sandbox": {
        "SHOPIFY_SANDBOX_WEBHOOK_RETRY_BASE_SECONDS": "0.3",
        "SHOPIFY_SANDBOX_BUCKET_SIZE": "20000",
        "SHOPIFY_SANDBOX_RESTORE_RATE": "1000",
    },
    "qbo-writer": {"RETRY_WAITS": "[1, 2, 3]", "LEASE_SECONDS": "4", "QBO_THROTTLE_WAIT": "3"},
    "shopify-sync": {"FETCH_LEASE": "5"},
    "connections": {"PROBE_SECONDS": "2"},
}


@pytest.fixture(scope="module")
def platform() -> Iterator[LocalPlatform]:
    """Everything, on free ports and an empty folder; one for each file of tests."""
    with temporary_home() as home, LocalPlatform(home, overrides=QUICK, durable=False) as running:
        yield running


@pytest.fixture(scope="module")
def stage(platform: LocalPlatform) -> Stage:
    """The demo owner signed in, QuickBooks and the store connected."""
    return set_the_stage(platform)


@pytest.fixture(scope="module")
def auditor(stage: Stage) -> Iterator[Auditor]:
    """An independent app, which asks both providers itself."""
    reading = Auditor(stage.platform)
    yield reading
    reading.close()


@pytest.fixture(scope="module")
def audited(stage: Stage, auditor: Auditor) -> Callable[[], Comparison]:
    """The books held against the store."""
    return lambda: audit(auditor, stage.visitor, REALM, SHOP)


@pytest.fixture(scope="module")
def documents_of(auditor: Auditor) -> Callable[[str], list[BookedDocument]]:
    """Everything that QuickBooks holds of one order, by the name it has in the store."""
    return lambda name: [each for each in auditor.booked_documents(REALM) if each.order == name]


@pytest.fixture
def books_become_right(audited: Callable[[], Comparison]) -> Callable[[], Comparison]:
    """Wait until nothing is lost, doubled or different: what looks doubled may be half of two equal changes."""

    def wait(seconds: float = 90.0) -> Comparison:
        ends = time.monotonic() + seconds
        found = audited()
        while not found.proved and time.monotonic() < ends:
            time.sleep(1)
            found = audited()
        assert found.proved, (found.missing, found.duplicates, found.differences)
        return found

    return wait


@pytest.fixture
def eventually() -> Callable[[Callable[[], object], str], None]:
    """Wait until something is true, for at most a minute; the sentence says what was waited for."""

    def wait(true: Callable[[], object], what: str, seconds: float = 60.0) -> None:
        ends = time.monotonic() + seconds
        while not true():
            if time.monotonic() > ends:
                pytest.fail(f"waited {seconds:.0f} s in vain until {what}")
            time.sleep(0.2)

    return wait


@pytest.fixture
def said(platform: LocalPlatform) -> Callable[[str, str], list[dict[str, object]]]:
    """The lines of one kind in a service's log."""

    def lines(service: str, event: str) -> list[dict[str, object]]:
        read = platform.log(service).read_text().splitlines()
        return [line for text in read if text.startswith("{") and (line := json.loads(text)).get("event") == event]

    return lines
