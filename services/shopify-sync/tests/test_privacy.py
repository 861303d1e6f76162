"""The three compliance webhooks: refused unsigned, answered once, listed for the merchant, nothing needless kept."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from ledgerport.events.v2 import entity_pb2
from ledgerport.shopify_sync.v1 import intake_pb2 as pb
from shopify_sync.privacy import Asked
from shopify_sync_testing.stage import Shop, until

DATA, REDACT, SHOP_REDACT = "customers/data_request", "customers/redact", "shop/redact"


def body(customer: str, orders: list[str], name: str) -> dict[str, Any]:
    return {
        "shop_id": 1,
        "customer": {"id": number(customer), "email": "jane@private.test", "phone": "+15550100"},
        name: [number(order) for order in orders],
    }


def number(gid: str) -> int:
    return int(gid.rpartition("/")[2])


def answered(shop: Shop, topic: pb.PrivacyTopic.ValueType, count: int = 1) -> pb.PrivacyRequest:
    """The newest request of a topic, once that many were answered."""

    def look() -> list[pb.PrivacyRequest]:
        found = [each for each in shop.privacy_requests() if each.topic == topic and each.HasField("done_at")]
        return found if len(found) >= count else []

    return until(look, "the request is answered")[0]


def buyer(shop: Shop) -> tuple[str, list[str]]:
    """A customer of the store with two orders that were said."""
    made = shop.control("customer", set={"first_name": "Jane", "last_name": "Roe", "email": f"{uuid.uuid4()}@p.test"})
    customer = str(made.get("id") or made["customer"])
    orders = [shop.order(customer_id=number(customer), email="jane@p.test") for _ in range(2)]
    for each in orders:
        assert shop.newest(each).customer_id == customer
    shop.rests()
    return customer, orders


@pytest.mark.parametrize("topic", [DATA, REDACT, SHOP_REDACT])
def test_an_unsigned_or_forged_privacy_request_is_refused_with_401(shop: Shop, topic: str) -> None:
    before = len(shop.privacy_requests())
    for hmac in (None, "", "Zm9yZ2Vk"):
        assert shop.deliver(body("x/1", [], "orders_requested"), topic=topic, hmac=hmac).status_code == 401
    assert len(shop.privacy_requests()) == before


def test_a_data_request_is_listed_with_what_we_hold_and_keeps_no_address(shop: Shop) -> None:
    customer, orders = buyer(shop)
    same = str(uuid.uuid4())
    for _ in range(2):
        told = body(customer, orders[:1], "orders_requested")
        assert shop.deliver(told, topic=DATA, id=same).status_code == 200
    request = answered(shop, pb.PRIVACY_TOPIC_CUSTOMER_DATA)
    assert request.customer_id == customer
    held = {(each.kind, each.source_id) for each in request.held}
    assert {("order", each) for each in orders} <= held
    assert len([each for each in shop.privacy_requests() if each.customer_id == customer]) == 1
    with shop.database() as connection:
        kept = connection.execute("SELECT p::text FROM privacy_request p WHERE done_at IS NOT NULL").fetchall()
    assert "private.test" not in str(kept)
    assert b"private.test".hex() not in str(kept)


def test_a_redaction_erases_what_names_the_customer_and_tells_everyone(shop: Shop) -> None:
    customer, orders = buyer(shop)
    shop.control("customer", customer=customer, set={"note": "changed"})
    shop.rests()
    assert shop.deliver(body(customer, orders[:1], "orders_to_redact"), topic=REDACT).status_code == 200
    request = answered(shop, pb.PRIVACY_TOPIC_CUSTOMER_REDACT)
    assert "erased" in request.sentence
    assert "books" in request.sentence
    told = [event for event in shop.said() if event.WhichOneof("entity") == "redacted" and event.source_id == customer]
    assert set(told[0].redacted.source_ids) >= {customer, *orders}
    for event in shop.said():
        if event.source_id in (customer, *orders):
            assert b"Jane" not in event.SerializeToString()
            assert b"@p.test" not in event.SerializeToString()
        if event.source_id in orders:
            assert event.order.totals.HasField("total")
            assert event.order.customer_id == customer
    with shop.database() as connection:
        of = "SELECT content_hash, customer_id FROM emitted WHERE source_id = ANY(%s)"
        assert {tuple(map(bytes, (row[0],))) for row in connection.execute(of, ([customer, *orders],))} == {(b"",)}
        assert connection.execute("SELECT 1 FROM hint WHERE source_id = %s", (customer,)).fetchall() == []


def test_a_redaction_that_comes_twice_is_one(shop: Shop) -> None:
    customer, orders = buyer(shop)
    same = str(uuid.uuid4())
    for _ in range(3):
        assert shop.deliver(body(customer, orders, "orders_to_redact"), topic=REDACT, id=same).status_code == 200
    until(lambda: [r for r in shop.privacy_requests() if r.customer_id == customer and r.HasField("done_at")], "done")
    assert len([each for each in shop.privacy_requests() if each.customer_id == customer]) == 1
    told = [event for event in shop.said() if event.WhichOneof("entity") == "redacted" and event.source_id == customer]
    assert len(told) == 1


def test_requests_are_listed_page_after_page(shop: Shop) -> None:
    customer, orders = buyer(shop)
    for _ in range(3):
        told = body(customer, orders, "orders_requested")
        assert shop.deliver(told, topic=DATA, id=str(uuid.uuid4())).status_code == 200
    answered(shop, pb.PRIVACY_TOPIC_CUSTOMER_DATA, 3)
    shop.rests()
    ids = [each.request_id for each in shop.privacy_requests()]
    assert [each.request_id for each in shop.privacy_requests(page_size=1)] == ids
    assert len(ids) == len(set(ids)) >= 3


def test_a_shop_redact_of_a_store_that_is_connected_again_erases_nothing(shop: Shop) -> None:
    _, orders = buyer(shop)
    assert shop.deliver({"shop_id": 1, "shop_domain": shop.domain}, topic=SHOP_REDACT).status_code == 200
    assert "stays" in answered(shop, pb.PRIVACY_TOPIC_SHOP_REDACT).sentence
    assert shop.newest(orders[0]).HasField("customer") or shop.newest(orders[0]).email


def test_a_shop_redact_after_an_uninstall_erases_the_store(british: Shop) -> None:
    customer, orders = buyer(british)
    client = british.platform.environment("shopify-sync")["SHOPIFY_CLIENT_ID"]
    british.control("uninstall", client_id=client)

    def disconnected() -> bool:
        with british.database() as connection:
            row = connection.execute("SELECT connected FROM store WHERE shop_domain = %s", (british.domain,)).fetchone()
        return row == (False,)

    until(disconnected, "the uninstall was heard")
    for _ in range(2):
        assert british.deliver({"shop_id": 1}, topic=SHOP_REDACT).status_code == 200
    request = answered(british, pb.PRIVACY_TOPIC_SHOP_REDACT)
    assert "store" in request.sentence
    with british.database() as connection:
        for table in ("store", "hint", "emitted"):
            left = connection.execute(f"SELECT 1 FROM {table} WHERE shop_domain = %s", (british.domain,))  # noqa: S608
            assert left.fetchall() == [], table
    redacted = {each for event in british.said() for each in event.redacted.source_ids}
    assert {customer, *orders} <= redacted | {customer}
    assert set(orders) <= redacted
    assert all(b"Jane" not in event.SerializeToString() for event in british.said())


def test_of_an_unknown_store_nothing_is_held_and_no_body_is_kept(shop: Shop) -> None:
    assert shop.deliver(body("x/7", [], "orders_requested"), topic=DATA, shop="gone.myshopify.com").status_code == 200

    def forgotten() -> bool:
        with shop.database() as connection:
            rows = connection.execute(
                "SELECT body, sentence FROM privacy_request WHERE shop_domain = 'gone.myshopify.com'"
                " AND done_at > now() - interval '1 minute'"
            ).fetchall()
        return bool(rows) and all((bytes(row[0]), row[1]) == (b"", "We hold nothing of this store.") for row in rows)

    until(forgotten, "it is answered")


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{", b'{"customer": 5}', b'{"customer": {"id": true}, "orders_to_redact": {"a": 1}}']
)
def test_a_body_that_cannot_be_read_names_nobody(raw: bytes) -> None:
    assert Asked.of(raw) == Asked("", ())


def test_only_ids_are_read_of_a_body() -> None:
    assert Asked.of(b'{"customer": {"id": 9007199254740993}, "orders_to_redact": [1, "2", -3, 4]}') == Asked(
        "gid://shopify/Customer/9007199254740993", ("gid://shopify/Order/1", "gid://shopify/Order/4")
    )


def test_an_event_without_personal_data_is_left_alone() -> None:
    from ledgerport_libs.personal_data import forget

    event = entity_pb2.EntityEvent(variant=entity_pb2.Variant(sku="A"))
    forget(event)
    assert event.variant.sku == "A"
