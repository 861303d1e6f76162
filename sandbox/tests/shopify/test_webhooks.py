"""Webhooks are signed, repeated under one id, survive a kill, and end with the subscription when nobody listens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

SHOP = "northwind-outfitters.myshopify.com"


class Listener:
    """A receiver that keeps what it hears and answers as told."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.default = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.heard.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(outer.answers.pop(0) if outer.answers else outer.default)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def topics(self) -> list[str]:
        return [headers["x-shopify-topic"] for headers, _ in self.heard]


@pytest.fixture
def listener() -> Iterator[Listener]:
    one = Listener()
    yield one
    one.server.shutdown()
    one.server.server_close()


def wait_for(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.01)


def place(sandbox: Any, **cart: Any) -> Any:
    return sandbox.control("order", shop=SHOP, cart={"lines": [{"title": "Lamp", "price": 1999}], **cart})


def test_an_order_is_told_with_every_header_and_a_true_signature(own_sandbox: Any, listener: Listener) -> None:
    sandbox = own_sandbox()
    app = sandbox.install()
    for topic in ("ORDERS_CREATE", "ORDERS_PAID", "ORDER_TRANSACTIONS_CREATE", "ORDERS_UPDATED"):
        assert app.subscribe(topic, listener.url)["userErrors"] == []
    order = place(sandbox)
    wait_for(lambda: len(listener.heard) == 4)
    assert sorted(listener.topics()) == sorted(
        ["orders/create", "orders/paid", "order_transactions/create", "orders/updated"]
    )
    for headers, body in listener.heard:
        signature = base64.b64encode(hmac.new(b"hush", body, hashlib.sha256).digest()).decode()
        assert headers["x-shopify-hmac-sha256"] == signature
        assert headers["x-shopify-shop-domain"] == SHOP
        assert headers["x-shopify-api-version"] == "2026-10"
        assert headers["x-shopify-triggered-at"].endswith("Z")
    assert len({headers["x-shopify-webhook-id"] for headers, _ in listener.heard}) == 4
    assert len({headers["x-shopify-event-id"] for headers, _ in listener.heard}) == 1
    created = json.loads(next(b for h, b in listener.heard if h["x-shopify-topic"] == "orders/create"))
    assert created["admin_graphql_api_id"] == order["id"]
    assert created["total_price"] == created["current_total_price"]
    assert created["created_at"][-6:] in ("-05:00", "-04:00")


def test_the_same_address_cannot_be_subscribed_twice(own_sandbox: Any, listener: Listener) -> None:
    app = own_sandbox().install()
    app.subscribe("ORDERS_CREATE", listener.url)
    assert "already been taken" in app.subscribe("ORDERS_CREATE", listener.url)["userErrors"][0]["message"]


def test_a_failed_delivery_is_repeated_under_the_same_id_and_body(own_sandbox: Any, listener: Listener) -> None:
    sandbox = own_sandbox()
    sandbox.install().subscribe("ORDERS_CREATE", listener.url)
    listener.answers = [500, 302, 404]
    place(sandbox)
    wait_for(lambda: sandbox.look("webhooks")["counters"].get("delivered") == 1)
    assert len(listener.heard) == 4
    assert len({headers["x-shopify-webhook-id"] for headers, _ in listener.heard}) == 1
    assert len({body for _, body in listener.heard}) == 1


def test_a_subscription_nobody_answers_is_removed(own_sandbox: Any, listener: Listener) -> None:
    sandbox = own_sandbox(webhook_retries="3")
    app = sandbox.install()
    app.subscribe("ORDERS_CREATE", listener.url)
    listener.default = 500
    place(sandbox)
    wait_for(lambda: not sandbox.look("subscriptions", shop=SHOP, client_id="product")["subscriptions"])
    assert len(listener.heard) == 4
    assert app.ask("{ webhookSubscriptions(first: 10) { nodes { id } } }")["webhookSubscriptions"]["nodes"] == []


def test_what_is_pending_is_sent_after_a_kill(own_sandbox: Any, listener: Listener) -> None:
    sandbox = own_sandbox(webhook_delay_seconds="0")
    sandbox.install().subscribe("ORDERS_CREATE", listener.url)
    sandbox.control("webhooks/faults", delay_seconds=600)
    order = place(sandbox)
    sandbox.stop(signal.SIGKILL)
    sandbox.start()
    wait_for(lambda: len(listener.heard) == 1)
    assert json.loads(listener.heard[0][1])["admin_graphql_api_id"] == order["id"]


def test_everything_else_survives_a_kill_too(own_sandbox: Any) -> None:
    sandbox = own_sandbox()
    app = sandbox.install()
    sandbox.control("orders", shop=SHOP, count=20, seed=3, mix="all", refund_rate=0.5)
    app.subscribe("ORDERS_CREATE", "http://127.0.0.1:9/x")
    before = sandbox.look("totals", shop=SHOP, orders=1)
    sandbox.stop(signal.SIGKILL)
    sandbox.start()
    assert sandbox.look("totals", shop=SHOP, orders=1) == before
    assert app.ask("{ shop { myshopifyDomain } }")["shop"]["myshopifyDomain"] == SHOP
    assert len(sandbox.look("subscriptions", shop=SHOP, client_id="product")["subscriptions"]) == 1
    newer = place(sandbox)
    assert newer["id"] not in before["by_order"]
    assert sandbox.stop() == 0


