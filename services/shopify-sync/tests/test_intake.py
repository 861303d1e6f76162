"""Whatever webhooks do, what is said of the store is what the store is: once a change, to the cent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledgerport.events.v1 import entity_pb2
from ledgerport_local.home import temporary_home
from shopify_sync_testing.identities import holds
from shopify_sync_testing.stage import Shop, running, until


def test_generated_orders_are_said_with_the_amounts_of_the_store(shop: Shop) -> None:
    _matches(shop, shop.control("orders", count=120, seed=5, mix="all", refund_rate=0.5)["ids"])


def test_orders_of_a_store_with_tax_inside_are_said_with_the_amounts_of_the_store(british: Shop) -> None:
    _matches(british, british.control("orders", count=120, seed=6, mix="all", refund_rate=0.5)["ids"])


def _matches(shop: Shop, ids: list[str]) -> None:
    shop.rests()
    listed = shop.look("totals", orders="1")["by_order"]
    for each in ids:
        said, shown = shop.newest(each), listed[each]
        assert len(said.lines) > 0
        totals = said.totals
        assert {
            "total": totals.total.shop,
            "received": totals.received.shop,
            "refund_paid": totals.refunded.shop,
            "current_total": totals.current_total.shop,
            "outstanding": totals.outstanding.shop,
        } == {name: shown[name] for name in ("total", "received", "refund_paid", "current_total", "outstanding")}
        assert holds(said) == []


def test_an_order_is_said_with_its_store_and_its_version(shop: Shop) -> None:
    order = shop.order()
    said = shop.newest(order)
    event = shop.said(order)[-1]
    assert (said.currency, said.store_zone) == ("USD", "America/Los_Angeles") or said.store_zone
    assert event.version.content_hash
    assert event.version.updated_at.seconds <= event.version.observed_at.seconds
    assert event.traceparent


def test_unchanged_content_is_not_said_again(shop: Shop) -> None:
    order = shop.order()
    shop.newest(order)
    shop.rests()
    times = len(shop.said(order))
    shop.deliver({"id": int(order.rpartition("/")[2])})
    shop.rests()
    assert len(shop.said(order)) == times


def test_a_change_and_its_way_back_are_each_said(shop: Shop) -> None:
    order = shop.order()
    shop.newest(order)
    shop.rests()
    times = len(shop.said(order))
    shop.control("annotate", order=order, tags=["b"])
    until(lambda: len(shop.said(order)) == times + 1, "the change was said")
    shop.control("annotate", order=order, tags=[])
    until(lambda: len(shop.said(order)) == times + 2, "its way back was said")
    first, last = shop.said(order)[-3], shop.said(order)[-1]
    assert first.version.content_hash == last.version.content_hash
    assert len({event.event_id for event in shop.said(order)}) == times + 2


@pytest.mark.parametrize("kind", ["throttled", "status", "html", "cut", "internal"])
def test_trouble_at_shopify_passes(shop: Shop, kind: str) -> None:
    shop.rests()
    fault: dict[str, object] = {"kind": kind, "count": 1}
    shop.control("graphql/faults", faults=[fault | ({"status": 502} if kind == "status" else {})])
    order = shop.order()
    assert shop.newest(order).totals.total.shop > 0


def test_doubled_and_reordered_webhooks_end_in_the_same_state(shop: Shop) -> None:
    shop.control("webhooks/faults", duplicate_rate=1.0, reorder=True, delay_seconds=0.2)
    orders = [shop.order() for _ in range(4)]
    for each in orders:
        shop.control("annotate", order=each, tags=["seen"])
        shop.control("refund", order=each)
    shop.rests()
    for each in orders:
        said = shop.newest(each)
        assert list(said.tags) == ["seen"]
        assert len(said.refunds) == 1


def test_what_lost_webhooks_would_have_told_is_found_by_catching_up(shop: Shop) -> None:
    shop.control("webhooks/faults", drop_rate=1.0)
    order = shop.order()
    shop.rests()
    assert shop.said(order) == []
    shop.sync_now()
    assert shop.newest(order).totals.total.shop > 0


def test_subscriptions_that_shopify_dropped_are_made_again(shop: Shop) -> None:
    wanted = shop.intake().subscriptions_wanted
    assert wanted == 15
    with shop.database() as connection:
        connection.execute("UPDATE store SET subscribed_topics = '{}'")
    until(lambda: shop.intake().subscriptions_present == wanted, "all is subscribed again")


def test_a_deleted_customer_is_said_to_be_gone(shop: Shop) -> None:
    shop.deliver({"id": 4242}, topic="customers/delete")
    gone = "gid://shopify/Customer/4242"
    until(lambda: shop.said(gone), "it was said")
    assert shop.said(gone)[-1].gone == entity_pb2.Gone(kind="customer")


def test_products_are_said_variant_by_variant(shop: Shop) -> None:
    shop.rests()
    before = {event.source_id for event in shop.said()}
    shop.control("product", set={"title": "A new thing"})
    new = until(lambda: [e for e in shop.said() if e.HasField("variant") and e.source_id not in before], "it was said")
    assert new[0].variant.product_title == "A new thing"


@pytest.fixture
def strict_shop() -> Iterator[Shop]:
    """A store of a Shopify that charges every id of a query."""
    with temporary_home() as home, running(home, SHOPIFY_SANDBOX_NODES_COST="each") as platform:
        shop = Shop(platform)
        yield shop
        shop.close()


def test_where_every_id_is_charged_fewer_objects_are_asked_for_at_once(strict_shop: Shop) -> None:
    ids = strict_shop.control("orders", count=8, seed=7, mix="basic", refund_rate=0)["ids"]
    refunded = ids[0]
    for line in strict_shop.newest(refunded).lines[:1]:
        for _ in range(3):
            strict_shop.control("refund", order=refunded, lines={}, shipping=0, discrepancy=-100)
        assert line.id
    until(lambda: all(strict_shop.said(each) for each in ids), "all orders were said", 40)
    until(lambda: len(strict_shop.newest(refunded).refunds) == 3, "all refunds were said", 40)


def test_an_uninstalled_app_is_reported_and_the_store_is_no_longer_asked(strict_shop: Shop) -> None:
    client = strict_shop.platform.environment("auth")["SHOPIFY_CLIENT_ID"]
    strict_shop.control("uninstall", client_id=client)

    def lost() -> bool:
        with strict_shop.database() as connection:
            return connection.execute("SELECT connected FROM store").fetchall() == [(False,)]

    until(lost, "the store is known to be lost")
