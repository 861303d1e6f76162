"""Shopify's privacy requests: what is asked for is listed, the needless is forgotten, what the books need stays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ledgerport.events.v2 import entity_pb2
from ledgerport_libs import telemetry
from ledgerport_libs.bus import OutgoingEvent
from ledgerport_libs.database import Database, Transaction
from ledgerport_libs.personal_data import forget
from shopify_sync.stores import Store

log = telemetry.logger("privacy")

DATA, REDACT, SHOP = "customers/data_request", "customers/redact", "shop/redact"
_MOST_LISTED, _IN_ONE_EVENT = 1000, 500
_BOOKS = "Amounts, numbers and dates stay, and so does what is in QuickBooks: the law asks the books to keep them."
_NOTHING = "We hold nothing of this store."


@dataclass(frozen=True, slots=True)
class _Waiting:
    id: int
    shop_domain: str
    webhook_id: str
    topic: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Held:
    source_id: str


@dataclass(frozen=True, slots=True)
class _Said:
    id: int
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a request is about. Ids only: nothing else of the body is used."""

    customer_id: str
    orders: tuple[str, ...]

    @classmethod
    def of(cls, body: bytes) -> Asked:
        """What can be read; nothing of a body that cannot."""
        try:
            parsed = json.loads(body)
        except ValueError:
            parsed = None
        found = parsed if isinstance(parsed, dict) else {}
        customer = found.get("customer")
        number = _number(customer.get("id")) if isinstance(customer, dict) else ""
        orders = [_number(each) for name in ("orders_requested", "orders_to_redact") for each in _list(found.get(name))]
        return cls(
            f"gid://shopify/Customer/{number}" if number else "",
            tuple(f"gid://shopify/Order/{each}" for each in orders if each),
        )


class Privacy:
    """Answers one request after the other, each in one transaction; `tell` is called after those that say something."""

    def __init__(self, db: Database, tell: Callable[[], None]) -> None:
        self._db, self._tell = db, tell

    async def work_off(self) -> None:
        """Until nothing waits."""
        while await self._one():
            self._tell()

    async def _one(self) -> bool:
        async with self._db.transaction() as tx:
            waiting = await tx.one("privacy_take", _Waiting)
            if waiting is None:
                return False
            asked = Asked.of(waiting.body)
            store = await tx.one("store_of_shop", Store, shop_domain=waiting.shop_domain)
            held, sentence = ([], _NOTHING) if store is None else await self._answer(tx, store, waiting, asked)
            await tx.run(
                "privacy_done",
                id=waiting.id,
                business_id=store.business_id if store else "",
                customer_id=asked.customer_id,
                held=json.dumps([{"kind": kind_of(each), "id": each} for each in held[:_MOST_LISTED]]),
                sentence=sentence,
            )
        log.info("privacy_request_answered", topic=waiting.topic, shop=waiting.shop_domain, objects=len(held))
        return True

    async def _answer(self, tx: Transaction, store: Store, waiting: _Waiting, asked: Asked) -> tuple[list[str], str]:
        if waiting.topic == SHOP:
            return await self._shop(tx, store, waiting)
        where: dict[str, Any] = {"customer_id": asked.customer_id, "orders": list(asked.orders)}
        rows = await tx.all("held_of_customer", _Held, shop_domain=store.shop_domain, **where)
        held = [row.source_id for row in rows]
        if waiting.topic == DATA:
            if not held:
                return held, "We hold nothing of this customer."
            return held, "What we hold of this customer is on the records listed here. Please hand it over in 30 days."
        ids = sorted({*held, *asked.orders, *([asked.customer_id] if asked.customer_id else [])})
        await self._forget(tx, store, waiting, asked.customer_id, ids)
        return held, f"Names, addresses, e-mail and phone were erased. {_BOOKS}"

    async def _shop(self, tx: Transaction, store: Store, waiting: _Waiting) -> tuple[list[str], str]:
        if store.connected:
            return [], "The store is connected again, so its data stays."
        held = [row.source_id for row in await tx.all("held_of_shop", _Held, shop_domain=store.shop_domain)]
        await self._forget(tx, store, waiting, "", held)
        for statement in ("hints", "emitted", "webhooks", "imports"):
            await tx.run(f"shop_forget_{statement}", shop_domain=store.shop_domain)
        await tx.run("shop_forget", shop_domain=store.shop_domain)
        return [], f"All that was kept of the store and its customers was erased. {_BOOKS}"

    async def _forget(
        self, tx: Transaction, store: Store, waiting: _Waiting, customer_id: str, ids: Sequence[str]
    ) -> None:
        """Here, in what still waits to be said or replayed, and, by an event, wherever it was said before."""
        for first in range(0, len(ids), _IN_ONE_EVENT):
            part = list(ids[first : first + _IN_ONE_EVENT])
            await tx.run("emitted_forget", shop_domain=store.shop_domain, source_ids=part)
            await tx.run("hints_forget", shop_domain=store.shop_domain, source_ids=part)
            await _event(store, waiting, customer_id, part, first).put(tx)
        await _rewrite_outbox(tx, store.business_id, set(ids))


async def _rewrite_outbox(tx: Transaction, business_id: str, ids: set[str]) -> None:
    after = 0
    prefix = f"entities.v2.{business_id}.%"
    while rows := await tx.all("outbox_of_business", _Said, prefix=prefix, after=after):
        after = rows[-1].id
        for row in rows:
            event = entity_pb2.EntityEvent.FromString(row.payload)
            if event.source_id in ids and event.WhichOneof("entity") in ("customer", "order"):
                forget(event)
                await tx.run("outbox_rewrite", id=row.id, payload=event.SerializeToString())


def _event(store: Store, waiting: _Waiting, customer_id: str, ids: Sequence[str], first: int) -> OutgoingEvent:
    """The same request makes the same events."""
    seed = f"redacted|{store.shop_domain}|{waiting.webhook_id}|{first}"
    event = entity_pb2.EntityEvent(
        event_id=hashlib.sha256(seed.encode()).hexdigest(),
        business_id=store.business_id,
        source_id=customer_id or store.shop_domain,
        redacted=entity_pb2.Redacted(source_ids=ids),
    )
    return OutgoingEvent(event.event_id, f"entities.v2.{store.business_id}.redacted", event.SerializeToString())


def kind_of(source_id: str) -> str:
    """customer or order."""
    return source_id.removeprefix("gid://shopify/").partition("/")[0].lower()


def _list(found: object) -> list[object]:
    return found[:10_000] if isinstance(found, list) else []


def _number(found: object) -> str:
    return str(found) if isinstance(found, int) and not isinstance(found, bool) and found > 0 else ""
