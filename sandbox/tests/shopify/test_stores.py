"""More stores can be opened beside the seeded ones, each with ids, orders and apps of its own."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

SHOP = "northwind-outfitters.myshopify.com"
SECOND = "northwind-2.myshopify.com"


def test_an_opened_store_sells_the_same_goods_under_ids_of_its_own(own_sandbox: Callable[..., Any]) -> None:
    running = own_sandbox()
    running.control("stores", shop=SECOND, like=SHOP)
    goods = {shop: running.look("catalogue", shop=shop)["products"] for shop in (SHOP, SECOND)}
    titles = {shop: [each["title"] for each in products] for shop, products in goods.items()}
    assert titles[SHOP] == titles[SECOND]
    assert not {each["id"] for each in goods[SHOP]} & {each["id"] for each in goods[SECOND]}


def test_an_opened_store_takes_apps_and_orders_and_outlives_a_kill(own_sandbox: Callable[..., Any]) -> None:
    running = own_sandbox()
    running.control("stores", shop=SECOND, like=SHOP)
    [placed] = running.control("orders", shop=SECOND, count=1, seed=3)["ids"]
    running.stop(signal.SIGKILL)
    running.start()
    found = running.install(SECOND).ask("query($id: ID!) { order(id: $id) { name } }", id=placed)
    assert found["order"]["name"] == "#1001"
    assert running.look("totals", shop=SHOP)["orders"] == 0


def test_a_domain_is_given_once_and_a_copy_needs_its_original(own_sandbox: Callable[..., Any]) -> None:
    running = own_sandbox()
    running.control("stores", expect=400, shop=SHOP, like=SHOP)
    running.control("stores", expect=404, shop=SECOND, like="nobody.myshopify.com")
