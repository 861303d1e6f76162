"""The feed of changes: the state first, then each change in its order, resumed without a gap, and only one's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import psycopg
import pytest

from connections import moves
from connections.hearing import Hearing
from connections.register import Register, Row
from connections.watching import Watching
from ledgerport.connections.v1 import connections_pb2 as pb
from ledgerport.events.v1 import connection_pb2 as ev
from ledgerport_libs.database import Database
from ledgerport_libs.errors import PassingTrouble, error_of
from tests.connections_town import Town
from tests.test_hearing import BUSINESS, connected, refused


@pytest.fixture
async def watching(db: Database) -> AsyncIterator[Watching]:
    made = Watching(db, life=20.0, most=3)
    stop = False

    async def look() -> None:
        while not stop:
            await made.look()
            await asyncio.sleep(0.01)

    task = asyncio.create_task(look())
    yield made
    made.close()
    stop = True
    await task


async def next_of(stream: AsyncIterator[tuple[list[Row], int]]) -> tuple[list[tuple[str, int]], int]:
    async with asyncio.timeout(5):
        rows, version = await anext(stream)
    return [(row.provider, row.status) for row in rows], version


async def test_the_state_comes_first_then_each_change_and_a_resumed_stream_misses_none(
    watching: Watching, hearing: Hearing, register: Register
) -> None:
    await register.both(BUSINESS)
    stream = watching.stream([BUSINESS], 0)
    first, version = await next_of(stream)
    assert sorted(first) == [("quickbooks", 1), ("shopify", 1)]
    await hearing.credentials([connected(1)])
    seen, version = await next_of(stream)
    assert seen == [("quickbooks", 2)]
    await stream.aclose()  # type: ignore[attr-defined]
    await hearing.credentials([refused(2)])
    resumed = watching.stream([BUSINESS], version)
    assert (await next_of(resumed))[0] == [("quickbooks", 3)]
    await resumed.aclose()  # type: ignore[attr-defined]


async def test_a_resumed_stream_that_missed_nothing_says_so_at_once(watching: Watching, hearing: Hearing) -> None:
    await hearing.credentials([connected(1)])
    _, version = await next_of(watching.stream([], 0))
    assert await next_of(watching.stream([], version)) == ([], version)


async def test_a_version_from_the_future_brings_everything(watching: Watching, hearing: Hearing) -> None:
    await hearing.credentials([connected(1)])
    assert (await next_of(watching.stream([], 10_000)))[0] == [("quickbooks", 2)]


async def test_only_the_businesses_asked_for_are_told_of(watching: Watching, register: Register) -> None:
    account = moves.Account("1", "A", "", "o", "", None)
    stream = watching.stream(["mine"], 0)
    assert await next_of(stream) == ([], 0)
    for business in ("theirs", "mine"):
        await register.move(business, "quickbooks", lambda row: moves.connect(row.state, account, row.read_at))
    rows, version = await next_of(stream)
    assert rows == [("quickbooks", 2)]
    assert version == 2


async def test_changes_at_once_by_two_replicas_are_all_told(watching: Watching, db: Database) -> None:
    account = moves.Account("1", "A", "", "o", "", None)
    replicas = [Register(db, lambda: None), Register(db, lambda: None)]
    seen: set[str] = set()

    async def watch() -> None:
        async for rows, _ in watching.stream([], 0):
            seen.update(row.business_id for row in rows)
            if len(seen) == 20:
                return

    watcher = asyncio.create_task(watch())
    await asyncio.gather(
        *(
            replicas[n % 2].move(f"b{n}", "quickbooks", lambda row: moves.connect(row.state, account, row.read_at))
            for n in range(20)
        )
    )
    async with asyncio.timeout(10):
        await watcher


async def test_more_watchers_than_agreed_are_sent_away(watching: Watching) -> None:
    streams = [watching.stream([], 0) for _ in range(3)]
    for stream in streams:
        await next_of(stream)
    with pytest.raises(PassingTrouble):
        await next_of(watching.stream([], 0))
    await streams[0].aclose()  # type: ignore[attr-defined]
    await next_of(watching.stream([], 0))


async def test_streams_end_when_their_life_or_the_service_does(db: Database) -> None:
    brief = Watching(db, life=0.05, most=3)
    assert [version async for _, version in brief.stream([], 0)] == [0]
    closing = Watching(db, life=60, most=3)
    stream = closing.stream([], 0)
    await next_of(stream)
    closing.close()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_a_person_watches_their_own_business_and_hears_of_a_pause(town: Town) -> None:
    owner, stranger = await town.sign_up("watch@example.test"), await town.sign_up("stranger-watch@example.test")
    request = pb.WatchConnectionsRequest(only_businesses=[stranger.business_id])
    stream = town.connections.WatchConnections(request, metadata=owner.metadata)
    heard: list[Any] = []

    async def until_paused() -> None:
        async for answer in stream:
            heard.extend(answer.connections)
            if any(each.connection.paused for each in answer.connections):
                return

    listening = asyncio.create_task(until_paused())
    await town.connections.PauseSync(pb.PauseSyncRequest(), metadata=stranger.metadata)
    await town.connections.PauseSync(pb.PauseSyncRequest(), metadata=owner.metadata)
    async with asyncio.timeout(5):
        await listening
    stream.cancel()
    await town.connections.ResumeSync(pb.ResumeSyncRequest(), metadata=owner.metadata)
    assert {each.business_id for each in heard} == {owner.business_id}
    assert heard[-1].connection.paused_by == "watch@example.test"


async def test_services_watch_in_their_own_name_and_nobody_else_does(town: Town) -> None:
    owner = await town.sign_up("by-service@example.test")
    await town.connections.PauseSync(pb.PauseSyncRequest(), metadata=owner.metadata)
    mine = pb.WatchConnectionsRequest(only_businesses=[owner.business_id])
    for stub in (town.connections, town.writer_connections):
        stream = stub.WatchConnections(mine)
        answer = await anext(aiter(stream))
        states = {each.connection.provider: each.connection.status for each in answer.connections}
        assert ev.CONNECTION_STATUS_NOT_CONNECTED in states.values()
        assert {each.business_id for each in answer.connections} == {owner.business_id}
        stream.cancel()
    async with grpc.aio.insecure_channel(town.platform.urls["connections-grpc"]) as channel:
        from ledgerport.connections.v1 import connections_pb2_grpc

        nobody = connections_pb2_grpc.ConnectionsServiceStub(channel).WatchConnections(mine)
        with pytest.raises(grpc.aio.AioRpcError) as refused_call:
            await nobody.read()
        assert error_of(refused_call.value).reason == "NOT_SIGNED_IN"
    await town.connections.ResumeSync(pb.ResumeSyncRequest(), metadata=owner.metadata)


async def test_notices_are_listed_and_dismissed_for_the_own_business_only(town: Town) -> None:
    owner, stranger = await town.sign_up("noticed@example.test"), await town.sign_up("not-noticed@example.test")
    add = "INSERT INTO notice (business_id, provider, kind, sentence) VALUES (%s, 'quickbooks', 'unhealthy', 'Ill.')"
    with psycopg.connect(town.platform.environment("connections")["DATABASE_URL"]) as database:
        database.execute(add, (owner.business_id,))
    listed = await town.connections.ListNotices(pb.ListNoticesRequest(), metadata=owner.metadata)
    theirs = await town.connections.ListNotices(pb.ListNoticesRequest(), metadata=stranger.metadata)
    assert list(theirs.notices) == []
    notice = listed.notices[0]
    assert (notice.kind, notice.over) == (pb.NOTICE_KIND_UNHEALTHY, False)
    dismiss = pb.DismissNoticeRequest(notice_id=notice.notice_id)
    with pytest.raises(grpc.aio.AioRpcError) as refused_call:
        await town.connections.DismissNotice(dismiss, metadata=stranger.metadata)
    assert error_of(refused_call.value).reason == "NOT_FOUND"
    for _ in range(2):
        await town.connections.DismissNotice(dismiss, metadata=owner.metadata)
    left = await town.connections.ListNotices(pb.ListNoticesRequest(), metadata=owner.metadata)
    assert list(left.notices) == []
