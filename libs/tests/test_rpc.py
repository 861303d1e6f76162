"""Every call has a proven caller, every method its rule, and every error a status that a program can branch on."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledgerport.common.v1 import access_pb2
from ledgerport.connections.v1 import connections_pb2, connections_pb2_grpc
from ledgerport.qbo_writer.v1 import records_pb2, records_pb2_grpc
from ledgerport.shopify_sync.v1 import intake_pb2, intake_pb2_grpc
from ledgerport_libs import rpc
from ledgerport_libs.database import Database, Queries
from ledgerport_libs.errors import NotSignedIn, Refused, error_of
from ledgerport_libs.identity import Person, ServiceIdentity, Verifier, caller_of_this_call, person_of_this_call

RECORDS = records_pb2.DESCRIPTOR.services_by_name["RecordsService"]
GATES = connections_pb2.DESCRIPTOR.services_by_name["ConnectionsService"]
INTAKE = intake_pb2.DESCRIPTOR.services_by_name["IntakeService"]
KEYS = {name: Ed25519PrivateKey.generate() for name in ("auth", "gateway", "qbo-writer", "here")}
VERIFIER = Verifier("here", {name: key.public_key() for name, key in KEYS.items()})
OWNER = Person("u1", "o@x.test", "b1", access_pb2.ROLE_OWNER, "s1")
VIEWER = Person("u2", "v@x.test", "b1", access_pb2.ROLE_VIEWER, "s2")


def identity(name: str) -> ServiceIdentity:
    return ServiceIdentity(name, KEYS[name])


class Records:
    """Does what a test asks for by the id of a record."""

    # Of a test that has one; and how often it was asked.
    database: Database | None = None
    asked = 0

    async def GetSummary(self, request: Any, context: Any) -> records_pb2.GetSummaryResponse:
        if self.database:
            self.asked += 1
            await self.database.ready()
        return records_pb2.GetSummaryResponse(counts=[records_pb2.StatusCount(count=42)])

    async def RetryRecord(self, request: Any, context: Any) -> records_pb2.RetryRecordResponse:
        if request.record_id == "refused":
            raise Refused("a detail for the log", say="Not in this state.", reason="NOT_IN_THIS_STATE")
        if request.record_id == "database":
            self.asked += 1
            await self.database.ready()  # type: ignore[union-attr]
        if request.record_id == "broken":
            raise RuntimeError("a secret of ours")
        reference = f"{caller_of_this_call().service} {person_of_this_call().email}"
        return records_pb2.RetryRecordResponse(record=records_pb2.RecordSummary(reference=reference))


class Gates:
    async def ReadGates(self, request: Any, context: Any) -> connections_pb2.ReadGatesResponse:
        return connections_pb2.ReadGatesResponse(version=7)


class Intake:
    async def SyncNow(self, request: Any, context: Any) -> intake_pb2.SyncNowResponse:
        return intake_pb2.SyncNowResponse()


def servicer(base: Any, part: type) -> Any:
    """The methods of `part`; whatever else the service has is not implemented."""
    whole = type(part.__name__, (part, base), {})
    whole.__abstractmethods__ = frozenset()  # type: ignore[attr-defined]
    return whole()


RECORDS_HERE = servicer(records_pb2_grpc.RecordsServiceServicer, Records)
GATES_HERE = servicer(connections_pb2_grpc.ConnectionsServiceServicer, Gates)
INTAKE_HERE = servicer(intake_pb2_grpc.IntakeServiceServicer, Intake)


@dataclass
class Server:
    """A served port and channels to it, closed at the end."""

    port: int
    channels: list[grpc.aio.Channel] = field(default_factory=list)

    def plain(self) -> grpc.aio.Channel:
        self.channels.append(grpc.aio.insecure_channel(f"127.0.0.1:{self.port}"))
        return self.channels[-1]

    def as_service(self, name: str, audience: str = "here") -> grpc.aio.Channel:
        self.channels.append(rpc.channel(f"127.0.0.1:{self.port}", identity(name), audience, [RECORDS, GATES]))
        return self.channels[-1]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    services = [
        (RECORDS, lambda server: records_pb2_grpc.add_RecordsServiceServicer_to_server(RECORDS_HERE, server)),
        (GATES, lambda server: connections_pb2_grpc.add_ConnectionsServiceServicer_to_server(GATES_HERE, server)),
        # Served, but without the rules of its proto: a method that nothing is said about.
        (GATES, lambda server: intake_pb2_grpc.add_IntakeServiceServicer_to_server(INTAKE_HERE, server)),
    ]
    async with rpc.serving_grpc("127.0.0.1:0", VERIFIER, services) as port:
        served = Server(port)
        yield served
        for channel in served.channels:
            await channel.close()


def person(who: Person, signer: str = "auth") -> tuple[tuple[str, str], ...]:
    return rpc.on_behalf_of(identity(signer).token_of_person(who)[0])


def retry(record_id: str = "x") -> records_pb2.RetryRecordRequest:
    return records_pb2.RetryRecordRequest(record_id=record_id)


async def refused(call: Any) -> tuple[grpc.StatusCode, str]:
    """The status and the reason of a call that must fail."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code(), error_of(caught.value).reason


