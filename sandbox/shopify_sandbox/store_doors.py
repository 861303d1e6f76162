"""Side doors to what a store is: its settings, what it grants, and who of its customers are one person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from shopify_sandbox.desk import Desk
from shopify_sandbox.order_doors import number_of
from shopify_sandbox.shop import Shop

Handler = Callable[[dict[str, Any]], Awaitable[object]]


class StoreDoors:
    """Each method is one POST; what a store does not have is a KeyError."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def posts(self) -> dict[str, Handler]:
        return {"shop": self.change, "scopes": self.scopes, "customer/merge": self.merge}

    def _shop(self, asked: dict[str, Any]) -> Shop:
        return self._desk.shops[asked["shop"]]

    async def change(self, asked: dict[str, Any]) -> object:
        """{shop, set: {zone?, name?, email?}}: fires shop/update."""
        fields = asked.get("set") or {}
        wrong = set(fields) - {"zone", "name", "email"}
        if wrong:
            raise ValueError(f"these cannot be changed: {', '.join(sorted(wrong))}")
        self._desk.change_shop(self._shop(asked), **fields)
        return {"changed": sorted(fields)}

    async def scopes(self, asked: dict[str, Any]) -> object:
        """{shop, client_id, scopes: "read_orders,…"}: what the merchant grants from now on; fires app/scopes_update."""
        self._desk.change_scopes(self._shop(asked), asked["client_id"], asked["scopes"])
        return {"scopes": asked["scopes"]}

    async def merge(self, asked: dict[str, Any]) -> object:
        """{shop, kept, other}: two customers become one; fires customers/merge."""
        self._desk.merge_customers(self._shop(asked), number_of(asked["kept"]), number_of(asked["other"]))
        return {"merged": True}
