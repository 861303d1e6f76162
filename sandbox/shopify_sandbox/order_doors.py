"""The side door to orders: what happens to them in a store, each by one call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from shopify_sandbox import changes, editing, refunding, returning
from shopify_sandbox.cart import Cart, CartLine
from shopify_sandbox.desk import Desk
from shopify_sandbox.order_records import Order
from shopify_sandbox.refunding import Part, Sending
from shopify_sandbox.shop import Shop
from shopify_sandbox.views import gid

Handler = Callable[[dict[str, Any]], Awaitable[object]]
_CHOSEN = ("lines", "shipping", "duties", "fees", "discrepancy", "adjustment", "to", "pending", "money")


class OrderDoors:
    """Each method is one POST under `/_sandbox/`; amounts are smallest units of the order's own currency."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def posts(self) -> dict[str, Handler]:
        return {
            "orders": self.orders,
            "order": self.order,
            "refund": self.refund,
            "pay_back": self.pay_back,
            "return": self.take_back,
            "edit": self.edit,
            "cancel": self.cancel,
            "collect": self.collect,
            "resolve": self.resolve,
            "annotate": self.annotate,
        }

    def _order(self, asked: dict[str, Any]) -> tuple[Shop, Order]:
        shop = self._desk.shops[asked["shop"]]
        return shop, shop.orders[number_of(asked["order"])]

    async def orders(self, asked: dict[str, Any]) -> object:
        """{shop, count, seed?, mix?, refund_rate?, refund_kinds?, days_back?} → ids of orders and refunds."""
        made = self._desk.generate(
            self._desk.shops[asked["shop"]],
            int(asked.get("count", 1)),
            seed=int(asked.get("seed", 1)),
            mix=asked.get("mix", "basic"),
            refund_rate=float(asked.get("refund_rate", 0)),
            refund_kinds=asked.get("refund_kinds"),
            days_back=int(asked.get("days_back", 0)),
        )
        return {
            "ids": [gid("Order", o.id) for o in made],
            "refunds": [gid("Refund", r.id) for o in made for r in o.refunds],
        }

    async def order(self, asked: dict[str, Any]) -> object:
        """{shop, cart: {lines: [{variant_id | title, price, quantity, …}], …}, processed_at?}"""
        cart = msgspec.convert(asked["cart"], Cart)
        moment = asked.get("processed_at")
        shop = self._desk.shops[asked["shop"]]
        return summary(self._desk.place_order(shop, cart, datetime.fromisoformat(moment) if moment else None))

    async def refund(self, asked: dict[str, Any]) -> object:
        """{shop, order, lines?, shipping?, duties?, fees?, discrepancy?, adjustment?, to?, pending?, money?, note?}

        `lines` is {line id: quantity}, `to` [{gateway, amount}]; without any of them everything that is left.
        """
        shop, order = self._order(asked)
        note = asked.get("note")
        if not any(name in asked for name in _CHOSEN):
            made = self._desk.change(shop, order, lambda o, now: refunding.refund_all(shop, o, now, note=note))
        else:
            made = self._desk.change(
                shop,
                order,
                lambda o, now: refunding.refund(
                    shop,
                    o,
                    now,
                    quantities=quantities_of(asked.get("lines")),
                    shipping=int(asked.get("shipping", 0)),
                    duties=bool(asked.get("duties")),
                    fees=bool(asked.get("fees")),
                    discrepancy=int(asked.get("discrepancy", 0)),
                    adjustment=int(asked.get("adjustment", 0)),
                    money=bool(asked.get("money", True)),
                    sending=_sending(asked),
                    note=note,
                ),
            )
        return {"refund": gid("Refund", made.id), **summary(order)}

    async def pay_back(self, asked: dict[str, Any]) -> object:
        """{shop, order, amount?, to?, pending?, return?}: money that the store owes after an edit or a return."""
        shop, order = self._order(asked)
        returned = number_of(asked["return"]) if asked.get("return") else None
        made = self._desk.change(
            shop,
            order,
            lambda o, now: refunding.pay_back(
                shop, o, now, asked.get("amount"), sending=_sending(asked), return_id=returned
            ),
        )
        return {"refund": gid("Refund", made.id), **summary(order)}

    async def take_back(self, asked: dict[str, Any]) -> object:
        """{shop, order, lines, exchange?: [line], restocking_fee?, shipping_fee?, refund?, charge?: gateway}"""
        shop, order = self._order(asked)
        made = self._desk.change(
            shop,
            order,
            lambda o, now: returning.take_back(
                shop,
                o,
                now,
                quantities=quantities_of(asked["lines"]),
                exchange=msgspec.convert(asked.get("exchange") or [], list[CartLine]),
                restocking_fee=int(asked.get("restocking_fee", 0)),
                shipping_fee=int(asked.get("shipping_fee", 0)),
                refund=bool(asked.get("refund", True)),
                charge=asked.get("charge"),
            ),
        )
        return {"return": gid("Return", made.id), **summary(order)}

    async def edit(self, asked: dict[str, Any]) -> object:
        """{shop, order, line, quantity}, or {…, lines?: {line id: new quantity}, add?: line(s), remove_shipping?}"""
        shop, order = self._order(asked)
        wanted = quantities_of(asked.get("lines"))
        if "line" in asked:
            wanted[number_of(asked["line"])] = int(asked["quantity"])
        added = asked.get("add") or []
        lines = msgspec.convert([added] if isinstance(added, dict) else added, list[CartLine])
        self._desk.change(
            shop,
            order,
            lambda o, now: editing.edit(
                shop, o, now, quantities=wanted, add=lines, remove_shipping=bool(asked.get("remove_shipping"))
            ),
        )
        return summary(order)

    async def cancel(self, asked: dict[str, Any]) -> object:
        """{shop, order, reason?}"""
        shop, order = self._order(asked)
        reason = asked.get("reason", "CUSTOMER")
        self._desk.change(shop, order, lambda o, now: changes.cancel(shop, o, now, reason))
        return summary(order)

    async def collect(self, asked: dict[str, Any]) -> object:
        """{shop, order, amount?, gateway?}: capture what is authorised, or take what is outstanding."""
        shop, order = self._order(asked)
        amount, gateway = asked.get("amount"), asked.get("gateway")
        self._desk.change(shop, order, lambda o, now: changes.collect(shop, o, now, amount, gateway))
        return summary(order)

    async def resolve(self, asked: dict[str, Any]) -> object:
        """{shop, order, status: SUCCESS | FAILURE | ERROR, transaction?}: how a pending refund or payment ends."""
        shop, order = self._order(asked)
        chosen = number_of(asked["transaction"]) if asked.get("transaction") else None
        self._desk.change(shop, order, lambda o, _now: changes.resolve(o, asked["status"], chosen))
        return summary(order)

    async def annotate(self, asked: dict[str, Any]) -> object:
        """{shop, order, note?, tags?, fulfilled?}"""
        shop, order = self._order(asked)
        self._desk.annotate(
            shop, order, note=asked.get("note"), tags=asked.get("tags"), fulfilled=asked.get("fulfilled")
        )
        return summary(order)


def _sending(asked: dict[str, Any]) -> Sending:
    parts = msgspec.convert(asked["to"], list[Part]) if asked.get("to") else None
    return Sending(to=parts, pending=bool(asked.get("pending")))


def quantities_of(lines: Mapping[str, Any] | None) -> dict[int, int]:
    return {number_of(key): int(quantity) for key, quantity in (lines or {}).items()}


def number_of(identity: str | int) -> int:
    """A gid or a bare number → the number."""
    return int(str(identity).rsplit("/", 1)[-1])


def summary(order: Order) -> dict[str, object]:
    """What a test needs to go on with an order."""
    return {
        "id": gid("Order", order.id),
        "name": order.name,
        "lines": [{"id": x.id, "title": x.title, "quantity": x.current_quantity} for x in order.lines],
        "transactions": [
            {"id": t.id, "kind": t.kind, "status": t.status, "gateway": t.gateway, "amount": t.amount}
            for t in order.transactions
        ],
        "refunds": [gid("Refund", refund.id) for refund in order.refunds],
        "returns": [gid("Return", each.id) for each in order.returns],
    }
