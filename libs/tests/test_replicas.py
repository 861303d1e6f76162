"""Several replicas behind one name: each gets its share of the calls, and one that ends is not missed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledgerport.common.v1 import access_pb2
from ledgerport.qbo_writer.v1 import records_pb2, records_pb2_grpc
from ledgerport_libs import rpc
from ledgerport_libs.errors import AppError, PassingTrouble, error_of
from ledgerport_libs.identity import Person, ServiceIdentity, Verifier

RECORDS = records_pb2.DESCRIPTOR.services_by_name["RecordsService"]
KEYS = {name: Ed25519PrivateKey.generate() for name in ("auth", "gateway")}
VERIFIER = Verifier("here", {name: key.public_key() for name, key in KEYS.items()})
OWNER = Person("u1", "o@x.test", "b1", access_pb2.ROLE_OWNER, "s1")
_LONGEST = 20.0


class Records(records_pb2_grpc.RecordsServiceServicer):
    """Counts whoever calls, by the connection that the call came on."""

    def __init__(self) -> None:
        self.reads: Counter[str] = Counter()
        self.changes = 0

    async def GetSummary(self, request: Any, context: Any) -> records_pb2.GetSummaryResponse:
        self.reads[context.peer()] += 1
        return records_pb2.GetSummaryResponse()

    async def RetryRecord(self, request: Any, context: Any) -> records_pb2.RetryRecordResponse:
        self.changes += 1
        return records_pb2.RetryRecordResponse()


Records.__abstractmethods__ = frozenset()


@dataclass
class Replica:
    """One served port."""

    records: Records
    port: int = 0
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def end(self) -> None:
        await self.stack.aclose()


async def serve(*, drain: float = 5.0, connection_age: float = 60.0) -> Replica:
    replica = Replica(Records())  # type: ignore[abstract]
    served = [(RECORDS, lambda to: records_pb2_grpc.add_RecordsServiceServicer_to_server(replica.records, to))]
    listening = rpc.serving_grpc("127.0.0.1:0", VERIFIER, served, drain=drain, connection_age=connection_age)
    replica.port = await replica.stack.enter_async_context(listening)
    return replica


@pytest.fixture
async def pair() -> AsyncIterator[tuple[Replica, Replica]]:
    replicas = await serve(), await serve()
    yield replicas
    for each in replicas:
        await each.end()


class Caller:
    """The gateway, with one channel to all replicas of a name."""

    def __init__(self, *replicas: Replica) -> None:
        name = "ipv4:" + ",".join(f"127.0.0.1:{each.port}" for each in replicas)
        self.channel = rpc.channel(name, ServiceIdentity("gateway", KEYS["gateway"]), "here", [RECORDS])
        self._stub = records_pb2_grpc.RecordsServiceStub(self.channel)
        self._for_owner = rpc.on_behalf_of(ServiceIdentity("auth", KEYS["auth"]).token_of_person(OWNER)[0])

    async def read(self) -> None:
        await self._stub.GetSummary(records_pb2.GetSummaryRequest(), metadata=self._for_owner)

    async def change(self) -> None:
        await self._stub.RetryRecord(records_pb2.RetryRecordRequest(), metadata=self._for_owner)


@pytest.fixture
async def caller(pair: tuple[Replica, Replica]) -> AsyncIterator[Caller]:
    calling = Caller(*pair)
    yield calling
    await calling.channel.close()


async def until_both_are_called(caller: Caller, pair: tuple[Replica, Replica]) -> None:
    async with asyncio.timeout(_LONGEST):
        while not all(each.records.reads for each in pair):
            await caller.read()


async def test_each_replica_gets_its_share(caller: Caller, pair: tuple[Replica, Replica]) -> None:
    await until_both_are_called(caller, pair)
    before = [each.records.reads.total() for each in pair]
    for _ in range(20):
        await caller.read()
    assert [each.records.reads.total() - was for each, was in zip(pair, before, strict=True)] == [10, 10]


@pytest.mark.parametrize("drain", [5.0, 0.0], ids=["drained", "at once"])
async def test_who_only_reads_does_not_notice_that_a_replica_ends(drain: float) -> None:
    pair = await serve(drain=drain), await serve()
    caller = Caller(*pair)
    await until_both_are_called(caller, pair)
    reading = [asyncio.create_task(_read_often(caller)) for _ in range(4)]
    await pair[0].end()
    await asyncio.gather(*reading)
    left = pair[1].records.reads.total()
    await caller.read()
    assert pair[1].records.reads.total() == left + 1
    await caller.channel.close()
    await pair[1].end()


async def _read_often(caller: Caller) -> None:
    for _ in range(50):
        await caller.read()


async def test_a_change_that_a_draining_replica_did_not_take_was_not_made(
    caller: Caller, pair: tuple[Replica, Replica]
) -> None:
    await until_both_are_called(caller, pair)
    changing = [asyncio.create_task(_change_often(caller)) for _ in range(4)]
    await pair[0].end()
    outcomes = [outcome for each in await asyncio.gather(*changing) for outcome in each]
    assert {type(each) for each in outcomes} <= {type(None), PassingTrouble}
    assert sum(each.records.changes for each in pair) == outcomes.count(None)


async def _change_often(caller: Caller) -> list[AppError | None]:
    """How each of many changes ended; None: it was made."""
    outcomes: list[AppError | None] = []
    for _ in range(50):
        try:
            await caller.change()
            outcomes.append(None)
        except grpc.aio.AioRpcError as failure:
            outcomes.append(error_of(failure))
    return outcomes


async def test_no_connection_is_for_ever_and_no_call_fails_for_it() -> None:
    replica = await serve(connection_age=0.1)
    caller = Caller(replica)
    async with asyncio.timeout(_LONGEST):
        while len(replica.records.reads) < 3:
            await caller.read()
            await caller.change()
    await caller.channel.close()
    await replica.end()
    assert replica.records.changes >= 3
