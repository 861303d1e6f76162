"""Whatever webhooks do, what is said of the store is what the store is: once a change, to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ledgerport.events.v2 import entity_pb2
from ledgerport_local.home import temporary_home
from shopify_sandbox.stories import STORIES
from shopify_sync_testing.identities import holds
from shopify_sync_testing.stage import Shop, running, until


def test_orders_of_every_kind_are_said_with_the_amounts_of_the_store(shop: Shop) -> None:
    _matches(shop, every_kind(shop))


def test_orders_of_a_store_with_tax_inside_are_said_with_the_amounts_of_the_store(british: Shop) -> None:
    _matches(british, every_kind(british))


def every_kind(shop: Shop) -> list[str]:
    """Two orders of each kind that the stand-in knows, some of them refunded once more."""
    made = [shop.control("orders", count=2, seed=5, mix=kind, refund_rate=0.3)["ids"] for kind in sorted(STORIES)]
    return [each for ids in made for each in ids]


def _matches(shop: Shop, ids: list[str]) -> None:
    shop.rests()
    listed = shop.look("totals", orders="1")["by_order"]
    newest = {event.source_id: event.order for event in shop.said()}
    for each in ids:
        said, shown = newest[each], listed[each]
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


@pytest.mark.parametrize("agreements", [True, False])
def test_an_order_of_three_hundred_lines_is_said_whole(shop: Shop, *, agreements: bool) -> None:
    lines = [{"title": f"Thing {n}", "price": 101 + n, "quantity": 1 + n % 3} for n in range(300)]
    order = shop.order(lines=lines, discount_percent=7, shipping=590, lists_agreements=agreements)
    back = shop.control("refund", order=order)
    until(lambda: len(shop.newest(order).refunds) == 1, "its refund was said")
    said = shop.newest(order)
    assert len(said.lines) == 300
    [ordered, refunded] = said.agreements
    assert (len(ordered.sales), len(refunded.sales), refunded.refund_id) == (301, 301, back["refund"])
    assert holds(said) == []
    assert said.totals.current_total.shop == 0


def test_an_order_with_many_changes_payments_and_refunds_is_said_whole(shop: Shop) -> None:
    lines = [{"title": f"Thing {n}", "price": 1000 + n, "quantity": 12} for n in range(3)]
    order = shop.order(lines=lines, tender="manual")
    line = str(shop.newest(order).lines[0].id)
    for amount in (100, 200, 300, 400, 500, 600, 700, 800):
        shop.control("collect", order=order, amount=amount)
    shop.control("collect", order=order)
    for left in (11, 10, 9):
        shop.control("edit", order=order, line=line, quantity=left)
        shop.control("pay_back", order=order)
    for _ in range(4):
        shop.control("refund", order=order, lines={line: 1})
    shop.rests()
    said = shop.newest(order)
    assert [each.reason for each in said.agreements] == ["ORDER", *["ORDER_EDIT"] * 3, *["REFUND"] * 4]
    assert (len(said.refunds), len(said.transactions)) == (7, said_transactions(shop, order))
    assert holds(said) == []
    times = [each.happened_at.seconds for each in said.agreements]
    assert times == sorted(times)


def test_an_order_that_changes_while_it_is_read_is_never_said_half_old_half_new(shop: Shop) -> None:
    lines = [{"title": f"Thing {n}", "price": 101 + n} for n in range(150)]
    order = shop.order(lines=lines, tender="manual")
    last = shop.control("annotate", order=order, note="read it")["lines"][-1]["id"]
    for quantity in range(2, 14):
        shop.control("edit", order=order, line=last, quantity=quantity)
    shop.rests()
    versions = [event.order for event in shop.said(order)]
    assert [holds(each) for each in versions] == [[]] * len(versions)
    for each in versions:
        ordered = sum(s.quantity for a in each.agreements for s in a.sales if s.line_id == each.lines[-1].id)
        assert each.lines[-1].current_quantity == ordered
    assert versions[-1].lines[-1].current_quantity == 13


def said_transactions(shop: Shop, order: str) -> int:
    return len(shop.control("annotate", order=order, note="counted")["transactions"])


def test_both_currencies_of_a_foreign_buyer_are_said(shop: Shop) -> None:
    order = shop.order(
        lines=[{"title": "Thing", "price": 4000}], shipping=1000, currency="CAD", rate="0.7249", tax_rates=[]
    )
    said = shop.newest(order)
    assert (said.currency, said.presentment_currency) == ("USD", "CAD")
    assert (said.totals.total.presentment, said.totals.total.shop) == (5000, 3625)
    assert [(s.total.presentment, s.total.shop) for s in said.agreements[0].sales] == [(4000, 2900), (1000, 725)]
    assert (said.transactions[0].amount.presentment, said.transactions[0].amount.shop) == (5000, 3625)


def test_a_business_order_is_said_with_its_company_terms_and_number(shop: Shop) -> None:
    order = shop.order(
        company={"name": "Acme", "location": "Depot"}, po_number="PO-7", payment_terms={"days": 30}, tender="none"
    )
    said = shop.newest(order)
    assert (said.company.name, said.company.location_name, said.purchase_order_number) == ("Acme", "Depot", "PO-7")
    assert said.payment_terms.name == "Net 30"
    assert said.payment_terms.due_at.seconds - said.processed_at.seconds == 30 * 86_400
    assert said.financial_status == "PENDING"


def test_an_exchange_names_its_return_and_the_refund_that_paid_its_net(shop: Shop) -> None:
    order = shop.order(lines=[{"title": "Coat", "price": 10000}], tax_rates=[])
    line = str(shop.newest(order).lines[0].id)
    shop.control(
        "return", order=order, lines={line: 1}, exchange=[{"title": "Scarf", "price": 3000}], restocking_fee=500
    )
    shop.rests()
    said = shop.newest(order)
    exchange = said.agreements[1]
    assert (exchange.reason, exchange.refund_id) == ("RETURN", said.refunds[0].id)
    assert exchange.return_id == said.refunds[0].return_id != ""
    assert [(s.action, s.line_type, s.title, s.total.shop) for s in exchange.sales] == [
        ("RETURN", "PRODUCT", "", -10000),
        ("ORDER", "FEE", "Restocking fee", 500),
        ("ORDER", "PRODUCT", "", 3000),
    ]
    assert said.totals.refunded.shop == 6500
    assert holds(said) == []


def test_rounded_cash_with_change_is_said(shop: Shop) -> None:
    order = shop.order(
        lines=[{"title": "Thing", "price": 652}], tender="cash", cash_rounding=5, cash_notes=1000, tax_rates=[]
    )
    said = shop.newest(order)
    assert [(t.kind, t.gateway, t.amount.shop, t.rounding.shop) for t in said.transactions] == [
        ("SALE", "cash", 1000, -2),
        ("CHANGE", "cash", 350, 0),
    ]
    assert (said.totals.received.shop, said.totals.cash_rounding_payment.shop) == (650, -2)
    assert holds(said) == []


def test_a_pending_refund_that_fails_is_said_with_both_states(shop: Shop) -> None:
    order = shop.order(lines=[{"title": "Thing", "price": 1000}])
    shop.control("refund", order=order, pending=True, lines={str(shop.newest(order).lines[0].id): 1})
    shop.rests()
    assert [t.status for t in shop.newest(order).transactions] == ["SUCCESS", "PENDING"]
    shop.control("resolve", order=order, status="FAILURE")
    shop.rests()
    assert [t.status for t in shop.newest(order).transactions] == ["SUCCESS", "FAILURE"]


def test_what_was_sold_stays_said_when_its_product_is_deleted(shop: Shop) -> None:
    product = shop.control("product", set={"title": "Short-lived"}, variants=[{"price": 500, "sku": "SHORT"}])
    order = shop.order(lines=[{"variant_id": product["variants"][0]}])
    assert shop.newest(order).lines[0].variant_id
    shop.control("product/delete", product=product["id"])
    shop.control("annotate", order=order, tags=["seen"])
    until(lambda: list(shop.newest(order).tags) == ["seen"], "the change was said")
    line = shop.newest(order).lines[0]
    assert (line.variant_id, line.sku, line.title) == ("", "SHORT", "Short-lived")


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


_TOLD = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def waiting(shop: Shop) -> Iterator[tuple[Shop, str]]:
    """An order whose hint lies there with a trace of its own, and is not fetched before the test is over."""
    order = shop.order()
    shop.rests()
    with shop.database() as connection:
        connection.execute(
            "INSERT INTO hint (shop_domain, kind, source_id, hinted_at, not_before, traceparent) "
            "VALUES (%s, 'order', %s, now(), 'infinity', %s)",
            (shop.domain, order, _TOLD),
        )
    yield shop, order
    with shop.database() as connection:
        connection.execute("UPDATE hint SET not_before = '-infinity' WHERE source_id = %s", (order,))
    shop.rests()


def hinted_again(shop: Shop, order: str) -> str:
    """The trace of its hint, once it was hinted at a second time."""

    def again() -> Any:
        with shop.database() as connection:
            asked = "SELECT traceparent FROM hint WHERE source_id = %s AND hinted > 1"
            return connection.execute(asked, (order,)).fetchone()

    return str(until(again, "it was hinted at again")[0])


def test_an_order_that_catching_up_finds_too_keeps_the_trace_of_its_webhook(waiting: tuple[Shop, str]) -> None:
    shop, order = waiting
    shop.sync_now()
    assert hinted_again(shop, order) == _TOLD


def test_an_order_goes_on_in_the_trace_of_its_newest_webhook(waiting: tuple[Shop, str]) -> None:
    shop, order = waiting
    shop.control("annotate", order=order, tags=["seen"])
    trace = hinted_again(shop, order)
    assert trace
    assert trace != _TOLD


def test_subscriptions_that_shopify_dropped_are_made_again(shop: Shop) -> None:
    wanted = shop.intake().subscriptions_wanted
    assert wanted == 27  # all but the one that needs a scope we do not ask for
    with shop.database() as connection:
        connection.execute("UPDATE store SET subscribed_topics = '{}'")
    until(lambda: shop.intake().subscriptions_present == wanted, "all is subscribed again")


@pytest.fixture
def impatient_shop() -> Iterator[Shop]:
    """A store of a Shopify that drops a subscription after one retry."""
    with temporary_home() as home, running(home, SHOPIFY_SANDBOX_WEBHOOK_RETRIES="1") as platform:
        shop = Shop(platform)
        yield shop
        shop.close()


def test_what_happened_while_a_subscription_was_gone_is_found_when_it_is_made_again(impatient_shop: Shop) -> None:
    shop = impatient_shop

    def subscribed() -> bool:
        held = shop.look("subscriptions", client_id="ledgerport-local")["subscriptions"]
        return any(each["topic"] == "orders/create" for each in held)

    until(subscribed, "it is subscribed")
    shop.rests()
    shop.platform.halt("shopify-sync")
    shop.order()
    until(lambda: not subscribed(), "Shopify has dropped the subscription")
    missed = shop.order()
    shop.platform.start_again("shopify-sync")
    shop.platform.wait_ready("shopify-sync")
    until(lambda: shop.said(missed), "it was said")
    until(subscribed, "it is subscribed")


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
