"""The side door for tests and demonstrations: make things happen, go wrong, and count them."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shopify_sandbox.bulk import Faults as BulkFaults
from shopify_sandbox.delivery import Delivery, Faults
from shopify_sandbox.desk import Desk
from shopify_sandbox.graphql_api import Fault, GraphqlApi, as_json
from shopify_sandbox.model import Address, Customer, Product, Variant
from shopify_sandbox.order_doors import OrderDoors, number_of
from shopify_sandbox.report import shop_report
from shopify_sandbox.shop import Shop
from shopify_sandbox.store_doors import StoreDoors
from shopify_sandbox.views import gid

FORGED = {"id": 1, "admin_graphql_api_id": gid("Order", 1)}
Handler = Callable[[dict[str, Any]], Awaitable[object]]


class Control:
    """Each method is one POST under `/_sandbox/`, JSON in and out; a refusal is a 400 or 404 with its reason."""

    def __init__(self, desk: Desk, api: GraphqlApi) -> None:
        self._desk, self._api = desk, api

    def routes(self) -> list[Route]:
        posts: dict[str, Handler] = {
            **OrderDoors(self._desk).posts(),
            "stores": self.open_store,
            **StoreDoors(self._desk).posts(),
            "customer": self.customer,
            "product": self.product,
            "product/delete": self.delete_product,
            "tokens": self.tokens,
            "uninstall": self.uninstall,
            "clock": self.clock,
            "webhooks/faults": self.webhook_faults,
            "webhooks/forge": self.forge,
            "webhooks/replay": self.replay,
            "graphql/faults": self.graphql_faults,
            "graphql/version": self.graphql_version,
            "bulk/faults": self.bulk_faults,
            "shelf": self.shelf,
        }
        gets: dict[str, Handler] = {
            "health": self.health,
            "totals": self.totals,
            "webhooks": self.webhooks,
            "catalogue": self.catalogue,
            "subscriptions": self.subscriptions,
        }
        return [
            *(Route(f"/_sandbox/{name}", self._door(act), methods=["POST"]) for name, act in posts.items()),
            *(Route(f"/_sandbox/{name}", self._door(act), methods=["GET"]) for name, act in gets.items()),
        ]

    def _door(self, act: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            asked: dict[str, Any] = dict(request.query_params)
            try:
                body = await request.body()
                if body:
                    asked.update(msgspec.json.decode(body))
                return as_json(await act(asked))
            except KeyError as missing:
                return as_json({"error": f"missing or unknown: {missing.args[0]}"}, 404)
            except (ValueError, TypeError, msgspec.MsgspecError, aiohttp.ClientError) as wrong:
                return as_json({"error": str(wrong)}, 400)

        return endpoint

    def _shop(self, asked: dict[str, Any]) -> Shop:
        return self._desk.shops[asked["shop"]]

    async def health(self, _asked: dict[str, Any]) -> object:
        return {
            "status": "ok",
            "shops": list(self._desk.shops),
            "graphql_calls": self._api.calls,
            "throttled": self._api.throttled,
        }

    async def open_store(self, asked: dict[str, Any]) -> object:
        """{shop, like}: one more store with the settings, goods and people of another, and no orders."""
        self._desk.open_store(asked["shop"], asked["like"])
        return {"shops": list(self._desk.shops)}

    async def customer(self, asked: dict[str, Any]) -> object:
        """{shop, customer?, set: {first_name, email, address: {…}, …}}; without `customer` a new one."""
        shop, now = self._shop(asked), self._desk.clock.now()
        new = "customer" not in asked
        held = None if new else shop.customers[number_of(asked["customer"])]
        base = held or Customer(id=shop.new_id(), created_at=now, updated_at=now)
        fields = dict(asked.get("set") or {})
        if fields.get("address") is not None:
            fields["address"] = msgspec.convert(fields["address"], Address)
        changed = msgspec.structs.replace(base, **fields)
        self._desk.save_customer(shop, changed, new=new)
        return {"id": gid("Customer", changed.id)}

    async def product(self, asked: dict[str, Any]) -> object:
        """{shop, product?, set: {title, …}, variants?: {variant id: {price, sku, …}} or a list for a new product}."""
        shop, now = self._shop(asked), self._desk.clock.now()
        if "product" in asked:
            product = msgspec.structs.replace(shop.products[number_of(asked["product"])], **(asked.get("set") or {}))
            for key, fields in (asked.get("variants") or {}).items():
                index = next(i for i, v in enumerate(product.variants) if v.id == number_of(key))
                product.variants[index] = msgspec.structs.replace(product.variants[index], **fields)
            self._desk.save_product(shop, product, new=False)
        else:
            product = Product(
                **{
                    "id": shop.new_id(),
                    "title": "New product",
                    "vendor": shop.facts.name,
                    "product_type": "",
                    "variants": [],
                    "created_at": now,
                    "updated_at": now,
                    **(asked.get("set") or {}),
                }
            )
            for position, fields in enumerate(asked.get("variants") or [{}], start=1):
                product.variants.append(
                    Variant(
                        **{
                            "id": shop.new_id(),
                            "inventory_item_id": shop.new_id(),
                            "title": "Default Title",
                            "sku": None,
                            "price": 1000,
                            "position": position,
                            "created_at": now,
                            "updated_at": now,
                            **fields,
                        }
                    )
                )
            self._desk.save_product(shop, product, new=True)
        return {"id": gid("Product", product.id), "variants": [v.id for v in product.variants]}

    async def delete_product(self, asked: dict[str, Any]) -> object:
        """{shop, product}: gone from the catalogue, while orders keep what they sold."""
        self._desk.delete_product(self._shop(asked), number_of(asked["product"]))
        return {"deleted": True}

    async def tokens(self, asked: dict[str, Any]) -> object:
        """{shop, client_id, kill: "access" | "refresh" | "all"} → how many ended."""
        kill = asked.get("kill", "access")
        ended = self._desk.apps.end_tokens(
            asked["client_id"],
            self._shop(asked).domain,
            access=kill in ("access", "all"),
            refresh=kill in ("refresh", "all"),
        )
        return {"ended": ended}

    async def uninstall(self, asked: dict[str, Any]) -> object:
        """{shop, client_id}"""
        self._desk.uninstall(self._shop(asked), asked["client_id"])
        return {"uninstalled": True}

    async def clock(self, asked: dict[str, Any]) -> object:
        """{advance_seconds} → the time in the stores."""
        self._desk.clock.advance(float(asked.get("advance_seconds", 0)))
        return {"now": self._desk.clock.now()}

    async def webhook_faults(self, asked: dict[str, Any]) -> object:
        """{duplicate_rate?, drop_rate?, delay_seconds?, reorder?}; what is left out is switched off."""
        self._desk.post.faults = msgspec.convert(asked, Faults, strict=False)
        return self._desk.post.faults

    async def forge(self, asked: dict[str, Any]) -> object:
        """{shop, topic?, uri, client_id, secret?, body?} → one delivery signed with a wrong (or that) secret."""
        delivery = Delivery(
            webhook_id=str(uuid.uuid4()),
            subscription_id=0,
            uri=asked["uri"],
            client_id=asked.get("client_id", ""),
            shop=asked.get("shop", "unknown-store.myshopify.com"),
            topic=asked.get("topic", "orders/create"),
            event_id=str(uuid.uuid4()),
            triggered_at=self._desk.clock.precise().isoformat().replace("+00:00", "Z"),
            name=None,
            body=msgspec.json.encode(asked.get("body") or FORGED),
        )
        secret = asked.get("secret", "a wrong secret")
        if asked.get("signed"):
            secret = self._desk.apps.clients[asked["client_id"]].client_secret
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
            await self._desk.post.send(http, delivery, secret)
        return {"webhook_id": delivery.webhook_id, "answer": delivery.last_answer}

    async def replay(self, asked: dict[str, Any]) -> object:
        """{webhook_id}"""
        if not self._desk.post.replay(asked["webhook_id"]):
            raise KeyError(asked["webhook_id"])
        return {"queued": True}

    async def graphql_faults(self, asked: dict[str, Any]) -> object:
        """{faults: [{kind, count?, status?, seconds?, retry_after?, shop?}]} replaces the queue of faults."""
        self._api.faults.clear()
        self._api.faults.extend(msgspec.convert(asked.get("faults") or [], list[Fault]))
        return list(self._api.faults)

    async def graphql_version(self, asked: dict[str, Any]) -> object:
        """{served?, deprecated?}: what the answers' headers say from now on; empty: the truth."""
        self._api.served, self._api.deprecated = asked.get("served", ""), asked.get("deprecated", "")
        return {"served": self._api.served, "deprecated": self._api.deprecated}

    async def bulk_faults(self, asked: dict[str, Any]) -> object:
        """{refuse?, fail_after?, error_code?, lose_after?, seconds?, expired?} from now on; nothing: all goes well."""
        self._api.bulk.faults = msgspec.convert(
            {key: value for key, value in asked.items() if key != "shop"}, BulkFaults
        )
        return self._api.bulk.faults

    async def shelf(self, asked: dict[str, Any]) -> object:
        """{shop, count, seed?, days?}: so many small old orders, none of which is announced to anybody."""
        held = self._desk.shelve(
            self._shop(asked), int(asked["count"]), int(asked.get("seed", 1)), int(asked.get("days", 30))
        )
        return {"first": held.first, "count": held.count}

    async def totals(self, asked: dict[str, Any]) -> object:
        """?shop= → sums by component in cents, and the same for each order with `orders=1`."""
        return shop_report(self._shop(asked), each=asked.get("orders") in ("1", 1, True))

    async def webhooks(self, asked: dict[str, Any]) -> object:
        """?topic=&state=&limit= → counters and the newest deliveries."""
        chosen = [
            {
                "webhook_id": d.webhook_id,
                "event_id": d.event_id,
                "shop": d.shop,
                "topic": d.topic,
                "uri": d.uri,
                "state": d.state,
                "tries": d.tries,
                "last_answer": d.last_answer,
                "triggered_at": d.triggered_at,
            }
            for d in reversed(self._desk.post.log.values())
            if asked.get("topic") in (None, d.topic) and asked.get("state") in (None, d.state)
        ]
        return {
            "waiting": self._desk.post.waiting,
            "counters": dict(self._desk.post.counters),
            "deliveries": chosen[: int(asked.get("limit", 100))],
        }

    async def subscriptions(self, asked: dict[str, Any]) -> object:
        """?shop=&client_id="""
        held = self._desk.subscriptions.of_app(asked["client_id"], self._shop(asked).domain)
        return {"subscriptions": held}

    async def catalogue(self, asked: dict[str, Any]) -> object:
        """?shop= → products and customers as the store keeps them."""
        shop = self._shop(asked)
        return {"products": list(shop.products.values()), "customers": list(shop.customers.values())}
