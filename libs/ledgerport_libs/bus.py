"""JetStream carries events from outbox to handler; the only copy of anything stays in PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import nats
import psycopg
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NotFoundError
from opentelemetry.trace import SpanKind

from ledgerport_libs import metrics, telemetry
from ledgerport_libs.database import Database, Transaction
from ledgerport_libs.resting import rest

log = telemetry.logger("bus")

_SECOND = 1.0
MESSAGE_ID = "Nats-Msg-Id"


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream and the first word of every subject in it: what follows is the version of the contract."""

    name: str
    prefix: str

    @property
    def subjects(self) -> list[str]:
        return [f"{self.prefix}.>"]


ENTITIES = Stream("ENTITIES", "entities")
CREDENTIALS = Stream("CREDENTIALS", "auth")
CONNECTIONS = Stream("CONNECTIONS", "connections")
RECORDS = Stream("RECORDS", "records")

# Seven days is longer than any outage we plan for; what is older comes back from the outbox.
_MAX_AGE = 7 * 24 * 3600
# What a killed process had been handed goes to another after this many seconds; handlers take repetitions.
_ACK_WAIT = 10
# Far more looks, a second apart, than a healthy client needs to come back.
_STUCK_AFTER = 15
_MAX_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """An event as it is put into the outbox: same id, same event."""

    event_id: str
    subject: str
    payload: bytes
    # What caused it, where that is not what goes on now.
    traceparent: str = ""

    async def put(self, tx: Transaction) -> None:
        """Into the outbox, in the transaction that makes it true."""
        await put_all(tx, [self])


async def put_all(tx: Transaction, events: Sequence[OutgoingEvent]) -> None:
    """Into the outbox, in the transaction that makes them true."""
    now = telemetry.current_traceparent()
    rows = [
        {
            "event_id": each.event_id,
            "subject": each.subject,
            "payload": each.payload,
            "headers": json.dumps({"traceparent": each.traceparent or now}),
        }
        for each in events
    ]
    await tx.many("outbox_add", rows)


@dataclass(frozen=True, slots=True)
class _Waiting:
    id: int
    event_id: str
    subject: str
    payload: bytes
    headers: dict[str, str]


