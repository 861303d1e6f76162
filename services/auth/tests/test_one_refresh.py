"""Two running auth processes on one database, twenty callers each way, and a token endpoint at its worst."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import grpc
import psycopg
import pytest
import requests

from ledgerport.auth.v1 import credentials_pb2 as pb
from ledgerport.auth.v1 import credentials_pb2_grpc, people_pb2
from ledgerport.common.v1 import provider_pb2
from ledgerport_libs import rpc
from ledgerport_libs.identity import ServiceIdentity
from ledgerport_local import keys
from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from tests.auth_office import CRAIG, PASSWORD, QUICK, Intuit, until
from tests.test_processes import calling_as

CREDENTIALS = pb.DESCRIPTOR.services_by_name["CredentialsService"]
CALLERS = 20
EXPIRE = "UPDATE credential SET expires_at = now(), issued_at = now() - interval '1 hour', refresh_not_before = NULL"


@dataclass
class Pair:
    """Both processes as the writer calls them, and what stands in their database."""

    platform: LocalPlatform
    intuit: Intuit
    stubs: list[credentials_pb2_grpc.CredentialsServiceAsyncStub]
    database: psycopg.Connection[Any]
    business_id: str

    def sql(self, statement: str) -> list[Any]:
        cursor = self.database.execute(statement)
        return cursor.fetchall() if cursor.description else []

    async def ask(self, number: int) -> pb.IssueAccessTokenResponse:
        """As the writer does: again while it is a passing trouble, at most half a minute long."""
        request = pb.IssueAccessTokenRequest(business_id=self.business_id, provider=provider_pb2.PROVIDER_QUICKBOOKS)
        for _ in range(300):
            try:
                return await self.stubs[number % 2].IssueAccessToken(request)
            except grpc.aio.AioRpcError as failure:
                if failure.code() != grpc.StatusCode.UNAVAILABLE:
                    raise
                await asyncio.sleep(0.1)
        raise AssertionError("it never recovered")

    async def all_ask(self) -> set[tuple[int, str]]:
        """What twenty callers are given, half of them by each process."""
        answers = await asyncio.gather(*(self.ask(number) for number in range(CALLERS)))
        return {(answer.version, answer.access_token) for answer in answers}

    def told(self) -> list[str]:
        return [row[0] for row in self.sql("SELECT state FROM credential")]

    def token_calls(self) -> int:
        return self.intuit.calls("tokens/bearer")


@pytest.fixture(scope="module")
def own_platform() -> Iterator[LocalPlatform]:
    """Apart from the other tests': processes are killed here."""
    with (
        temporary_home() as home,
        LocalPlatform(home, services=("auth",), overrides={"auth": QUICK}, durable=False) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def second_process(own_platform: LocalPlatform) -> Iterator[str]:
    """Another `python -m auth` with the settings of the first; the address of its gRPC port."""
    ports = []
    for _ in range(2):
        with socket.create_server(("127.0.0.1", 0)) as free:
            ports.append(free.getsockname()[1])
    told = own_platform.environment("auth") | {
        "GRPC_LISTEN": f"127.0.0.1:{ports[0]}",
        "HTTP_LISTEN": f"127.0.0.1:{ports[1]}",
    }
    process = subprocess.Popen((sys.executable, "-m", "auth"), env={**os.environ, **told}, stderr=subprocess.DEVNULL)
    try:
        with requests.Session() as session:
            session.trust_env = False
            _wait_ready(session, f"http://127.0.0.1:{ports[1]}/readyz")
        yield f"127.0.0.1:{ports[0]}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait_ready(session: requests.Session, url: str) -> None:
    import time

    for _ in range(300):
        try:
            if session.get(url, timeout=2).status_code == 200:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise AssertionError("the second process never became ready")


@pytest.fixture
async def pair(own_platform: LocalPlatform, second_process: str) -> AsyncIterator[Pair]:
    writer = ServiceIdentity.load("qbo-writer", keys.identity_key(own_platform.home, "qbo-writer"))
    async with AsyncExitStack() as stack:
        session = stack.enter_context(requests.Session())
        session.trust_env = False
        intuit = Intuit(own_platform.urls["intuit-sandbox"], session)
        intuit.calm()
        database = stack.enter_context(
            psycopg.connect(own_platform.environment("auth")["DATABASE_URL"], autocommit=True)
        )
        stubs = []
        for address in (own_platform.urls["auth-grpc"], second_process):
            channel = await stack.enter_async_context(rpc.channel(address, writer, "auth", [CREDENTIALS]))
            stubs.append(credentials_pb2_grpc.CredentialsServiceStub(channel))
        made = Pair(own_platform, intuit, stubs, database, await _connected(own_platform, intuit, database))
        intuit.calm()
        yield made


async def _connected(platform: LocalPlatform, intuit: Intuit, database: psycopg.Connection[Any]) -> str:
    """The Business that is bound to the company; its owner signs up once and consents anew for each test."""
    async with calling_as(platform, "gateway") as gateway:
        known = database.execute("SELECT email FROM person").fetchone()
        if known is None:
            asked = people_pb2.SignUpRequest(email="pair@example.test", password=PASSWORD, business_name="B")
            token = (await gateway.people.SignUp(asked)).session_token
        else:
            token = (
                await gateway.people.SignIn(people_pb2.SignInRequest(email=known[0], password=PASSWORD))
            ).session_token
        owner = await gateway.people.ResolveSession(people_pb2.ResolveSessionRequest(session_token=token))
        metadata = rpc.on_behalf_of(owner.caller_token)
        started = await gateway.credentials.StartQuickBooksConnect(
            pb.StartQuickBooksConnectRequest(session_id=owner.session_id), metadata=metadata
        )
        back = await asyncio.to_thread(intuit.consent, started.authorize_url, CRAIG)
        finish = pb.FinishQuickBooksConnectRequest(
            session_id=owner.session_id, state=back["state"], code=back["code"], realm_id=back["realmId"]
        )
        await gateway.credentials.FinishQuickBooksConnect(finish, metadata=metadata)
        return owner.current.business_id


async def test_a_slow_token_endpoint_is_called_once_for_each_expiry(pair: Pair) -> None:
    pair.intuit.post("knobs", refresh_rotation_age=0, refresh_grace=0)  # the former token is dead at once
    for expiry in (1, 2, 3):
        pair.intuit.fault("delay", surface="token", seconds=0.8)
        pair.sql(EXPIRE)
        assert len(await pair.all_ask()) == 1
        assert pair.token_calls() == expiry
    assert pair.told() == ["active"]


async def test_a_crashing_token_endpoint_loses_no_token_and_marks_nobody(pair: Pair) -> None:
    pair.intuit.post("knobs", refresh_rotation_age=0)
    pair.sql(EXPIRE)
    for answer in ("status_500", "cut_before", "html_503", "cut_after"):
        pair.intuit.fault(answer, surface="token")
    assert len(await pair.all_ask()) == 1
    # One call after the other: each failed one was tried once, by one caller, and the last one succeeded.
    assert pair.token_calls() == 5
    assert pair.told() == ["active"]
    assert pair.sql("SELECT refresh_failures FROM credential") == [(0,)]


async def test_a_token_that_rotates_twice_leaves_both_processes_with_the_newest(pair: Pair) -> None:
    pair.intuit.post("knobs", refresh_rotation_age=0)
    for _ in range(2):
        pair.sql(EXPIRE)
        # Intuit answers, the answer is lost, and its refresh token has rotated: the former one is shown again.
        pair.intuit.fault("cut_after", surface="token")
        assert len(await pair.all_ask()) == 1
    assert pair.token_calls() == 4
    assert pair.told() == ["active"]
    pair.intuit.post("knobs", refresh_rotation_age=86400)
    pair.sql(EXPIRE)
    assert len(await pair.all_ask()) == 1
    assert pair.told() == ["active"]


async def test_a_process_killed_between_intuits_answer_and_the_commit_is_survived_by_the_other(pair: Pair) -> None:
    pair.intuit.post("knobs", refresh_rotation_age=0)
    pair.sql(EXPIRE)
    before = pair.sql("SELECT refresh_fence, version FROM credential")[0]
    pair.intuit.fault("delay", surface="token", seconds=0.6)
    request = pb.IssueAccessTokenRequest(business_id=pair.business_id, provider=provider_pb2.PROVIDER_QUICKBOOKS)
    lost = asyncio.ensure_future(pair.stubs[0].IssueAccessToken(request))
    await until(lambda: bool(pair.sql("SELECT refresh_fence FROM credential")[0][0] > before[0]))
    await asyncio.to_thread(pair.platform.kill, "auth")
    with pytest.raises(grpc.aio.AioRpcError):
        await lost
    answer = await pair.ask(1)  # by the process that lives, once the dead one's lease has run out
    assert answer.version == before[1] + 1
    assert pair.told() == ["active"]
    await asyncio.to_thread(pair.platform.wait_ready, "auth")
    assert (await pair.ask(0)).version == answer.version
