"""One replica reads the figures for operators, and all of them show the same; a dead letter is taken when it can be."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence

import pytest
from prometheus_client import REGISTRY

from ledgerport_libs import metrics
from ledgerport_libs.bus import BadEvent, Bus, Consumer, IncomingEvent, OutgoingEvent, Stream
from ledgerport_libs.database import Database, Transaction
from ledgerport_libs.dead_letters import Chosen, Replayed, replay
from ledgerport_libs.looking import Figure, Looking, waiting
from ledgerport_libs.metrics import Few

HOUR = 3600.0


class Eyes:
    """A look of a service's own that counts how often it is asked."""

    def __init__(self) -> None:
        self.looks = 0
        self.states = {"good": 3}

    async def look(self, _tx: Transaction) -> Sequence[Figure]:
        self.looks += 1
        told = [Figure(metrics.STORES, count, {"state": state}) for state, count in self.states.items()]
        return [*told, *waiting("things", 2, 7.5)]


class Taker:
    """A handler that may not be able to take what it is given."""

    def __init__(self) -> None:
        self.able = False
        self.taken: list[tuple[str, bytes]] = []

    async def handle(self, events: Sequence[IncomingEvent]) -> None:
        if not self.able:
            raise BadEvent("not in this version")
        self.taken += [(event.event_id, event.payload) for event in events]


def shown(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


@pytest.fixture
async def consumer(db: Database, bus: Bus) -> AsyncIterator[Consumer]:
    name = f"t{uuid.uuid4().hex[:8]}"
    stream = Stream(name.upper(), name)
    await bus.ensure(stream)
    yield Consumer(bus, db, stream, f"taker-{name}", Taker().handle)
    await bus.jetstream.delete_stream(stream.name)


async def put_aside(db: Database, consumer: Consumer, *payloads: bytes) -> None:
    for payload in payloads:
        await db.run(
            "dead_letter_add",
            consumer=consumer.durable,
            subject="things.v1.b1.thing",
            payload=payload,
            error="BadEvent()",
            event_id=payload.decode(),
            traceparent="",
        )


async def test_of_several_replicas_one_looks_and_all_show_what_it_found(db: Database) -> None:
    eyes = Eyes()
    replicas = [Looking(db, [], eyes.look, every=HOUR) for _ in range(3)]
    for each in replicas:
        await each.once()
    assert eyes.looks == 1
    metrics.STORES.clear()
    await replicas[2].once()
    assert eyes.looks == 1
    assert shown("ledgerport_stores", state="good") == 3
    assert shown("ledgerport_waiting", queue="things") == 2
    assert shown("ledgerport_oldest_waiting_seconds", queue="things") == 7.5
    assert (shown("ledgerport_looked_at_seconds") or 0) > 0


async def test_what_is_not_found_any_more_is_shown_no_longer(db: Database) -> None:
    eyes = Eyes()
    looking = Looking(db, [], eyes.look, every=1e-6)
    await looking.once()
    eyes.states = {"ill": 1}
    await looking.once()
    assert shown("ledgerport_stores", state="good") is None
    assert shown("ledgerport_stores", state="ill") == 1


async def test_what_waits_in_the_outbox_is_shown_with_the_age_of_the_oldest(db: Database) -> None:
    async with db.transaction() as tx:
        for number in range(3):
            await OutgoingEvent(f"e{number}", "things.v1.b1.thing", b"").put(tx)
    await db.run("outbox_published", ids=[])
    await Looking(db, [], Eyes().look, every=1e-6).once()
    assert shown("ledgerport_outbox_waiting") == 3
    assert (shown("ledgerport_outbox_oldest_seconds") or 0) > 0


async def test_a_consumer_is_shown_with_what_it_has_not_acknowledged(
    bus: Bus, db: Database, consumer: Consumer
) -> None:
    subject = f"{consumer.stream.prefix}.v1.b1.thing"
    for number in range(4):
        await bus.jetstream.publish(subject, str(number).encode())
    await bus.jetstream.add_consumer(consumer.stream.name, durable_name=consumer.durable, ack_policy="explicit")
    await put_aside(db, consumer, b"one")
    await Looking(db, [consumer], Eyes().look, every=1e-6).once()
    assert shown("ledgerport_consumer_lag", stream=consumer.stream.name, consumer=consumer.durable) == 4
    assert shown("ledgerport_dead_letters", consumer=consumer.durable) == 1


async def test_a_consumer_that_never_heard_anything_is_not_behind(consumer: Consumer) -> None:
    assert await consumer.lag() == 0


async def test_while_nats_is_away_the_rest_is_shown(servers_bus: Bus, db: Database) -> None:
    gone = Consumer(servers_bus, db, Stream("GONE", "gone"), "gone", Taker().handle)
    await servers_bus.close()
    await Looking(db, [gone], Eyes().look, every=1e-6).once()
    assert shown("ledgerport_stores", state="good") == 3
    assert shown("ledgerport_consumer_lag", stream="GONE", consumer="gone") is None


@pytest.fixture
async def servers_bus(bus: Bus) -> Bus:
    """One that a test may close."""
    return await Bus.connect(f"nats://{bus.client.connected_url.netloc}" if bus.client.connected_url else "", "tests")


async def test_dead_letters_stay_until_their_handler_can_take_them(db: Database, bus: Bus) -> None:
    taker = Taker()
    consumer = Consumer(bus, db, Stream("NONE", "none"), "taker", taker.handle)
    await put_aside(db, consumer, b"one", b"two")
    assert await replay(db, consumer, Chosen(), "ann") == Replayed(0, 2)
    assert await db.value("dead_letters_by_consumer") == "taker"
    taker.able = True
    assert await replay(db, consumer, Chosen(), "ann") == Replayed(2, 0)
    assert taker.taken == [("one", b"one"), ("two", b"two")]
    assert await db.value("dead_letters_by_consumer") is None
    assert await replay(db, consumer, Chosen(), "ann") == Replayed(0, 0)


async def test_dead_letters_are_replayed_some_at_a_time(db: Database, bus: Bus) -> None:
    taker = Taker()
    taker.able = True
    consumer = Consumer(bus, db, Stream("NONE", "none"), "taker", taker.handle)
    await put_aside(db, consumer, b"one", b"two", b"three")
    first = await replay(db, consumer, Chosen(most=2), "ann")
    assert (first.done, first.failed) == (2, 0)
    assert await replay(db, consumer, Chosen(after=first.last, most=2), "ann") == Replayed(1, 0)


async def test_only_the_dead_letters_that_are_named_are_replayed(db: Database, bus: Bus) -> None:
    taker = Taker()
    taker.able = True
    consumer = Consumer(bus, db, Stream("NONE", "none"), "taker", taker.handle)
    await put_aside(db, consumer, b"one", b"two")
    [first] = [await db.value("dead_letters", consumer="taker", after=0, size=1)]
    assert await replay(db, consumer, Chosen((first,)), "ann") == Replayed(1, 0)
    assert taker.taken == [("one", b"one")]


def test_a_label_has_few_values_whatever_comes() -> None:
    few = Few(2)
    assert [few.of(value) for value in ("a", "b", "c", "a", "d")] == ["a", "b", "others", "a", "others"]