class Bus:
    """A connection to NATS that comes back by itself."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.jetstream: JetStreamContext = client.jetstream(timeout=5)
        # Remembered here: a client that gives up on a server forgets it.
        self._servers = [(server.hostname, server.port) for server in client.servers]

    @classmethod
    async def connect(cls, url: str, service: str) -> Bus:
        async def disconnected() -> None:
            log.warning("nats_connection_lost")

        async def reconnected() -> None:
            log.info("nats_connection_is_back")

        async def failed(error: Exception) -> None:
            log.warning("nats_trouble", error=repr(error))

        client = await nats.connect(
            url,
            name=service,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.25,
            connect_timeout=5,
            ping_interval=10,
            max_outstanding_pings=2,
            disconnected_cb=disconnected,
            reconnected_cb=reconnected,
            error_cb=failed,
        )
        return cls(client)

    async def close(self) -> None:
        if not self.client.is_closed:
            await self.client.close()

    async def until(self, stop: asyncio.Event) -> None:
        """Returns when `stop` is set, or when only a new process can reach NATS again."""
        ends = [asyncio.create_task(stop.wait()), asyncio.create_task(self.stuck())]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in ends:
            task.cancel()
        if not stop.is_set():
            log.error("nats_client_is_stuck")

    async def stuck(self) -> None:
        """Returns when NATS has been there for a while and the client still has not come back to it.

        A client that was lost while it connected has been seen to stay away for good; only a new process mends that.
        """
        away = 0
        while away < _STUCK_AFTER:
            await asyncio.sleep(_SECOND)
            away = 0 if self.client.is_connected or not await self._there() else away + 1

    async def _there(self) -> bool:
        """Whether any server we know takes a connection."""
        for host, port in self._servers:
            try:
                async with asyncio.timeout(_SECOND):
                    _, writer = await asyncio.open_connection(host, port)
                writer.close()
            except (OSError, TimeoutError):
                continue
            return True
        return False

    async def ready(self) -> None:
        if not self.client.is_connected:
            raise ConnectionError("not connected to NATS")

    async def ensure(self, stream: Stream) -> datetime:
        """Make the stream if it is not there; when it was made, so that a lost one is noticed.

        One that an earlier release made for fewer subjects takes all of them from now on.
        """
        try:
            info = await self.jetstream.stream_info(stream.name)
            if info.config.subjects != stream.subjects:
                info.config.subjects = stream.subjects
                await self.jetstream.update_stream(info.config)
        except NotFoundError:
            try:
                info = await self.jetstream.add_stream(
                    name=stream.name,
                    subjects=stream.subjects,
                    max_age=_MAX_AGE,
                    max_bytes=_MAX_BYTES,
                    duplicate_window=120,
                    discard=api.DiscardPolicy.OLD,
                )
            except APIError:  # another service made it in the same moment
                info = await self.jetstream.stream_info(stream.name)
        if info.created is None:
            raise ConnectionError(f"{stream.name} has no time of creation")
        return info.created


class OutboxRelay:
    """Publishes one service's outbox. A crash after sending repeats the same ids, which JetStream drops."""

    def __init__(self, db: Database, bus: Bus, stream: Stream, *, retention_days: int, batch: int = 200) -> None:
        self._db, self._bus, self._stream = db, bus, stream
        self._retention_days, self._batch = retention_days, batch
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Something was just committed: publish now instead of at the next look."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled. Raises on trouble; the caller runs it again."""
        await self._replay_if_lost()
        rounds = 0
        while True:
            sent = await self._publish()
            rounds += 1
            if rounds % 120 == 0:
                await self._db.run("outbox_prune", days=self._retention_days)
                await self._db.run("inbox_prune", days=self._retention_days)
            if rounds % 20 == 0:
                await self._replay_if_lost()
            if sent < self._batch:
                await self._rest()

    async def _rest(self) -> None:
        self._wake.clear()
        await rest(self._wake, 0.25 * _SECOND)

    async def _publish(self) -> int:
        async with self._db.transaction() as tx:
            rows = await tx.all("outbox_claim", _Waiting, batch=self._batch)
            if rows:
                links = telemetry.links_to(row.headers.get("traceparent", "") for row in rows)
                name = f"publish {self._stream.name}"
                with telemetry.tracer().start_as_current_span(name, kind=SpanKind.PRODUCER, links=links):
                    await asyncio.gather(*(self._send(row) for row in rows))
                await tx.run("outbox_published", ids=[row.id for row in rows])
                metrics.EVENTS_PUBLISHED.labels(self._stream.name).inc(len(rows))
        return len(rows)

    async def _send(self, row: _Waiting) -> None:
        headers = {MESSAGE_ID: row.event_id, **{k: v for k, v in row.headers.items() if v}}
        await self._bus.jetstream.publish(row.subject, row.payload, timeout=5, headers=headers)

    async def _replay_if_lost(self) -> None:
        """A stream that is younger than the one we published to has lost what we sent: send it again."""
        created = await self._bus.ensure(self._stream)
        async with self._db.transaction() as tx:
            seen = await tx.value("stream_seen", stream=self._stream.name)
            if seen == created:
                return
            if seen is not None:
                count = await tx.run("outbox_replay", prefix=f"{self._stream.prefix}.%")
                log.warning("stream_was_lost_and_is_replayed", stream=self._stream.name, events=count)
            await tx.run("stream_remember", stream=self._stream.name, created_at=created)


@dataclass(frozen=True, slots=True)
class IncomingEvent:
    """One event as a handler sees it."""

    event_id: str
    subject: str
    payload: bytes
    traceparent: str


Handler = Callable[[Sequence[IncomingEvent]], Awaitable[None]]


class BadEvent(Exception):
    """The handler will never be able to use this event: it goes to the dead letters, where a person can see it."""


