"""A webhook's signature is proved, and its body is read for nothing but which object it is about."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from shopify_sync.hints import PRIVACY, SUBSCRIBED, Hint, NoHint, hints_of, subscription_topic, wanted_topics
from shopify_sync.signature import verified

SAMPLES = Path(__file__).parents[4] / "shared" / "reference" / "shopify-samples"
SHOP = "a.myshopify.com"
BROKEN = [b"", b"{", b"[]", b"null", b"{}", b'{"id": "1"}', b'{"id": 1.5}', b'{"id": true}', b"\xff"]
MONEY = ("order_transactions/create", "tender_transactions/create")
UNSAMPLED = ("orders/delete",)
BIG = 820982911946154508  # larger than any float can count


def sample(path: str) -> Any:
    file = SAMPLES / path
    if not file.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{path} is missing")
        pytest.skip("Shopify's samples are not on this machine")
    return json.loads(file.read_text())


def test_the_vector_of_a_signature_holds() -> None:
    vector = sample("constructed/hmac-vectors.json")["webhook"]
    body, secret = vector["raw_body_utf8"].encode(), vector["client_secret"].encode()
    header = vector["headers"]["X-Shopify-Hmac-Sha256"]
    assert verified(body, header, [secret])
    assert verified(body, header, [b"the new one", secret])
    assert not verified(body + b" ", header, [secret])
    assert not verified(body, header, [b"another"])


@pytest.mark.parametrize("header", [None, "", "AAAA", "é", "A" * 44])
def test_what_is_no_signature_proves_nothing(header: str | None) -> None:
    assert not verified(b"{}", header, [b"secret"])


def test_no_secret_means_no() -> None:
    assert not verified(b"{}", "", [])
    assert not verified(b"{}", "", [b""])


def body_of(topic: str) -> dict[str, Any]:
    if topic == "orders/edited":
        return {"order_edit": {"id": 1, "order_id": BIG}}
    if topic in ("returns/request", "returns/approve", "returns/decline"):
        return {"id": 1, "order": {"id": BIG}}
    if topic.startswith("returns/") or topic in ("refunds/create", *MONEY):
        return {"id": 1, "order_id": BIG}
    return {"id": BIG}


OF_THE_STORE = {"app/uninstalled": "uninstalled", "app/scopes_update": "store", "shop/update": "store"}
OF_NO_NUMBER = {*OF_THE_STORE, "customers/merge", "bulk_operations/finish"}
OF_AN_OBJECT = sorted(set(SUBSCRIBED) - OF_NO_NUMBER)
NAMES_NO_ORDER = {"returns/process", "returns/update"}


@pytest.mark.parametrize("topic", OF_AN_OBJECT)
def test_every_topic_hints_at_its_object(topic: str) -> None:
    kind = SUBSCRIBED[topic]
    gone = topic.endswith("/delete")
    expected = Hint(kind, f"gid://shopify/{kind.capitalize()}/{BIG}", gone=gone)
    assert hints_of(topic, SHOP, json.dumps(body_of(topic)).encode()) == (expected,)


@pytest.mark.parametrize(("topic", "kind"), OF_THE_STORE.items())
def test_what_happens_to_the_store_itself_hints_at_the_store(topic: str, kind: str) -> None:
    assert hints_of(topic, SHOP, b"{}") == (Hint(kind, SHOP),)


@pytest.mark.parametrize(("status", "gone"), [("completed", True), ("failed", False), ("in_progress", False)])
def test_a_merge_hints_at_both_customers(status: str, *, gone: bool) -> None:
    body = {
        "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/1",
        "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/2",
        "status": status,
    }
    kept, other = Hint("customer", "gid://shopify/Customer/1"), Hint("customer", "gid://shopify/Customer/2", gone=gone)
    assert hints_of("customers/merge", SHOP, json.dumps(body).encode()) == (kept, other)


def test_the_end_of_a_bulk_operation_names_it() -> None:
    ended = b'{"admin_graphql_api_id": "gid://shopify/BulkOperation/147595010", "status": "completed"}'
    assert hints_of("bulk_operations/finish", SHOP, ended) == (Hint("bulk", "gid://shopify/BulkOperation/147595010"),)


@pytest.mark.parametrize("topic", sorted({*OF_AN_OBJECT, "customers/merge", "bulk_operations/finish"}))
@pytest.mark.parametrize("body", BROKEN)
def test_a_body_that_names_no_object_is_refused(topic: str, body: bytes) -> None:
    if topic.startswith("returns/") and body[:1] == b"{" and body != b"{":
        assert hints_of(topic, SHOP, body) == ()  # some of Shopify's own bodies name no order
        return
    with pytest.raises(NoHint):
        hints_of(topic, SHOP, body)


def test_topics_we_did_not_ask_for_hint_at_nothing() -> None:
    for topic in ("themes/publish", *PRIVACY):
        assert hints_of(topic, SHOP, b"{}") == ()


def test_topics_are_wanted_where_their_scope_is_granted() -> None:
    assert "customers/merge" not in wanted_topics(["read_orders", "read_returns"])
    assert "returns/close" in wanted_topics(["read_returns"])
    assert set(wanted_topics(["read_returns", "read_customer_merge"])) == set(SUBSCRIBED)


@pytest.mark.parametrize("topic", sorted(SUBSCRIBED))
def test_shopifys_own_samples_are_understood(topic: str) -> None:
    found = sample(f"webhooks-2026-07/{topic.replace('/', '-')}.json") if topic not in UNSAMPLED else body_of(topic)
    assert bool(hints_of(topic, SHOP, json.dumps(found).encode())) == (topic not in NAMES_NO_ORDER)


def test_topics_are_spelled_as_the_schema_spells_them() -> None:
    assert subscription_topic("order_transactions/create") == "ORDER_TRANSACTIONS_CREATE"
