"""Admin GraphQL answers as Shopify's: real queries run, refusals and costs have its shapes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import requests

SHOP = "northwind-outfitters.myshopify.com"
QUERIES = Path(__file__).parents[4] / "shared" / "reference" / "shopify-samples" / "constructed" / "queries"
WHOLE = (
    "order",
    "agreements",
    "refund",
    "customers",
    "variants",
    "shop",
    "changed_orders",
    "webhook_list",
    "webhook_subscribe",
    "payouts",
    "balance_transactions",
    "bulk_run",
    "bulk_poll",
)


@pytest.fixture(scope="module")
def refunded(sandbox: Any) -> dict[str, str]:
    made = sandbox.control("orders", shop=SHOP, count=40, seed=5, mix="all", refund_rate=0.5)
    return {"order": made["ids"][0], "refund": made["refunds"][0]}


@pytest.mark.parametrize("name", WHOLE)
def test_the_reference_queries_execute_without_errors(app: Any, refunded: dict[str, str], name: str) -> None:
    file = QUERIES / f"{name}.graphql"
    if not file.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("the reference queries are missing")
        pytest.skip("the reference queries are not on this machine")
    variables: dict[str, dict[str, Any]] = {
        "order": {"id": refunded["order"]},
        "agreements": {"id": refunded["order"]},
        "refund": {"id": refunded["refund"]},
        "bulk_run": {"query": "{ shop { id } }"},
        "bulk_poll": {"id": "gid://shopify/BulkOperation/1"},
        "webhook_subscribe": {"topic": "SHOP_UPDATE", "sub": {"uri": "http://127.0.0.1:9/x"}},
    }
    app.ask(file.read_text(), **variables.get(name, {}))


def test_many_orders_come_by_their_ids_in_the_order_asked(app: Any, sandbox: Any) -> None:
    ids = sandbox.control("orders", shop=SHOP, count=3, seed=8)["ids"]
    asked = [ids[2], "gid://shopify/Order/1", ids[0]]
    found = app.ask("query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Order { name } } }", ids=asked)["nodes"]
    assert [one and one["id"] for one in found] == [ids[2], None, ids[0]]


def test_paging_meets_every_order_once(own_sandbox: Any) -> None:
    sandbox = own_sandbox()
    app, ids = sandbox.install(), sandbox.control("orders", shop=SHOP, count=23, seed=2)["ids"]
    seen: list[str] = []
    after, more = None, True
    while more:
        page = app.ask(
            'query($a: String) { orders(first: 5, after: $a, sortKey: UPDATED_AT, query: "status:open")'
            " { nodes { id } pageInfo { hasNextPage endCursor } } }",
            a=after,
        )["orders"]
        seen += [node["id"] for node in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert sorted(seen) == sorted(ids)
    assert len(seen) == 23


def test_search_filters_by_time_name_and_state(app: Any, sandbox: Any) -> None:
    made = sandbox.control("order", shop=SHOP, cart={"lines": [{"title": "X", "price": 500}], "tender": "manual"})
    find = "query($q: String) { orders(first: 5, query: $q) { nodes { id } } }"
    both = f"name:{made['name']} financial_status:pending"
    assert [n["id"] for n in app.ask(find, q=both)["orders"]["nodes"]] == [made["id"]]
    assert app.ask(find, q=f"{both} -status:open")["orders"]["nodes"] == []
    assert app.ask(find, q="updated_at:>='2090-01-01T00:00:00Z'")["orders"]["nodes"] == []
    either = f"(name:nothing OR name:'{made['name']}')"
    assert [n["id"] for n in app.ask(find, q=either)["orders"]["nodes"]] == [made["id"]]


def test_an_unknown_search_field_is_ignored_with_a_warning(app: Any) -> None:
    body = app.post('{ orders(first: 1, query: "updated:>2020") { nodes { id } } }').json()
    assert len(body["data"]["orders"]["nodes"]) == 1
    assert body["extensions"]["search"][0]["warnings"][0]["field"] == "updated"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ shop { nonsense } }", "undefinedField"),
        ("{ shop { ", "parseError"),
        ('{ orders(first: "x") { nodes { id } } }', "argumentLiteralsIncompatible"),
        ("query($id: ID!) { order(id: $id) { id } }", "INVALID_VARIABLE"),
        ("{ orders(first: 251) { nodes { id } } }", "BAD_REQUEST"),
    ],
)
def test_a_wrong_query_is_a_200_with_a_coded_error(app: Any, query: str, code: str) -> None:
    answer = app.post(query)
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["extensions"]["code"] == code


def test_a_missing_scope_is_access_denied(sandbox: Any) -> None:
    auditor = sandbox.install(client="auditor", scope="read_products")
    body = auditor.post("{ orders(first: 1) { nodes { id } } }").json()
    assert body["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


def test_an_unknown_store_is_404_and_an_old_version_falls_forward(app: Any, sandbox: Any) -> None:
    nowhere = f"{sandbox.url}/nowhere.myshopify.com/admin/api/2026-10/graphql.json"
    assert requests.post(nowhere, json={}, timeout=5).status_code == 404
    assert app.post("{ shop { id } }", version="2019-04").headers["X-Shopify-API-Version"] == "2026-01"


def test_cost_is_reserved_given_back_and_runs_dry(own_sandbox: Any) -> None:
    sandbox = own_sandbox(bucket_size="300", restore_rate="0.001")
    app = sandbox.install()
    query = "{ products(first: 100) { nodes { id } } }"
    cost = app.post(query).json()["extensions"]["cost"]
    assert cost["requestedQueryCost"] == 102
    assert cost["actualQueryCost"] < 40
    answers = [app.post(query) for _ in range(10)]
    last = answers[-1].json()
    assert {a.status_code for a in answers} == {200}
    assert last["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert last["extensions"]["cost"]["actualQueryCost"] is None


def test_a_query_over_a_thousand_points_is_refused(app: Any) -> None:
    query = "{ orders(first: 250) { nodes { customer { id } totalPriceSet { shopMoney { amount } } } } }"
    body = app.post(query).json()
    assert body["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"


def test_faults_come_as_ordered_and_end(own_sandbox: Any) -> None:
    sandbox = own_sandbox()
    app = sandbox.install()
    sandbox.control(
        "graphql/faults",
        faults=[
            {"kind": "status", "status": 429, "retry_after": 2.0},
            {"kind": "html", "status": 502},
            {"kind": "throttled"},
            {"kind": "cut"},
        ],
    )
    first, second, third = (app.post("{ shop { id } }") for _ in range(3))
    assert (first.status_code, first.headers["Retry-After"]) == (429, "2.0")
    assert (second.status_code, second.text[:6]) == (502, "<html>")
    assert third.json()["errors"][0]["extensions"]["code"] == "THROTTLED"
    with pytest.raises(requests.exceptions.RequestException):
        app.post("{ shop { id } }")
    assert app.post("{ shop { id } }").status_code == 200


def test_old_orders_are_unseen_without_the_scope_for_all(own_sandbox: Any) -> None:
    sandbox = own_sandbox()
    order = sandbox.control("orders", shop=SHOP, count=1)["ids"][0]
    sandbox.control("clock", advance_seconds=61 * 86400)
    find = "query($id: ID!) { order(id: $id) { id } }"
    assert sandbox.install(client="auditor", scope="read_orders").ask(find, id=order)["order"] is None
    assert sandbox.install(scope="read_orders,read_all_orders").ask(find, id=order)["order"]["id"] == order