class Consumer:
    """Feeds one durable consumer's events to a handler, in batches; acks only after the handler has committed.

    The handler is called with a whole batch. If that fails for another reason than the database being away, the
    events are tried one by one, and the one that fails for good goes to the dead letters.
    """

    def __init__(
        self,
        bus: Bus,
        db: Database,
        stream: Stream,
        durable: str,
        handler: Handler,
        *,
        subject: str = "",
        batch: int = 200,
    ) -> None:
        self._bus, self._db, self.stream, self.durable, self.handler = bus, db, stream, durable, handler
        self._subject, self._batch = subject or stream.subjects[0], batch

    async def run(self) -> None:
        """Until cancelled. Raises on trouble; the caller runs it again."""
        await self._bus.ensure(self.stream)
        await self._hear_all()
        subscription = await self._bus.jetstream.pull_subscribe(
            self._subject,
            durable=self.durable,
            stream=self.stream.name,
            config=api.ConsumerConfig(
                ack_wait=_ACK_WAIT,
                max_ack_pending=self._batch * 10,
                deliver_policy=api.DeliverPolicy.ALL,
                max_deliver=-1,
            ),
        )
        quiet = 0
        try:
            while True:
                try:
                    messages = await subscription.fetch(self._batch, timeout=1)
                except TimeoutError:
                    quiet += 1
                    if quiet % 5 == 0:  # a consumer that was lost with its stream stays silent for ever
                        await subscription.consumer_info()
                    continue
                quiet = 0
                await self._handle(messages)
        finally:
            if self._bus.client.is_connected:
                await subscription.unsubscribe()

    async def lag(self) -> int:
        """How many events of its stream it has not acknowledged. Raises where NATS is away."""
        try:
            info = await self._bus.jetstream.consumer_info(self.stream.name, self.durable)
        except NotFoundError:
            return 0
        return (info.num_pending or 0) + (info.num_ack_pending or 0)

    async def _hear_all(self) -> None:
        """A consumer that an earlier release made for fewer subjects hears all of them from now on."""
        jetstream, stream = self._bus.jetstream, self.stream.name
        try:
            info = await jetstream.consumer_info(stream, self.durable)
        except NotFoundError:
            return
        if info.config.filter_subject != self._subject:
            info.config.filter_subject = self._subject
            await jetstream.add_consumer(stream, config=info.config)

    async def _handle(self, messages: list[Msg]) -> None:
        events = [_incoming(message) for message in messages]
        links = telemetry.links_to(event.traceparent for event in events)
        with telemetry.tracer().start_as_current_span(f"handle {self.durable}", kind=SpanKind.CONSUMER, links=links):
            await self._handle_all(messages, events)

    async def _handle_all(self, messages: list[Msg], events: Sequence[IncomingEvent]) -> None:
        try:
            await self.handler(events)
        except (psycopg.OperationalError, OSError):
            await _all(message.nak(delay=1) for message in messages)
            raise
        except Exception as error:
            log.warning("batch_failed", consumer=self.durable, error=repr(error), events=len(messages))
            for message in messages:
                await self._handle_one(message)
            return
        await _all(message.ack() for message in messages)
        metrics.EVENTS_HANDLED.labels(self.durable, "done").inc(len(messages))

    async def _handle_one(self, message: Msg) -> None:
        event = _incoming(message)
        try:
            await self.handler([event])
        except (psycopg.OperationalError, OSError):
            await message.nak(delay=1)
            raise
        except Exception as error:
            tries = message.metadata.num_delivered or 1
            log.error("event_failed", consumer=self.durable, event_id=event.event_id, tries=tries, exc_info=True)
            if tries < 5 and not isinstance(error, BadEvent):
                await message.nak(delay=2.0**tries)
                return
            await self._db.run(
                "dead_letter_add",
                consumer=self.durable,
                subject=event.subject,
                payload=event.payload,
                error=telemetry.redactor.text(repr(error)),
                event_id=event.event_id,
                traceparent=event.traceparent,
            )
            metrics.EVENTS_HANDLED.labels(self.durable, "dead").inc()
        else:
            metrics.EVENTS_HANDLED.labels(self.durable, "done").inc()
        await message.ack()


async def once(tx: Transaction, consumer: str, event_id: str) -> bool:
    """True the first time a consumer meets an event; commit the work in the same transaction."""
    return await tx.run("inbox_add", consumer=consumer, event_id=event_id) == 1


def _incoming(message: Msg) -> IncomingEvent:
    headers = message.headers or {}
    return IncomingEvent(
        event_id=headers.get(MESSAGE_ID, ""),
        subject=message.subject,
        payload=message.data,
        traceparent=headers.get("traceparent", ""),
    )


async def _all(waits: Iterable[Awaitable[None]]) -> None:
    await asyncio.gather(*waits)
