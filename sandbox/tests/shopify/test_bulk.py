"""Bulk operations: their rules, their course, their files, and what goes wrong with them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

App = Any
SHOP = "northwind-outfitters.myshopify.com"
RUN = "mutation($q: String!) { bulkOperationRunQuery(query: $q) { bulkOperation { id } userErrors { message code } } }"
LOOK = (
    "query($id: ID!) { bulkOperation(id: $id)"
    " { status errorCode objectCount rootObjectCount url partialDataUrl fileSize } }"
)
CANCEL = "mutation($id: ID!) { bulkOperationCancel(id: $id) { bulkOperation { status } userErrors { message } } }"
IDS = "{ orders { edges { node { id updatedAt } } } }"


@pytest.fixture
def shelved(own_sandbox: Any) -> App:
    """A store with a thousand old orders, in which nothing runs yet."""
    sandbox = own_sandbox(bucket_size="1000000")
    sandbox.control("shelf", shop=SHOP, count=1000, days=20)
    return sandbox.install()


def run(app: App, query: str = IDS) -> Any:
    return app.ask(RUN, q=query)["bulkOperationRunQuery"]


def until(app: App, identity: str, right: Callable[[Any], bool]) -> Any:
    ends = time.monotonic() + 20
    while not right(found := app.ask(LOOK, id=identity)["bulkOperation"]):
        assert time.monotonic() < ends, found
        time.sleep(0.05)
    return found


def ended(app: App, query: str = IDS) -> Any:
    started = run(app, query)
    assert started["userErrors"] == []
    return until(app, started["bulkOperation"]["id"], lambda found: found["status"] not in ("CREATED", "RUNNING"))


def test_every_order_is_a_line_and_is_counted(shelved: App) -> None:
    found = ended(shelved)
    assert (found["status"], found["objectCount"], found["rootObjectCount"]) == ("COMPLETED", "1000", "1000")
    lines = requests.get(found["url"], timeout=10).text.splitlines()
    assert len({json.loads(line)["id"] for line in lines}) == 1000
    assert sorted(json.loads(lines[0])) == ["id", "updatedAt"]


def test_inner_objects_follow_their_parent_and_name_it(shelved: App) -> None:
    query = '{ orders(query: "id:>0") { edges { node { id lineItems { edges { node { id title } } } } } } }'
    found = ended(shelved, query)
    lines = [json.loads(line) for line in requests.get(found["url"], timeout=10).text.splitlines()]
    assert (len(lines), sum("__parentId" not in line for line in lines)) == (int(found["objectCount"]), 1000)
    seen: set[str] = set()
    for line in lines:
        assert line.get("__parentId", line["id"]) in seen | {line["id"]}
        seen.add(line["id"])


def test_a_search_limits_what_is_gathered_and_nothing_found_has_no_address(shelved: App) -> None:
    found = ended(shelved, '{ orders(query: "processed_at:<2001-01-01") { edges { node { id } } } }')
    assert (found["status"], found["objectCount"], found["url"]) == ("COMPLETED", "0", None)


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ("{ shop { id } }", "at least one connection"),
        ('{ nodes(ids: ["gid://shopify/Order/1"]) { id } }', "top-level"),
        ("{ orders { edges { node { id agreements { edges { node { id } } } } } } }", "implement Node"),
        ("{ orders { edges { node { id refunds { id refundLineItems { edges { node { id } } } } } } } }", "list field"),
        ("mutation { bulkOperationCancel(id: 1) { userErrors { message } } }", "query operation"),
        ("{ orders { edges { node { wrong } } } }", "Invalid bulk query"),
        ("{ orders {", "Invalid bulk query"),
    ],
)
def test_what_breaks_a_rule_is_refused(shelved: App, query: str, rule: str) -> None:
    [error] = run(shelved, query)["userErrors"]
    assert error["code"] == "INVALID"
    assert rule in error["message"]


def test_six_at_once_are_one_too_many_and_a_canceled_one_makes_room(shelved: App) -> None:
    shelved.sandbox.control("bulk/faults", seconds=30)
    going = [run(shelved)["bulkOperation"]["id"] for _ in range(5)]
    assert run(shelved)["userErrors"][0]["code"] == "LIMIT_REACHED"
    assert shelved.ask(CANCEL, id=going[0])["bulkOperationCancel"]["userErrors"] == []
    assert run(shelved)["userErrors"][0]["code"] == "LIMIT_REACHED"  # it is canceling, not canceled


def test_the_address_takes_no_token_and_ends(shelved: App) -> None:
    url = ended(shelved)["url"]
    assert requests.get(url, headers={"X-Shopify-Access-Token": shelved.token}, timeout=10).status_code == 400
    assert requests.get(url, timeout=10).status_code == 200
    shelved.sandbox.control("clock", advance_seconds=8 * 86_400)
    assert requests.get(url, timeout=10).status_code == 403


def test_one_that_fails_leaves_what_it_had(shelved: App) -> None:
    shelved.sandbox.control("bulk/faults", fail_after=300)
    found = ended(shelved)
    assert (found["status"], found["errorCode"], found["url"]) == ("FAILED", "INTERNAL_SERVER_ERROR", None)
    assert len(requests.get(found["partialDataUrl"], timeout=10).text.splitlines()) == 300


def test_an_app_without_permission_is_denied(shelved: App) -> None:
    shelved.sandbox.control("bulk/faults", refuse=True)
    answer = shelved.post(RUN, {"q": IDS}).json()
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


def test_a_shelved_order_is_the_same_each_time(shelved: App) -> None:
    asked = "{ orders(first: 3, sortKey: ID) { nodes { id name totalPriceSet { shopMoney { amount } } } } }"
    first = shelved.ask(asked)
    assert first == shelved.ask(asked)
    assert len({node["name"] for node in first["orders"]["nodes"]}) == 3
