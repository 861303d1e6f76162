"""Proved deliveries wait here until one commit makes many of them durable.

While PostgreSQL is away a delivery waits `answer_within` for it, and is then refused: Shopify sends it again, eight
times over four hours, so an early refusal loses nothing, while answers that take seconds hold up every delivery behind
them. A restart shorter than that is not noticed at all. While commits go through, however slowly, there is hope: then
a delivery waits until Shopify itself would give up. The refusal costs one of the eight tries, which is why it is not
given at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg
from opentelemetry.trace import SpanKind

from ledgerport_libs import telemetry
from ledgerport_libs.database import Transaction
from shopify_sync.hints import Hint
from shopify_sync.own_connection import OwnConnection
from shopify_sync.settings import Settings

log = telemetry.logger("inbox")
_MOST_IN_ONE_COMMIT = 200
_FIRST_LOOK, _LONGEST_LOOK = 0.05, 0.5
_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, OSError, TimeoutError)
# What a delivery only nudges has no row of its own.
_NO_ROW = frozenset({"store", "bulk"})


class NotKept(Exception):
    """It is not durable, as far as we know: Shopify shall send it again."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A proved delivery: what is kept of it."""

    shop_domain: str
    webhook_id: str
    topic: str
    triggered_at: datetime | None
    hints: tuple[Hint, ...]
    private_body: bytes | None
    traceparent: str


@dataclass(frozen=True, slots=True)
class _Seen:
    shop_domain: str
    webhook_id: str


@dataclass(slots=True, eq=False)
class _Waiting:
    delivery: Delivery
    kept: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Inbox:
    """Many deliveries a commit. What nobody waits for any more is forgotten, so the queue stays within its bound."""

    def __init__(self, database: OwnConnection, settings: Settings, on_new: Callable[[], None]) -> None:
        self._database, self._settings, self._on_new = database, settings, on_new
        self._waiting: dict[int, _Waiting] = {}
        self._count = 0
        self._wake = asyncio.Event()
        self._away: asyncio.Future[None] | None = None

    async def keep(self, delivery: Delivery) -> None:
        """Returns when it is committed. NotKept: it is not, as far as we know; a repetition is safe."""
        if len(self._waiting) >= self._settings.webhook_queue:
            raise NotKept("too many are waiting")
        self._count += 1
        number, waiting = self._count, _Waiting(delivery)
        self._waiting[number] = waiting
        self._wake.set()
        try:
            await self._in_time(waiting.kept)
        finally:
            self._waiting.pop(number, None)
            waiting.kept.cancel()

    async def _in_time(self, kept: asyncio.Future[None]) -> None:
        within = self._settings.webhook_answer_within
        await asyncio.wait((kept,), timeout=within)
        if not kept.done():
            rest = self._settings.webhook_commit_timeout - within
            await asyncio.wait((kept, self._signal()), timeout=rest, return_when=asyncio.FIRST_COMPLETED)
        if not kept.done():
            raise NotKept("the database is away" if self._signal().done() else "the database is slow")
        kept.result()

    def _signal(self) -> asyncio.Future[None]:
        """Done while the database is known to be away."""
        if self._away is None:
            self._away = asyncio.get_running_loop().create_future()
        return self._away

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while batch := self._next():
                    await self._keep(batch)
        finally:
            await self._database.close()

    def _next(self) -> list[_Waiting]:
        """The oldest that somebody waits for, in their order; they stay until they are answered."""
        found = []
        for waiting in self._waiting.values():
            if not waiting.kept.done():
                found.append(waiting)
                if len(found) == _MOST_IN_ONE_COMMIT:
                    break
        return found

    async def _keep(self, batch: Sequence[_Waiting]) -> None:
        """Together; one after the other where the database refuses one of them."""
        try:
            await self._committed(batch)
        except _AWAY as trouble:
            await self._until_back(trouble)
        except Exception as refused:
            if len(batch) > 1:
                for each in batch:
                    await self._keep([each])
                return
            log.exception("delivery_refused_by_the_database", topic=batch[0].delivery.topic)
            _settle(batch, refused)

    async def _committed(self, batch: Sequence[_Waiting]) -> None:
        links = telemetry.links_to(each.delivery.traceparent for each in batch)
        with telemetry.tracer().start_as_current_span("keep webhooks", kind=SpanKind.CONSUMER, links=links):
            async with asyncio.timeout(self._settings.webhook_commit_timeout):
                await self._commit([each.delivery for each in batch])
        if self._signal().done():
            self._away = None
            log.info("database_is_back", waiting=len(self._waiting))
        _settle(batch, None)
        self._on_new()

    async def _until_back(self, trouble: BaseException) -> None:
        """Looks for the server again and again. What a broken commit may have kept is known by its webhook id."""
        if not self._signal().done():
            self._signal().set_result(None)
            log.warning("database_is_away", why=repr(trouble), waiting=len(self._waiting))
        look = _FIRST_LOOK
        while True:
            await asyncio.sleep(look)
            look = min(look * 2, _LONGEST_LOOK)
            try:
                await self._database.connected()
            except _AWAY:
                continue
            return

    async def _commit(self, deliveries: Sequence[Delivery]) -> None:
        async with self._database.transaction() as tx:
            seen = await tx.all(
                "webhooks_add",
                _Seen,
                shops=[each.shop_domain for each in deliveries],
                ids=[each.webhook_id for each in deliveries],
                topics=[each.topic for each in deliveries],
                times=[each.triggered_at for each in deliveries],
            )
            new = {(each.shop_domain, each.webhook_id) for each in seen}
            await tx.run("stores_heard", shops=sorted({each.shop_domain for each in deliveries}))
            fresh = [each for each in deliveries if (each.shop_domain, each.webhook_id) in new]
            await _keep_hints(tx, fresh)
            await _nudge(tx, fresh)
            for each in fresh:
                if each.private_body is not None:
                    await tx.run(
                        "privacy_add",
                        shop_domain=each.shop_domain,
                        webhook_id=each.webhook_id,
                        topic=each.topic,
                        body=each.private_body,
                    )


async def _keep_hints(tx: Transaction, deliveries: Sequence[Delivery]) -> None:
    """In one order for every replica, so that two commits never wait for each other in a circle."""
    now = datetime.now(UTC)
    rows: list[dict[str, object]] = [
        {
            "shop_domain": each.shop_domain,
            "kind": hint.kind,
            "source_id": hint.source_id,
            "gone": hint.gone,
            "hinted_at": each.triggered_at or now,
            "traceparent": each.traceparent,
        }
        for each in deliveries
        for hint in each.hints
        if hint.kind not in _NO_ROW
    ]
    rows.sort(key=lambda row: (str(row["shop_domain"]), str(row["kind"]), str(row["source_id"])))
    await tx.many("hint_told", rows)


async def _nudge(tx: Transaction, deliveries: Sequence[Delivery]) -> None:
    """What changed about a store itself, or an export of it, is looked at now and not at its next turn."""
    hints = [hint for each in deliveries for hint in each.hints]
    if stores := sorted({hint.source_id for hint in hints if hint.kind == "store"}):
        await tx.run("stores_look_again", shops=stores)
    if ended := sorted({hint.source_id for hint in hints if hint.kind == "bulk"}):
        await tx.run("imports_nudge", bulk_ids=ended)


def _settle(batch: Sequence[_Waiting], trouble: Exception | None) -> None:
    for each in batch:
        if each.kept.done():
            continue
        if trouble is None:
            each.kept.set_result(None)
        else:
            each.kept.set_exception(NotKept(repr(trouble)))