async def test_a_person_with_the_role_may_call_and_is_known(server: Server) -> None:
    stub = records_pb2_grpc.RecordsServiceStub(server.as_service("gateway"))
    answer = await stub.RetryRecord(retry(), metadata=person(OWNER))
    assert answer.record.reference == "gateway o@x.test"


async def test_a_role_too_low_is_refused_where_a_change_is_asked_for(server: Server) -> None:
    stub = records_pb2_grpc.RecordsServiceStub(server.as_service("gateway"))
    assert (await stub.GetSummary(records_pb2.GetSummaryRequest(), metadata=person(VIEWER))).counts[0].count == 42
    denied = await refused(stub.RetryRecord(retry(), metadata=person(VIEWER)))
    assert denied == (grpc.StatusCode.PERMISSION_DENIED, "NOT_ALLOWED")


async def test_a_service_may_call_in_its_own_name_only_where_it_is_listed(server: Server) -> None:
    ask = connections_pb2.ReadGatesRequest()
    listed = connections_pb2_grpc.ConnectionsServiceStub(server.as_service("qbo-writer"))
    assert (await listed.ReadGates(ask)).version == 7
    other = connections_pb2_grpc.ConnectionsServiceStub(server.as_service("gateway"))
    assert await refused(other.ReadGates(ask)) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_ALLOWED")
    assert await refused(other.ReadGates(ask, metadata=person(OWNER))) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "NOT_ALLOWED",
    )


async def test_a_method_without_a_rule_is_closed_to_everybody(server: Server) -> None:
    stub = intake_pb2_grpc.IntakeServiceStub(server.as_service("gateway"))
    denied = await refused(stub.SyncNow(intake_pb2.SyncNowRequest(), metadata=person(OWNER)))
    assert denied == (grpc.StatusCode.PERMISSION_DENIED, "NOT_ALLOWED")


def signed(by: str, **claims: Any) -> str:
    now = int(time.time())
    return jwt.encode({"iss": by, "aud": "here", "exp": now + 60, **claims}, KEYS[by], algorithm="EdDSA")


FORGED = {
    "no credentials": None,
    "another scheme": "Basic abc",
    "no token": "Bearer ",
    "not a token": "Bearer abc.def.ghi",
    "expired": "Bearer " + signed("gateway", exp=int(time.time()) - 60),
    "for another service": "Bearer " + signed("gateway", aud="elsewhere"),
    "signed with another service's key": "Bearer "
    + jwt.encode(
        {"iss": "gateway", "aud": "here", "exp": int(time.time()) + 60}, KEYS["qbo-writer"], algorithm="EdDSA"
    ),
    "from a service nobody knows": "Bearer " + signed("gateway", iss="stranger"),
    "without an end": "Bearer " + jwt.encode({"iss": "gateway", "aud": "here"}, KEYS["gateway"], algorithm="EdDSA"),
    "unsigned": "Bearer " + jwt.encode({"iss": "gateway", "aud": "here", "exp": 9**10}, "", algorithm="none"),
    "a person's token instead of a service's": "Bearer " + identity("auth").token_of_person(OWNER)[0],
}


