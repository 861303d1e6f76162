"""What a person's clicks do, through both running services."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import psycopg
import pytest

from ledgerport.auth.v1 import people_pb2
from ledgerport.common.v1 import access_pb2, provider_pb2
from ledgerport.connections.v1 import connections_pb2 as pb
from ledgerport.events.v1 import connection_pb2 as ev
from ledgerport_libs.errors import error_of
from tests.connections_town import CRAIG, HARBOR, LEASE_MS, THISTLE, Town


async def until(ask: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(200):
        if await ask():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came true")


async def refusal(call: Any) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return error_of(refused.value).reason


async def test_pause_answers_only_after_every_older_answer_about_the_gate_has_run_out(town: Town) -> None:
    owner = await town.sign_up("pause@example.test")
    await town.connect(owner, CRAIG)
    await until(lambda: _is(town.gate(owner), ""))
    last_open = 0.0
    watching = True

    async def watch() -> None:
        nonlocal last_open
        while watching:
            asked = time.monotonic()
            if await town.gate(owner) == "":
                last_open = asked

    watcher = asyncio.create_task(watch())
    await until(lambda: _true(last_open > 0))
    paused = await town.connections.PauseSync(pb.PauseSyncRequest(), metadata=owner.metadata)
    answered = time.monotonic()
    watching = False
    await watcher
    assert answered >= last_open + LEASE_MS / 1000
    assert paused.connection.paused
    assert paused.connection.paused_by == "pause@example.test"
    assert await town.gate(owner) == "PAUSED"
    await town.connections.ResumeSync(pb.ResumeSyncRequest(), metadata=owner.metadata)
    assert await town.gate(owner) == ""


async def _is(value: Awaitable[Any], expected: Any) -> bool:
    return bool(await value == expected)


async def _true(value: bool) -> bool:
    return value


async def test_disconnect_and_reconnect_keep_company_pause_and_history(town: Town) -> None:
    owner = await town.sign_up("again@example.test")
    await town.connections.PauseSync(pb.PauseSyncRequest(), metadata=owner.metadata)
    await town.connect(owner, HARBOR)
    await until(lambda: _is(town.gate(owner), "PAUSED"))
    gone = await town.connections.Disconnect(
        pb.DisconnectRequest(provider=provider_pb2.PROVIDER_QUICKBOOKS), metadata=owner.metadata
    )
    assert gone.revoked_at_provider
    assert gone.connection.status == ev.CONNECTION_STATUS_DISCONNECTED
    assert (gone.connection.account_id, gone.connection.locked, gone.connection.paused) == (HARBOR, True, True)
    assert await town.gate(owner) == "DISCONNECTED"
    await town.connect(owner, HARBOR)
    await until(lambda: _is(town.gate(owner), "PAUSED"))
    page = await town.connections.ListHistory(pb.ListHistoryRequest(page_size=2), metadata=owner.metadata)
    rest = await town.connections.ListHistory(
        pb.ListHistoryRequest(page_token=page.next_page_token), metadata=owner.metadata
    )
    words = " ".join(entry.sentence for entry in [*page.entries, *rest.entries])
    assert [word for word in ("reconnected", "disconnected", "connected to", "paused") if word not in words] == []
    assert rest.next_page_token == ""


async def test_access_ended_inside_quickbooks_turns_unhealthy_and_a_reconnect_heals(town: Town) -> None:
    owner = await town.sign_up("ended@example.test")
    await town.connect(owner, THISTLE)
    await until(lambda: _is(town.gate(owner), ""))
    town.intuit(f"companies/{THISTLE}/tokens", action="disconnect")
    await until(lambda: _is(town.gate(owner), "UNHEALTHY"))
    ill = await town.quickbooks(owner)
    assert ill.status == ev.CONNECTION_STATUS_UNHEALTHY
    assert "reconnect QuickBooks" in ill.explanation
    await town.connect(owner, THISTLE)
    await until(lambda: _is(town.gate(owner), ""))
    assert (await town.quickbooks(owner)).reason == ""


async def test_a_disconnect_while_auth_is_down_closes_the_gate_and_is_carried_out_later(town: Town) -> None:
    owner = await town.sign_up("down@example.test")
    shopify = pb.DisconnectRequest(provider=provider_pb2.PROVIDER_SHOPIFY)
    await asyncio.to_thread(town.platform.halt, "auth")
    try:
        gone = await town.connections.Disconnect(shopify, metadata=owner.metadata, timeout=40)
        assert not gone.revoked_at_provider
    finally:
        await asyncio.to_thread(town.platform.start_again, "auth")
        await asyncio.to_thread(town.platform.wait_ready, "auth")
    with psycopg.connect(town.platform.environment("connections")["DATABASE_URL"], autocommit=True) as database:
        owed = "SELECT count(*) FROM connection WHERE revoke_asked_at IS NOT NULL"
        await until(lambda: _true(database.execute(owed).fetchone() == (0,)))


async def test_a_viewer_may_look_and_not_touch_and_others_see_nothing(town: Town) -> None:
    owner, stranger = await town.sign_up("mine@example.test"), await town.sign_up("other@example.test")
    invited = await town.people.InviteMember(
        people_pb2.InviteMemberRequest(email="look@example.test", role=access_pb2.ROLE_VIEWER), metadata=owner.metadata
    )
    viewer = await town.sign_up("look@example.test", invited.invitation_token)
    assert viewer.business_id == owner.business_id
    quickbooks = pb.DisconnectRequest(provider=provider_pb2.PROVIDER_QUICKBOOKS)
    own = town.connections
    assert await refusal(own.PauseSync(pb.PauseSyncRequest(), metadata=viewer.metadata)) == "NOT_ALLOWED"
    assert await refusal(own.ResumeSync(pb.ResumeSyncRequest(), metadata=viewer.metadata)) == "NOT_ALLOWED"
    assert await refusal(own.Disconnect(quickbooks, metadata=viewer.metadata)) == "NOT_ALLOWED"
    assert await refusal(own.ListConnections(pb.ListConnectionsRequest())) == "NOT_ALLOWED"
    assert await refusal(own.ReadGates(pb.ReadGatesRequest())) == "NOT_ALLOWED"
    await own.PauseSync(pb.PauseSyncRequest(), metadata=owner.metadata)
    assert (await town.quickbooks(viewer)).paused
    assert not (await town.quickbooks(stranger)).paused
    seen = await own.ListHistory(pb.ListHistoryRequest(), metadata=stranger.metadata)
    assert list(seen.entries) == []
