"""The running service: who may call, and what a kill at the worst moment leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import psycopg
import pytest

from ledgerport.auth.v1 import credentials_pb2, credentials_pb2_grpc, people_pb2, people_pb2_grpc
from ledgerport.common.v1 import access_pb2, provider_pb2
from ledgerport_libs import rpc
from ledgerport_libs.errors import error_of
from ledgerport_libs.identity import ServiceIdentity
from ledgerport_local import keys
from ledgerport_local.local_platform import LocalPlatform
from tests.auth_office import CRAIG, PASSWORD, Intuit, until

PEOPLE = people_pb2.DESCRIPTOR.services_by_name["PeopleService"]
CREDENTIALS = credentials_pb2.DESCRIPTOR.services_by_name["CredentialsService"]


@dataclass
class Doors:
    people: people_pb2_grpc.PeopleServiceAsyncStub
    credentials: credentials_pb2_grpc.CredentialsServiceAsyncStub


@asynccontextmanager
async def calling_as(platform: LocalPlatform, service: str) -> AsyncIterator[Doors]:
    identity = ServiceIdentity.load(service, keys.identity_key(platform.home, service))
    async with rpc.channel(platform.urls["auth-grpc"], identity, "auth", [PEOPLE, CREDENTIALS]) as channel:
        yield Doors(people_pb2_grpc.PeopleServiceStub(channel), credentials_pb2_grpc.CredentialsServiceStub(channel))


async def signed_in(doors: Doors, email: str, invitation: str = "") -> people_pb2.ResolveSessionResponse:
    ticket = await doors.people.SignUp(
        people_pb2.SignUpRequest(
            email=email, password=PASSWORD, business_name="" if invitation else "B", invitation_token=invitation
        )
    )
    return await doors.people.ResolveSession(people_pb2.ResolveSessionRequest(session_token=ticket.session_token))


async def refusal(call: Any) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return error_of(refused.value).reason


async def test_roles_and_service_names_decide_who_may_call(platform: LocalPlatform) -> None:
    async with calling_as(platform, "gateway") as gateway, calling_as(platform, "qbo-writer") as writer:
        owner = await signed_in(gateway, "roles-owner@example.test")
        for_owner = rpc.on_behalf_of(owner.caller_token)
        invited = await gateway.people.InviteMember(
            people_pb2.InviteMemberRequest(email="roles-viewer@example.test", role=access_pb2.ROLE_VIEWER),
            metadata=for_owner,
        )
        viewer = await signed_in(gateway, "roles-viewer@example.test", invited.invitation_token)
        for_viewer = rpc.on_behalf_of(viewer.caller_token)
        start = credentials_pb2.StartQuickBooksConnectRequest(session_id=viewer.session_id)
        assert await refusal(gateway.credentials.StartQuickBooksConnect(start, metadata=for_viewer)) == "NOT_ALLOWED"
        members = await gateway.people.ListMembers(people_pb2.ListMembersRequest(), metadata=for_viewer)
        assert len(members.members) == 2
        issue = credentials_pb2.IssueAccessTokenRequest(
            business_id=owner.current.business_id, provider=provider_pb2.PROVIDER_QUICKBOOKS
        )
        assert await refusal(gateway.credentials.IssueAccessToken(issue)) == "NOT_ALLOWED"
        assert await refusal(gateway.credentials.IssueAccessToken(issue, metadata=for_owner)) == "NOT_ALLOWED"
        assert await refusal(writer.credentials.IssueAccessToken(issue)) == "NOT_CONNECTED"
        revoke = credentials_pb2.RevokeTokensRequest(business_id=owner.current.business_id)
        assert await refusal(writer.credentials.RevokeTokens(revoke)) == "NOT_ALLOWED"


async def test_a_kill_between_intuits_answer_and_the_commit_asks_nobody_to_sign_in(
    platform: LocalPlatform, intuit: Intuit
) -> None:
    intuit.post("knobs", refresh_rotation_age=0)
    async with calling_as(platform, "gateway") as gateway, calling_as(platform, "qbo-writer") as writer:
        owner = await signed_in(gateway, "killed@example.test")
        metadata = rpc.on_behalf_of(owner.caller_token)
        started = await gateway.credentials.StartQuickBooksConnect(
            credentials_pb2.StartQuickBooksConnectRequest(session_id=owner.session_id), metadata=metadata
        )
        back = await asyncio.to_thread(intuit.consent, started.authorize_url, CRAIG)
        await gateway.credentials.FinishQuickBooksConnect(
            credentials_pb2.FinishQuickBooksConnectRequest(
                session_id=owner.session_id, state=back["state"], code=back["code"], realm_id=back["realmId"]
            ),
            metadata=metadata,
        )
        business = owner.current.business_id
        url = platform.environment("auth")["DATABASE_URL"]
        with psycopg.connect(url, autocommit=True) as database:
            database.execute("UPDATE credential SET expires_at = now(), issued_at = now() - interval '1 hour'")
            before = intuit.calls("tokens/bearer")
            intuit.fault("delay", surface="token", seconds=0.6)
            request = credentials_pb2.IssueAccessTokenRequest(
                business_id=business, provider=provider_pb2.PROVIDER_QUICKBOOKS
            )
            lost = asyncio.ensure_future(writer.credentials.IssueAccessToken(request))
            await until(lambda: not intuit.faults_waiting())
            # Intuit is at work on the answer: it will rotate the token for a caller that is gone.
            await asyncio.to_thread(platform.kill, "auth")
            with pytest.raises(grpc.aio.AioRpcError):
                await lost
            await until(lambda: intuit.calls("tokens/bearer") > before)
            await asyncio.to_thread(platform.wait_ready, "auth")
            issued = await _eventually_issued(writer, request)
            assert (issued.version, issued.account) == (2, CRAIG)
            assert database.execute("SELECT state FROM credential").fetchone() == ("active",)
        log = platform.log("auth").read_text()
        assert "token_refreshed" in log
        assert _holds_no_secret(log, issued.access_token, back["code"], back["state"])


async def _eventually_issued(
    writer: Doors, request: credentials_pb2.IssueAccessTokenRequest
) -> credentials_pb2.IssueAccessTokenResponse:
    for _ in range(200):
        try:
            return await writer.credentials.IssueAccessToken(request)
        except grpc.aio.AioRpcError as failure:
            if failure.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            await asyncio.sleep(0.1)
    raise AssertionError("it never recovered")


def _holds_no_secret(log: str, *secrets: str) -> bool:
    return not any(shape in log for shape in ("RT1-", "eyJlbmMi", "AB11", PASSWORD, *secrets))
