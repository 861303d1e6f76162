"""From a click or a webhook to what QuickBooks answers: each edge of the design is a parent or a link in the spans."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from tests.operating.conftest import Receiver, Said

from ledgerport_local.demo import SHOP, Stage, wait_for_books

Eventually = Callable[..., None]
# (service, beginning of a span's name) that caused, (service, beginning) that was caused, by a parent or a link.
EDGES = {
    "browser to auth": (("gateway", "gateway GET"), ("auth", "/ledgerport.auth.v1.People"), "parent"),
    "browser to connections": (("gateway", "gateway GET"), ("connections", "/ledgerport.connections"), "parent"),
    "browser to shopify-sync": (("gateway", "gateway GET"), ("shopify-sync", "/ledgerport.shopify_sync"), "parent"),
    "browser to qbo-writer": (("gateway", "gateway GET"), ("qbo-writer", "/ledgerport.qbo_writer"), "parent"),
    "click to Intuit": (("auth", "/ledgerport.auth.v1.Credentials"), ("auth", "POST 127.0.0.1"), "parent"),
    "webhook to inbox": (("shopify-sync", "webhook"), ("shopify-sync", "keep webhooks"), "link"),
    "webhook to fetch": (("shopify-sync", "webhook"), ("shopify-sync", "fetch order"), "link"),
    "fetch to Shopify": (("shopify-sync", "fetch order"), ("shopify-sync", "shopify graphql"), "parent"),
    "webhook to NATS": (("shopify-sync", "webhook"), ("shopify-sync", "publish ENTITIES"), "link"),
    "webhook to intake": (("shopify-sync", "webhook"), ("qbo-writer", "handle qbo-writer"), "link"),
    "webhook to delivery": (("shopify-sync", "webhook"), ("qbo-writer", "deliver"), "link"),
    "delivery to QuickBooks": (("qbo-writer", "deliver"), ("qbo-writer", "quickbooks POST"), "parent"),
    "delivery to NATS": (("qbo-writer", "deliver"), ("qbo-writer", "publish RECORDS"), "link"),
    "delivery to connections": (("qbo-writer", "deliver"), ("connections", "handle connections-records"), "link"),
    "delivery to open pages": (("qbo-writer", "deliver"), ("gateway", "tell pages"), "link"),
    "credentials to NATS": (("auth", "/ledgerport.auth.v1.Credentials"), ("auth", "publish CREDENTIALS"), "link"),
    "credentials to connections": (
        ("auth", "/ledgerport.auth.v1.Credentials"),
        ("connections", "handle connections-credentials"),
        "link",
    ),
    "credentials to shopify-sync": (
        ("auth", "/ledgerport.auth.v1.Credentials"),
        ("shopify-sync", "handle shopify-sync"),
        "link",
    ),
    "connections to NATS": (
        ("connections", "handle connections-credentials"),
        ("connections", "publish CONNECTIONS"),
        "link",
    ),
    "connections asked by delivery": (
        ("qbo-writer", "/ledgerport.connections.v1"),
        ("connections", "/ledgerport.connections.v1"),
        "parent",
    ),
}


@pytest.fixture(scope="module")
def ordered(stage: Stage) -> Stage:
    """A page is open, orders were placed, and all of them stand in QuickBooks."""
    with stage.visitor.browser.get(f"{stage.platform.urls['page']}/live", stream=True, timeout=30) as live:
        assert live.status_code == 200
        heard = live.iter_content(16)  # kept: the stream ends with it
        next(heard)
        stage.visitor.get("/")
        stage.visitor.get("/connections")
        made = stage.shopify("orders", shop=SHOP, count=4, seed=5, mix="sale")
        wait_for_books(stage.visitor, len(made["ids"]), 0, lambda _done: None)
        stage.visitor.get("/audit-log")
        assert next(heard)
    return stage


def connected(spans: list[Said], cause: tuple[str, str], caused: tuple[str, str], how: str) -> bool:
    """Whether one span of the second kind has one of the first as its parent (or its parent's), or as a link."""
    by_id = {(each.span.trace_id, each.span.span_id): each for each in spans}

    def is_cause(key: tuple[bytes, bytes]) -> bool:
        """Calls have a span at each end; the client's lies between."""
        for _ in range(4):
            found = by_id.get(key)
            if found is None:
                return False
            if found.service == cause[0] and found.span.name.startswith(cause[1]):
                return True
            key = (found.span.trace_id, found.span.parent_span_id)
        return False

    for each in spans:
        if each.service != caused[0] or not each.span.name.startswith(caused[1]):
            continue
        links = [(link.trace_id, link.span_id) for link in each.span.links]
        parents = [(each.span.trace_id, each.span.parent_span_id)]
        if any(is_cause(key) for key in (links if how == "link" else parents)):
            return True
    return False


@pytest.mark.timeout(180)
@pytest.mark.parametrize("edge", EDGES)
def test_an_edge_of_the_design_is_in_the_spans(
    ordered: Stage, receiver: tuple[Receiver, int], eventually: Eventually, edge: str
) -> None:
    cause, caused, how = EDGES[edge]
    eventually(lambda: connected(receiver[0].spans(), cause, caused, how), f"{edge} was seen", 20.0)


def test_no_secret_is_in_a_span(ordered: Stage, receiver: tuple[Receiver, int]) -> None:
    platform = ordered.platform
    secrets = [
        platform.home.secret("demo-password"),
        platform.home.secret("intuit-client-secret"),
        platform.home.secret("shopify-client-secret"),
        *(str(cookie.value) for cookie in ordered.visitor.browser.cookies),
    ]
    text = "".join(str(each.span) for each in receiver[0].spans())
    assert len(text) > 10_000
    assert [secret for secret in secrets if len(secret) >= 8 and secret in text] == []
    assert not any(shape in text for shape in ("Bearer", "shpat_", "RT1-", "eyJ"))


def test_logs_of_a_delivery_name_trace_business_and_record(ordered: Stage) -> None:
    read = ordered.platform.log("qbo-writer").read_text().splitlines()
    lines = [line for text in read if text.startswith("{") and (line := json.loads(text))["event"] == "record_settled"]
    assert lines
    assert all({"trace_id", "business", "record", "service"} <= set(line) for line in lines)