@pytest.mark.parametrize("how", FORGED)
async def test_who_does_not_prove_its_name_is_not_heard(server: Server, how: str) -> None:
    stub = records_pb2_grpc.RecordsServiceStub(server.plain())
    header = FORGED[how]
    metadata = (*((("authorization", header),) if header else ()), *person(OWNER))
    denied = await refused(stub.GetSummary(records_pb2.GetSummaryRequest(), metadata=metadata, timeout=5))
    assert denied == (grpc.StatusCode.UNAUTHENTICATED, "NOT_SIGNED_IN")


async def test_only_auth_can_vouch_for_a_person(server: Server) -> None:
    stub = records_pb2_grpc.RecordsServiceStub(server.as_service("gateway"))
    denied = await refused(stub.RetryRecord(retry(), metadata=person(OWNER, signer="gateway")))
    assert denied == (grpc.StatusCode.UNAUTHENTICATED, "NOT_SIGNED_IN")


async def test_an_error_we_can_explain_arrives_with_its_status_reason_and_sentence(server: Server) -> None:
    stub = records_pb2_grpc.RecordsServiceStub(server.as_service("gateway"))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.RetryRecord(retry("refused"), metadata=person(OWNER))
    error = error_of(caught.value)
    assert isinstance(error, Refused)
    assert (error.reason, error.say) == ("NOT_IN_THIS_STATE", "Not in this state.")
    assert "a detail for the log" not in str(caught.value)


async def test_an_error_we_cannot_explain_tells_nothing(server: Server) -> None:
    stub = records_pb2_grpc.RecordsServiceStub(server.as_service("gateway"))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.RetryRecord(retry("broken"), metadata=person(OWNER))
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert error_of(caught.value).reason == "INTERNAL"
    assert "secret" not in str(caught.value)


@pytest.fixture
async def restarted(empty: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """The database of the records here, which has just ended the connection that is held to it."""
    database = Database(empty, Queries())
    await database.open()
    await database.ready()
    with psycopg.connect(empty, autocommit=True) as operator:
        everybody = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        operator.execute(f"SELECT pg_terminate_backend(pid, 5000) {everybody}")
    monkeypatch.setattr(RECORDS_HERE, "database", database)
    monkeypatch.setattr(RECORDS_HERE, "asked", 0)
    yield database
    await database.close()


async def test_a_read_that_meets_a_restarted_database_is_answered_all_the_same(
    server: Server, restarted: Database
) -> None:
    stub = records_pb2_grpc.RecordsServiceStub(server.as_service("gateway"))
    answer = await stub.GetSummary(records_pb2.GetSummaryRequest(), metadata=person(VIEWER))
    assert answer.counts[0].count == 42
    assert RECORDS_HERE.asked > 1


async def test_a_change_that_meets_a_restarted_database_is_passing_trouble_and_not_repeated(
    server: Server, restarted: Database
) -> None:
    stub = records_pb2_grpc.RecordsServiceStub(server.as_service("gateway"))
    met = await refused(stub.RetryRecord(retry("database"), metadata=person(OWNER)))
    assert met == (grpc.StatusCode.UNAVAILABLE, "PASSING_TROUBLE")
    assert RECORDS_HERE.asked == 1


async def test_a_method_that_is_not_implemented_says_so(server: Server) -> None:
    stub = records_pb2_grpc.RecordsServiceStub(server.as_service("gateway"))
    code, _ = await refused(stub.RetryAll(records_pb2.RetryAllRequest(), metadata=person(OWNER)))
    assert code in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INTERNAL)


def test_a_token_is_made_anew_long_before_it_ends() -> None:
    token = identity("gateway").token_for("here")
    assert VERIFIER.service(token) == "gateway"
    with pytest.raises(NotSignedIn):
        VERIFIER.person(token)


def test_a_proven_token_is_not_believed_for_another_purpose() -> None:
    token = identity("auth").token_of_person(OWNER)[0]
    assert VERIFIER.person(token) == OWNER
    with pytest.raises(NotSignedIn):
        VERIFIER.service(token)