def test_duplicates_drops_replays_and_forgeries_come_on_demand(own_sandbox: Any, listener: Listener) -> None:
    sandbox = own_sandbox()
    sandbox.install().subscribe("ORDERS_CREATE", listener.url)
    sandbox.control("webhooks/faults", duplicate_rate=1)
    place(sandbox)
    wait_for(lambda: len(listener.heard) == 2)
    webhook_id = listener.heard[0][0]["x-shopify-webhook-id"]
    assert listener.heard[1][0]["x-shopify-webhook-id"] == webhook_id
    sandbox.control("webhooks/faults", drop_rate=1)
    place(sandbox)
    assert sandbox.look("webhooks", state="dropped")["counters"]["dropped"] == 1
    sandbox.control("webhooks/replay", webhook_id=webhook_id)
    wait_for(lambda: len(listener.heard) == 3)
    sandbox.control("webhooks/forge", uri=listener.url, shop=SHOP)
    headers, body = listener.heard[-1]
    true = base64.b64encode(hmac.new(b"hush", body, hashlib.sha256).digest()).decode()
    assert headers["x-shopify-hmac-sha256"] != true


def test_uninstalling_kills_tokens_and_subscriptions_and_says_so(own_sandbox: Any, listener: Listener) -> None:
    sandbox = own_sandbox()
    app = sandbox.install()
    app.subscribe("APP_UNINSTALLED", listener.url)
    sandbox.control("uninstall", shop=SHOP, client_id="product")
    wait_for(lambda: listener.topics() == ["app/uninstalled"])
    assert app.post("{ shop { id } }").status_code == 401
    assert sandbox.look("subscriptions", shop=SHOP, client_id="product")["subscriptions"] == []


def test_refunds_edits_and_customers_are_told(own_sandbox: Any, listener: Listener) -> None:
    sandbox = own_sandbox()
    app = sandbox.install()
    topics = ("REFUNDS_CREATE", "ORDERS_EDITED", "ORDERS_CANCELLED", "CUSTOMERS_CREATE", "PRODUCTS_UPDATE")
    for topic in topics:
        app.subscribe(topic, listener.url)
    order = place(sandbox, shipping=500)
    sandbox.control("edit", shop=SHOP, order=order["id"], line=order["lines"][0]["id"], quantity=2)
    sandbox.control("refund", shop=SHOP, order=order["id"], lines={str(order["lines"][0]["id"]): 1}, shipping=200)
    sandbox.control("cancel", shop=SHOP, order=order["id"])
    sandbox.control("customer", shop=SHOP, set={"first_name": "New", "email": "new@shoppers.example"})
    product = sandbox.look("catalogue", shop=SHOP)["products"][0]["id"]
    sandbox.control("product", shop=SHOP, product=product, set={"title": "Renamed"})
    wait_for(
        lambda: (
            set(listener.topics())
            == {
                "refunds/create",
                "orders/edited",
                "orders/cancelled",
                "customers/create",
                "products/update",
            }
        )
    )
    refund = json.loads(next(b for h, b in listener.heard if h["x-shopify-topic"] == "refunds/create"))
    assert isinstance(refund["refund_line_items"][0]["subtotal"], float)


def test_a_person_can_place_refund_edit_and_cancel_on_the_page(own_sandbox: Any) -> None:
    sandbox = own_sandbox()
    admin = f"{sandbox.url}/{SHOP}/admin"
    variant = sandbox.look("catalogue", shop=SHOP)["products"][0]["variants"][0]["id"]
    form = {"variant-1": variant, "quantity-1": "3", "discount": "10%", "shipping": "5.90", "tender": "sale"}
    page = requests.post(f"{admin}/orders", data=form, timeout=10)
    assert page.status_code == 200
    assert "#1001" in page.text
    line = next(iter(sandbox.look("totals", shop=SHOP, orders=1)["by_order"]))
    order = line.rsplit("/", 1)[-1]
    assert (
        "Partially refunded"
        in requests.post(f"{admin}/orders/{order}/refund", data={"shipping": "1.00"}, timeout=10).text
    )
    assert (
        "Ring the bell"
        in requests.post(f"{admin}/orders/{order}/edit", data={"note": "Ring the bell"}, timeout=10).text
    )
    assert "Cancelled" in requests.post(f"{admin}/orders/{order}/cancel", timeout=10).text
    assert requests.post(f"{admin}/random", data={"count": "7"}, timeout=10).status_code == 200
    assert "Choose at least one product" in requests.post(f"{admin}/orders", data={}, timeout=10).text
