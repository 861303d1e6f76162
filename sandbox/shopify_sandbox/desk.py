"""Everything that can happen in a store, each with its records saved and its webhooks announced at once."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import msgspec

from shopify_sandbox.apps import AppRegistry
from shopify_sandbox.cart import Cart
from shopify_sandbox.catalogue import SHOPS, fresh_shop
from shopify_sandbox.clock import Clock
from shopify_sandbox.delivery import Dispatcher
from shopify_sandbox.generator import REFUND_KINDS, draw_cart, draw_refund, mix_named
from shopify_sandbox.journal import Journal
from shopify_sandbox.model import Customer, Product, ShopFacts
from shopify_sandbox.order_records import Agreement, Order
from shopify_sandbox.ordering import place
from shopify_sandbox.rest import RestWriter
from shopify_sandbox.sale_changes import Refused
from shopify_sandbox.shelf import Shelf, put
from shopify_sandbox.shop import Shop
from shopify_sandbox.subscriptions import Subscriptions
from shopify_sandbox.totals import financial_status, totals_of

encode = msgspec.json.encode
T = TypeVar("T")


class Desk:
    """The stores and what is done in them."""

    def __init__(
        self, clock: Clock, journal: Journal, apps: AppRegistry, subscriptions: Subscriptions, post: Dispatcher
    ) -> None:
        self.clock, self.journal, self.apps = clock, journal, apps
        self.subscriptions, self.post = subscriptions, post
        self.shops: dict[str, Shop] = {}
        for body in journal.read("shops", "facts"):
            facts = msgspec.json.decode(body, type=ShopFacts)
            self.shops[facts.domain] = Shop.load(facts, journal)
            for held in journal.read(facts.domain, "shelf"):
                put(self.shops[facts.domain], msgspec.json.decode(held, type=Shelf))
        for facts in SHOPS:
            if facts.domain not in self.shops:
                self.shops[facts.domain] = fresh_shop(msgspec.structs.replace(facts), journal)
        self.writers = {domain: RestWriter(shop.facts) for domain, shop in self.shops.items()}
        journal.commit()

    def open_store(self, domain: str, like: str) -> Shop:
        """One more store with the settings, goods and people of `like`. KeyError: unknown; ValueError: taken."""
        if domain in self.shops:
            raise ValueError(f"there is a store {domain} already")
        former = self.shops[like].facts
        facts = msgspec.structs.replace(former, domain=domain, id=former.id + len(self.shops), next_number=1001)
        # Everywhere in Shopify ids are different: each store gets a range of its own.
        facts.next_id = 8_000_000_000_000 + 100_000_000_000 * len(self.shops)
        shop = self.shops[domain] = fresh_shop(facts, self.journal)
        self.writers[domain] = RestWriter(facts)
        self.journal.commit()
        return shop

    def place_order(self, shop: Shop, cart: Cart, processed_at: datetime | None = None) -> Order:
        """Place an order; fires create, transactions, paid, updated, and the stock noise of its products."""
        now = self.clock.now()
        order = place(shop, cart, now, processed_at)
        shop.save_order(order)
        event = str(uuid.uuid4())
        self._order_event(shop, order, "orders/create", event)
        self._money_events(shop, order, {t.id for t in order.transactions}, event)
        if financial_status(order, totals_of(order)) == "PAID":
            self._order_event(shop, order, "orders/paid", event)
        self._order_event(shop, order, "orders/updated", event)
        self._take_stock(shop, order, now, event)
        self.journal.commit()
        return order

    def generate(
        self,
        shop: Shop,
        count: int,
        *,
        seed: int,
        mix: str | Mapping[str, int] = "basic",
        refund_rate: float = 0.0,
        refund_kinds: Mapping[str, int] | None = None,
        days_back: int = 0,
    ) -> list[Order]:
        """Place many drawn orders, some of them refunded; ValueError for unknown kinds."""
        chance = random.Random(seed)  # noqa: S311
        weights = mix_named(mix)
        orders: list[Order] = []
        for _ in range(count):
            story, cart = draw_cart(shop, chance, weights)
            processed = None
            if days_back:
                processed = self.clock.now() - timedelta(seconds=chance.randrange(days_back * 86_400))
            order = self.place_order(shop, cart, processed)
            orders.append(order)
            for act in story.sequel:
                self._told(shop, order, partial(act, shop, chance))
            if chance.random() < refund_rate and totals_of(order).net_payment:
                self._told(shop, order, partial(draw_refund, shop, chance, kinds=refund_kinds or REFUND_KINDS))
        return orders

    def _told(self, shop: Shop, order: Order, act: Callable[[Order, datetime], object]) -> None:
        """A drawn act; one that this order does not allow is passed over."""
        with suppress(Refused):
            self.change(shop, order, act)

    def change(self, shop: Shop, order: Order, act: Callable[[Order, datetime], T]) -> T:
        """Act on the order, and say all that changed; nothing is kept of an act that is refused."""
        now = self.clock.now()
        before = {t.id: t.status for t in order.transactions}
        refunds, edits, cancelled = len(order.refunds), len(_edits(order)), order.cancelled_at is not None
        returns = len(order.returns)
        due = totals_of(order).outstanding > 0
        draft = msgspec.json.decode(encode(order), type=Order)
        made = act(draft, now)
        for name in Order.__struct_fields__:
            setattr(order, name, getattr(draft, name))
        order.updated_at = max(now, order.updated_at)
        shop.save_order(order)
        event = str(uuid.uuid4())
        for record in order.refunds[refunds:]:
            body = encode(self.writers[shop.domain].refund(order, record))
            self.post.announce(shop.domain, "refunds/create", body, event)
        self._money_events(shop, order, {t.id for t in order.transactions if before.get(t.id) != t.status}, event)
        if order.cancelled_at is not None and not cancelled:
            self._order_event(shop, order, "orders/cancelled", event)
        elif due and totals_of(order).outstanding <= 0:
            self._order_event(shop, order, "orders/paid", event)
        self._order_event(shop, order, "orders/updated", event)
        for back in order.returns[returns:]:
            for topic, told in self.writers[shop.domain].returned(order, back).items():
                self.post.announce(shop.domain, topic, encode(told), event)
        for agreement in _edits(order)[edits:]:
            body = encode(self.writers[shop.domain].edit(order, agreement))
            self.post.announce(shop.domain, "orders/edited", body, event)
        self.journal.commit()
        return made

    def annotate(
        self,
        shop: Shop,
        order: Order,
        *,
        note: str | None = None,
        tags: list[str] | None = None,
        fulfilled: bool | None = None,
    ) -> None:
        """Change what has no amounts: note, tags, fulfilment."""

        def apply(held: Order, _now: datetime) -> None:
            held.note = held.note if note is None else note
            held.tags = held.tags if tags is None else tags
            held.fulfilled = held.fulfilled if fulfilled is None else fulfilled

        self.change(shop, order, apply)

    def save_customer(self, shop: Shop, customer: Customer, *, new: bool) -> None:
        customer.updated_at = self.clock.now()
        shop.save_customer(customer)
        shop.save_facts()
        body = encode(self.writers[shop.domain].customer(customer))
        self.post.announce(shop.domain, "customers/create" if new else "customers/update", body, str(uuid.uuid4()))
        self.journal.commit()

    def shelve(self, shop: Shop, count: int, seed: int, days: int) -> Shelf:
        """Old orders by the thousand, spread over the days before now; they tell nobody, and cannot be changed."""
        first = shop.facts.next_number
        shop.facts.next_number += count
        held = Shelf(first=first, count=count, seed=seed, days=days, until=self.clock.now())
        put(shop, held)
        shop.save_facts()
        self.journal.put(shop.domain, "shelf", first, encode(held))
        self.journal.commit()
        return held

    def merge_customers(self, shop: Shop, kept: int, other: int) -> None:
        """The other's orders become those of the one that is kept; KeyError for somebody the store does not know."""
        customer = shop.customers[kept]
        shop.drop_customer(other)
        for order in [each for each in shop.orders.values() if each.customer_id == other]:
            order.customer_id = kept
            shop.save_order(order)
        customer.updated_at = self.clock.now()
        shop.save_customer(customer)
        body = encode(self.writers[shop.domain].merged(kept, other))
        self.post.announce(shop.domain, "customers/merge", body, str(uuid.uuid4()))
        self.journal.commit()

    def change_shop(self, shop: Shop, **fields: object) -> None:
        """The store's own settings: its name, zone, e-mail."""
        for name, value in fields.items():
            setattr(shop.facts, name, value)
        shop.save_facts()
        self.writers[shop.domain] = RestWriter(shop.facts)
        body = encode(self.writers[shop.domain].shop())
        self.post.announce(shop.domain, "shop/update", body, str(uuid.uuid4()))
        self.journal.commit()

    def change_scopes(self, shop: Shop, client_id: str, scopes: str) -> None:
        """What the app may do in the store from now on, also with the tokens that it has."""
        before = self.apps.change_scopes(client_id, shop.domain, scopes)
        body = encode({"id": 1, "previous": before.split(","), "current": scopes.split(",")})
        self.post.announce(shop.domain, "app/scopes_update", body, str(uuid.uuid4()))
        self.journal.commit()

    def save_product(self, shop: Shop, product: Product, *, new: bool) -> None:
        product.updated_at = self.clock.now()
        for variant in product.variants:
            variant.updated_at = product.updated_at
        shop.save_product(product)
        shop.save_facts()
        self._product_event(shop, product, "products/create" if new else "products/update", str(uuid.uuid4()))
        self.journal.commit()

    def delete_product(self, shop: Shop, product_id: int) -> None:
        """Orders that sold it keep their lines, without the product."""
        shop.drop_product(product_id)
        self.post.announce(shop.domain, "products/delete", encode({"id": product_id}), str(uuid.uuid4()))
        self.journal.commit()

    def uninstall(self, shop: Shop, client_id: str) -> None:
        """Tokens die and subscriptions go before app/uninstalled is sent."""
        subscriptions = self.subscriptions.of_app(client_id, shop.domain)
        body, event = encode(self.writers[shop.domain].shop()), str(uuid.uuid4())
        for subscription in subscriptions:
            if subscription.topic == "app/uninstalled":
                self.post.queue(subscription, body, event)
        self.subscriptions.remove_all(s.id for s in subscriptions)
        self.apps.uninstall(client_id, shop.domain)

    def _order_event(self, shop: Shop, order: Order, topic: str, event: str) -> None:
        if self.subscriptions.hearing(shop.domain, topic):
            customer = shop.customers.get(order.customer_id or 0)
            self.post.announce(shop.domain, topic, encode(self.writers[shop.domain].order(order, customer)), event)

    def _money_events(self, shop: Shop, order: Order, transaction_ids: set[int], event: str) -> None:
        for transaction in order.transactions:
            if transaction.id in transaction_ids and transaction.status in ("SUCCESS", "FAILURE", "ERROR"):
                body = encode(self.writers[shop.domain].transaction(order, transaction))
                self.post.announce(shop.domain, "order_transactions/create", body, event)
                if transaction.status == "SUCCESS" and transaction.kind in ("SALE", "CAPTURE", "REFUND"):
                    body = encode(self.writers[shop.domain].tender(order, transaction))
                    self.post.announce(shop.domain, "tender_transactions/create", body, event)

    def _take_stock(self, shop: Shop, order: Order, now: datetime, event: str) -> None:
        for product_id in sorted({line.product_id for line in order.lines if line.product_id}):
            product = shop.products[product_id]
            for line in (x for x in order.lines if x.product_id == product_id and x.variant_id):
                variant = shop.variants[line.variant_id or 0][1]
                variant.quantity -= line.quantity
                variant.updated_at = now
            product.updated_at = now
            shop.save_product(product)
            self._product_event(shop, product, "products/update", event)

    def _product_event(self, shop: Shop, product: Product, topic: str, event: str) -> None:
        if self.subscriptions.hearing(shop.domain, topic):
            self.post.announce(shop.domain, topic, encode(self.writers[shop.domain].product(product)), event)


def _edits(order: Order) -> list[Agreement]:
    return [agreement for agreement in order.agreements if agreement.reason == "ORDER_EDIT"]
