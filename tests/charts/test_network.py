"""Who may speak to whom: the edges that the policies open are those of the architecture, and no others."""

from __future__ import annotations

import importlib
import re

import pytest
from tests.charts.chart import COMPONENT, EXAMPLES, SERVICES, Object, by_component, objects, of_kind, pods, selects

_WITH_DATABASE = SERVICES[:-1]
_GRPC, _HTTP, _OPS = 50051, 8080, 9090
# As docs/architecture.md draws it.
CALLS = {
    ("connections", "auth"),
    ("shopify-sync", "auth"),
    ("qbo-writer", "auth"),
    ("qbo-writer", "connections"),
    ("gateway", "auth"),
    ("gateway", "connections"),
    ("gateway", "shopify-sync"),
    ("gateway", "qbo-writer"),
}
SERVERS = {(name, "postgresql", 5432) for name in (*_WITH_DATABASE, "migrations")} | {
    (name, "nats", 4222) for name in SERVICES
}
STAND_INS = {
    ("auth", "intuit-sandbox", 8091),
    ("qbo-writer", "intuit-sandbox", 8091),
    ("auth", "shopify-sandbox", 8092),
    ("shopify-sync", "shopify-sandbox", 8092),
    ("shopify-sandbox", "shopify-sync", _HTTP),
}
TEST = {("test", name, _OPS) for name in SERVICES} | {("test", "gateway", _HTTP)}
each_example = pytest.mark.parametrize("example", EXAMPLES)


def expected(example: str) -> set[tuple[str, str, int]]:
    edges = {(caller, callee, _GRPC) for caller, callee in CALLS} | TEST
    if example != "production":
        edges |= SERVERS | STAND_INS
    if example == "development":
        edges -= {edge for edge in edges if edge[0] == "migrations"}
    return edges


def test_the_calls_are_those_that_the_services_are_built_for() -> None:
    built = set()
    for caller in SERVICES:
        fields = importlib.import_module(f"{caller.replace('-', '_')}.settings").Settings.model_fields
        callees = [found[1] for name in fields if (found := re.fullmatch(r"(\w+)_address", name))]
        built |= {(caller, callee.replace("_", "-")) for callee in callees if callee.replace("_", "-") in SERVICES}
    assert built == CALLS


@each_example
def test_whatever_is_not_named_is_denied(example: str) -> None:
    drawn = objects(example)
    [deny] = [each for each in of_kind(drawn, "NetworkPolicy") if each["metadata"]["name"].endswith("default-deny")]
    assert not {"ingress", "egress"} & set(deny["spec"])
    assert deny["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert all(selects(deny["spec"]["podSelector"]["matchLabels"], labels) for _, labels, _ in pods(drawn))


@each_example
def test_the_edges_inside_are_exactly_those_of_the_architecture(example: str) -> None:
    assert _edges(example, "egress") == expected(example)


@each_example
def test_who_may_go_out_is_let_in_and_nobody_else(example: str) -> None:
    public = {("shopify-sandbox", "shopify-sync", _HTTP), ("test", "gateway", _HTTP)}
    let_in = _edges(example, "ingress")
    assert let_in >= expected(example) - public  # pages and webhooks are open to all where no ingress is named
    assert let_in <= expected(example)


@each_example
def test_only_pages_and_webhooks_are_open_to_anybody(example: str) -> None:
    anybody = {
        (name, port["port"])
        for name, policy in _policies(example).items()
        for rule in policy["spec"].get("ingress", [])
        if not rule.get("from")
        for port in rule["ports"]
    }
    pages = {("gateway", _HTTP), ("shopify-sync", _HTTP)}
    assert anybody == (pages if example in ("try", "development") else set())


def test_only_those_that_need_intuit_or_shopify_reach_the_internet() -> None:
    outside = {
        (name, port["port"])
        for name, policy in _policies("production").items()
        for rule in policy["spec"].get("egress", [])
        if any("ipBlock" in peer for peer in rule.get("to", []))
        for port in rule["ports"]
    }
    web = {("auth", 443), ("shopify-sync", 443), ("qbo-writer", 443)}
    assert outside == web | {("auth", 587), ("connections", 587)}  # mail


def test_what_is_private_is_not_outside() -> None:
    for policy in _policies("production").values():
        for rule in policy["spec"].get("egress", []):
            for peer in rule.get("to", []):
                if peer.get("ipBlock", {}).get("cidr") == "0.0.0.0/0":
                    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"} <= set(peer["ipBlock"]["except"])


def test_beside_stand_ins_nothing_reaches_the_internet() -> None:
    peers = [
        peer
        for policy in _policies("try").values()
        for rule in policy["spec"].get("egress", [])
        for peer in rule.get("to", [])
    ]
    assert not [peer for peer in peers if "ipBlock" in peer]


@each_example
def test_every_policy_hits_pods_and_every_pod_has_one(example: str) -> None:
    drawn = objects(example)
    components = {labels[COMPONENT] for _, labels, _ in pods(drawn)}
    assert set(_policies(example)) == components


def _policies(example: str) -> dict[str, Object]:
    named = by_component(objects(example), "NetworkPolicy")
    return {name: policy for name, policy in named.items() if name != "default-deny"}


def _edges(example: str, direction: str) -> set[tuple[str, str, int]]:
    """(who, whom, port) of every rule that names a component of the chart."""
    found = set()
    for name, policy in _policies(example).items():
        for rule in policy["spec"].get(direction, []):
            for peer in rule.get("to" if direction == "egress" else "from", []):
                other = peer.get("podSelector", {}).get("matchLabels", {}).get(COMPONENT)
                if other:
                    pair = (name, other) if direction == "egress" else (other, name)
                    found |= {(*pair, port["port"]) for port in rule["ports"]}
    return found
