"""A webhook's signature is proved, and its body is read for nothing but which object it is about."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from shopify_sync.hints import PRIVACY, SUBSCRIBED, Hint, NoHint, hint_of, subscription_topic
from shopify_sync.signature import verified

SAMPLES = Path(__file__).parents[4] / "shared" / "reference" / "shopify-samples"
SHOP = "a.myshopify.com"
BROKEN = [b"", b"{", b"[]", b"null", b"{}", b'{"id": "1"}', b'{"id": 1.5}', b'{"id": true}', b"\xff"]
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
    if topic in ("refunds/create", "order_transactions/create"):
        return {"id": 1, "order_id": BIG}
    return {"id": BIG}


@pytest.mark.parametrize("topic", sorted(SUBSCRIBED))
def test_every_topic_hints_at_its_object(topic: str) -> None:
    hint = hint_of(topic, SHOP, json.dumps(body_of(topic)).encode())
    if topic == "app/uninstalled":
        assert hint == Hint("uninstalled", SHOP)
    else:
        kind = SUBSCRIBED[topic]
        assert hint == Hint(kind, f"gid://shopify/{kind.capitalize()}/{BIG}", gone=topic.endswith("/delete"))


@pytest.mark.parametrize("topic", sorted(set(SUBSCRIBED) - {"app/uninstalled"}))
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"{}", b'{"id": "1"}', b'{"id": 1.5}', b'{"id": true}', b"\xff"]
)
def test_a_body_that_names_no_object_is_refused(topic: str, body: bytes) -> None:
    with pytest.raises(NoHint):
        hint_of(topic, SHOP, body)


def test_topics_we_did_not_ask_for_hint_at_nothing() -> None:
    assert hint_of("themes/publish", SHOP, b"{}") is None
    for topic in PRIVACY:
        assert hint_of(topic, SHOP, b"{}") is None


@pytest.mark.parametrize("topic", sorted(SUBSCRIBED))
def test_shopifys_own_samples_are_understood(topic: str) -> None:
    name = topic.replace("/", "-")
    folder = SAMPLES / "webhooks-2026-07"
    found = [file for file in folder.glob("*.json") if file.stem.replace("_", "-").startswith(name.replace("_", "-"))]
    if not found:
        pytest.skip(f"no sample of {topic}")
    assert hint_of(topic, SHOP, found[0].read_bytes()) is not None


def test_topics_are_spelled_as_the_schema_spells_them() -> None:
    assert subscription_topic("order_transactions/create") == "ORDER_TRANSACTIONS_CREATE"
