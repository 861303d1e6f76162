"""One store in memory, written through to the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from shopify_sandbox.journal import Journal
from shopify_sandbox.model import Customer, Product, ShopFacts, Variant
from shopify_sandbox.order_records import Order, Refund

if TYPE_CHECKING:
    from shopify_sandbox.shelf import ShelvedOrder

encode = msgspec.json.encode


class Shop:
    """Customers, products and orders by id, with the counters that name new ones."""

    def __init__(self, facts: ShopFacts, journal: Journal) -> None:
        self.facts = facts
        self.journal = journal
        self.customers: dict[int, Customer] = {}
        self.products: dict[int, Product] = {}
        self.variants: dict[int, tuple[Product, Variant]] = {}
        self.inventory: dict[int, tuple[Product, Variant]] = {}
        self.orders: dict[int, Order] = {}
        self.shelf: dict[int, ShelvedOrder] = {}
        self.refunds: dict[int, tuple[Order, Refund]] = {}
        self.versions: dict[str, int] = {"orders": 0, "customers": 0, "products": 0}
        self.views: dict[tuple[str, int], dict[str, object]] = {}

    @classmethod
    def load(cls, facts: ShopFacts, journal: Journal) -> Shop:
        """The store as it was last written."""
        shop = cls(facts, journal)
        for body in journal.read(facts.domain, "customer"):
            shop._hold_customer(msgspec.json.decode(body, type=Customer))
        for body in journal.read(facts.domain, "product"):
            shop._hold_product(msgspec.json.decode(body, type=Product))
        for body in journal.read(facts.domain, "order"):
            shop._hold_order(msgspec.json.decode(body, type=Order))
        return shop

    @property
    def domain(self) -> str:
        return self.facts.domain

    def new_id(self) -> int:
        """A number no other object of this store has; durable with the next save."""
        self.facts.next_id += 1
        return self.facts.next_id

    def new_number(self) -> int:
        self.facts.next_number += 1
        return self.facts.next_number - 1

    def save_facts(self) -> None:
        self.journal.put("shops", "facts", self.domain, encode(self.facts))

    def save_customer(self, customer: Customer) -> None:
        self._hold_customer(customer)
        self.journal.put(self.domain, "customer", customer.id, encode(customer))

    def save_product(self, product: Product) -> None:
        self._hold_product(product)
        self.journal.put(self.domain, "product", product.id, encode(product))

    def drop_customer(self, customer_id: int) -> None:
        """KeyError for a customer that the store does not have."""
        del self.customers[customer_id]
        self.versions["customers"] += 1
        self.views.pop(("Customer", customer_id), None)
        self.journal.drop(self.domain, "customer", customer_id)

    def drop_product(self, product_id: int) -> None:
        """KeyError for a product that the store does not have."""
        product = self.products.pop(product_id)
        self.versions["products"] += 1
        self.views.pop(("Product", product_id), None)
        for variant in product.variants:
            self.variants.pop(variant.id, None)
            self.inventory.pop(variant.inventory_item_id, None)
            self.views.pop(("ProductVariant", variant.id), None)
        self.journal.drop(self.domain, "product", product_id)

    def save_order(self, order: Order) -> None:
        self._hold_order(order)
        self.journal.put(self.domain, "order", order.id, encode(order))
        self.save_facts()

    def _hold_customer(self, customer: Customer) -> None:
        self.customers[customer.id] = customer
        self.versions["customers"] += 1
        self.views.pop(("Customer", customer.id), None)

    def _hold_product(self, product: Product) -> None:
        self.products[product.id] = product
        self.versions["products"] += 1
        self.views.pop(("Product", product.id), None)
        for variant in product.variants:
            self.variants[variant.id] = (product, variant)
            self.inventory[variant.inventory_item_id] = (product, variant)
            self.views.pop(("ProductVariant", variant.id), None)

    def _hold_order(self, order: Order) -> None:
        self.orders[order.id] = order
        self.versions["orders"] += 1
        self.views.pop(("Order", order.id), None)
        for refund in order.refunds:
            self.refunds[refund.id] = (order, refund)
