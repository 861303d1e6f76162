"""From outbox to handler: every event once, whatever JetStream loses, doubles or cannot stomach."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import uuid
from collections.abc import AsyncIterator, Callable, Sequence

import psycopg
import pytest
from nats.aio.client import Client

from ledgerport_libs.bus import BadEvent, Bus, Consumer, IncomingEvent, OutboxRelay, OutgoingEvent, Stream, once
from ledgerport_libs.database import Database
from ledgerport_libs.service import background
from ledgerport_local.local_platform import LocalPlatform


class Hearer:
    """A handler that remembers what it heard, once an event, as every real handler does."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.heard: list[str] = []
        self.deliveries = 0
        self.trouble: Callable[[IncomingEvent], None] = lambda _event: None

    async def handle(self, events: Sequence[IncomingEvent]) -> None:
        self.deliveries += len(events)
        new = []
        async with self._db.transaction() as tx:
            for event in events:
                self.trouble(event)
                if await once(tx, "hearer", event.event_id):
                    new.append(event.payload.decode())
        self.heard += new


class Line:
    """An outbox, a stream of its own, and a consumer at the other end."""

    def __init__(self, db: Database, bus: Bus) -> None:
        name = f"t{uuid.uuid4().hex[:8]}"
        self.stream = Stream(name.upper(), name)
        self.db, self.bus = db, bus
        self.relay = OutboxRelay(db, bus, self.stream, retention_days=14)
        self.hearer = Hearer(db)
        self.consumer = Consumer(bus, db, self.stream, "hearer", self.hearer.handle, batch=50)

    async def say(self, *words: str) -> None:
        async with self.db.transaction() as tx:
            for word in words:
                await OutgoingEvent(word, f"{self.stream.prefix}.v1.b1.thing", word.encode()).put(tx)
        self.relay.wake()

    async def hears(self, *words: str) -> None:
        await until(lambda: sorted(self.hearer.heard) == sorted(words), f"{words} were heard, not {self.hearer.heard}")


async def until(true: Callable[[], bool], what: str, seconds: float = 15.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert true(), what


@pytest.fixture
async def line(db: Database, bus: Bus) -> AsyncIterator[Line]:
    made = Line(db, bus)
    async with background(relay=made.relay.run, consumer=made.consumer.run):
        yield made
    with contextlib.suppress(Exception):
        await bus.jetstream.delete_stream(made.stream.name)


async def test_what_is_put_into_the_outbox_is_heard(line: Line) -> None:
    await line.say("one", "two")
    await line.hears("one", "two")


async def test_the_same_event_id_is_one_event(line: Line) -> None:
    await line.say("one")
    await line.say("one")
    await line.hears("one")
    async with line.db.transaction() as tx:
        assert await tx.value("outbox_waiting") == 0


async def test_a_hundred_events_arrive_each_once(line: Line) -> None:
    words = [f"w{number}" for number in range(100)]
    await line.say(*words)
    await line.hears(*words)


async def test_an_event_of_a_rolled_back_transaction_is_never_heard(line: Line) -> None:
    with contextlib.suppress(ZeroDivisionError):
        async with line.db.transaction() as tx:
            await OutgoingEvent("lost", f"{line.stream.prefix}.v1.b1.thing", b"lost").put(tx)
            raise ZeroDivisionError
    await line.say("kept")
    await line.hears("kept")


async def test_losing_the_stream_brings_everything_back_from_the_outbox(line: Line) -> None:
    await line.say("one", "two")
    await line.hears("one", "two")
    before = line.hearer.deliveries
    await line.bus.jetstream.delete_stream(line.stream.name)
    await line.say("three")
    await line.hears("one", "two", "three")
    await until(lambda: line.hearer.deliveries >= before + 3, "all of it was delivered again")


async def test_losing_jetstreams_whole_store_loses_nothing(line: Line, servers: LocalPlatform) -> None:
    await line.say("one")
    await line.hears("one")
    before = line.hearer.deliveries
    servers.halt("nats")
    shutil.rmtree(servers.home.room("nats") / "store" / "jetstream")
    await line.say("two")
    servers.start_again("nats")
    servers.wait_ready("nats")
    await line.hears("one", "two")
    await until(lambda: line.hearer.deliveries >= before + 2, "all of it was delivered again")


async def test_a_nats_that_restarts_with_its_store_replays_nothing(line: Line, servers: LocalPlatform) -> None:
    await line.say("one")
    await line.hears("one")
    servers.kill("nats")
    servers.wait_ready("nats")
    await line.say("two")
    await line.hears("one", "two")
    assert line.hearer.deliveries == 2


async def test_a_poison_event_is_put_aside_and_blocks_nobody(line: Line) -> None:
    def trouble(event: IncomingEvent) -> None:
        if event.payload == b"poison":
            raise BadEvent("never")

    line.hearer.trouble = trouble
    await line.say("one", "poison", "two")
    await line.hears("one", "two")
    line.hearer.trouble = lambda _event: None
    async with line.db.transaction() as tx:
        rows = await tx._connection.execute("SELECT consumer, payload, error FROM dead_letter")
        assert await rows.fetchall() == [("hearer", b"poison", "BadEvent('never')")]


async def test_a_database_that_is_away_is_waited_for(line: Line) -> None:
    failures = iter([psycopg.OperationalError("away"), psycopg.OperationalError("away")])

    def trouble(_event: IncomingEvent) -> None:
        if (failure := next(failures, None)) is not None:
            raise failure

    line.hearer.trouble = trouble
    await line.say("one", "two")
    await line.hears("one", "two")


async def test_two_relays_of_one_outbox_send_each_event_once(line: Line) -> None:
    second = OutboxRelay(line.db, line.bus, line.stream, retention_days=14)
    words = [f"w{number}" for number in range(40)]
    async with background(second=second.run):
        await line.say(*words)
        await line.hears(*words)


async def test_a_stream_and_a_consumer_of_an_earlier_release_carry_a_later_version_too(db: Database, bus: Bus) -> None:
    line = Line(db, bus)
    name, earlier = line.stream.name, f"{line.stream.prefix}.v1.>"
    await bus.jetstream.add_stream(name=name, subjects=[earlier])
    await bus.jetstream.pull_subscribe(earlier, durable="hearer", stream=name)
    await line.say("old")
    async with db.transaction() as tx:
        await OutgoingEvent("new", f"{line.stream.prefix}.v2.b1.thing", b"new").put(tx)
    async with background(relay=line.relay.run, consumer=line.consumer.run):
        await line.hears("old", "new")
    await bus.jetstream.delete_stream(name)


async def test_services_that_start_together_make_the_stream_once(db: Database, bus: Bus) -> None:
    stream = Stream(f"T{uuid.uuid4().hex[:8]}", f"t{uuid.uuid4().hex[:8]}")
    created = await asyncio.gather(*(bus.ensure(stream) for _ in range(8)))
    assert len(set(created)) == 1
    await bus.jetstream.delete_stream(stream.name)


async def test_a_client_that_cannot_come_back_is_noticed_and_a_server_that_is_away_is_not_its_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ledgerport_libs.bus._SECOND", 0.02)
    listener = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    client = Client()  # never connected, as one that is stuck
    client._setup_server_pool([f"nats://127.0.0.1:{port}"])
    async with asyncio.timeout(5):
        await Bus(client).stuck()
    assert not client.is_connected
    listener.close()
    await listener.wait_closed()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await Bus(client).stuck()
