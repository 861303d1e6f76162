"""API tokens: made on the Team page, taken by /api and by every gRPC service, and worth nothing once they are over."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, LiteralString

import grpc
import psycopg
import pytest
import requests
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from ledgerport.auth.v1 import api_tokens_pb2, api_tokens_pb2_grpc, people_pb2, people_pb2_grpc
from ledgerport.common.v1 import access_pb2
from ledgerport.connections.v1 import connections_pb2, connections_pb2_grpc
from ledgerport.qbo_writer.v1 import records_pb2, records_pb2_grpc
from ledgerport_libs.errors import error_of
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import Visitor

SignUp = Callable[[str], Visitor]


def make(visitor: Visitor, role: str, days: str = "7", name: str = "nightly") -> str:
    page = visitor.submit(visitor.get("/team/tokens"), "/team/tokens", name=name, role=role, days=days)
    found = re.search(r'value="(lp_[\w-]{43})"', page.text)
    assert found, page.text
    assert found[1] not in visitor.get("/team/tokens").text, "it is shown once"
    return found[1]


def call(visitor: Visitor, path: str, token: str, method: str = "GET") -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.request(method, f"{visitor.page_url}/api/{path}", headers=headers, timeout=10)


@asynccontextmanager
async def plain(platform: LocalPlatform, service: str) -> AsyncIterator[grpc.aio.Channel]:
    """What anybody has who knows the address and the protos."""
    async with grpc.aio.insecure_channel(platform.urls[f"{service}-grpc"]) as channel:
        yield channel


async def exchanged(platform: LocalPlatform, token: str) -> tuple[tuple[str, str], ...]:
    async with plain(platform, "auth") as channel:
        stub = api_tokens_pb2_grpc.ApiTokensServiceStub(channel)
        answer = await stub.ExchangeApiToken(api_tokens_pb2.ExchangeApiTokenRequest(api_token=token))
        return (("authorization", f"Bearer {answer.caller_token}"),)


async def reason(call: Any) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return error_of(refused.value).reason


def change(platform: LocalPlatform, statement: LiteralString) -> None:
    with psycopg.connect(platform.environment("auth")["DATABASE_URL"], autocommit=True) as database:
        database.execute(statement)


async def test_a_plain_grpc_client_reads_what_its_role_may_and_changes_nothing_above_it(
    platform: LocalPlatform, owner: Visitor
) -> None:
    proof = await exchanged(platform, make(owner, "viewer"))
    async with plain(platform, "qbo-writer") as writer, plain(platform, "connections") as connections:
        records = records_pb2_grpc.RecordsServiceStub(writer)
        listed = await records.ListRecords(records_pb2.ListRecordsRequest(), metadata=proof)
        assert len(listed.records) == len(owner.api("records")["records"])
        assert await reason(records.RetryAll(records_pb2.RetryAllRequest(), metadata=proof)) == "NOT_ALLOWED"
        cards = connections_pb2_grpc.ConnectionsServiceStub(connections)
        listing = await cards.ListConnections(connections_pb2.ListConnectionsRequest(), metadata=proof)
        assert any(each.account_id == "9341450000000001" for each in listing.connections)
        assert await reason(cards.PauseSync(connections_pb2.PauseSyncRequest(), metadata=proof)) == "NOT_ALLOWED"


async def test_reflection_answers_a_token_and_nobody_without_one(platform: LocalPlatform, owner: Visitor) -> None:
    proof = await exchanged(platform, make(owner, "viewer"))
    async with plain(platform, "qbo-writer") as channel:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)  # type: ignore[arg-type] # an aio channel will do
        wanted = reflection_pb2.ServerReflectionRequest(list_services="")
        names = [
            each.name
            async for answer in stub.ServerReflectionInfo(iter([wanted]), metadata=proof)
            for each in answer.list_services_response.service
        ]
        assert "ledgerport.qbo_writer.v1.RecordsService" in names
        # The door is shut before anything is asked: what a client still writes into an ended call is its own trouble.
        assert await stub.ServerReflectionInfo().code() == grpc.StatusCode.UNAUTHENTICATED


async def test_a_token_acts_in_its_own_business_only(platform: LocalPlatform, owner: Visitor, sign_up: SignUp) -> None:
    other = sign_up("orla")
    proof = await exchanged(platform, make(other, "admin"))
    async with plain(platform, "qbo-writer") as writer, plain(platform, "connections") as connections:
        records = records_pb2_grpc.RecordsServiceStub(writer)
        assert list((await records.ListRecords(records_pb2.ListRecordsRequest(), metadata=proof)).records) == []
        cards = connections_pb2_grpc.ConnectionsServiceStub(connections)
        listing = await cards.ListConnections(connections_pb2.ListConnectionsRequest(), metadata=proof)
        assert not any(each.account_id for each in listing.connections)
    assert call(other, "me", make(other, "viewer")).json()["business"] == other.api("me")["business"]


async def test_no_token_touches_people_passwords_or_tokens(platform: LocalPlatform, owner: Visitor) -> None:
    proof = await exchanged(platform, make(owner, "admin"))
    async with plain(platform, "auth") as channel:
        people = people_pb2_grpc.PeopleServiceStub(channel)
        tokens = api_tokens_pb2_grpc.ApiTokensServiceStub(channel)
        for refused in (
            people.InviteMember(
                people_pb2.InviteMemberRequest(email="x@y.test", role=access_pb2.ROLE_VIEWER), metadata=proof
            ),
            people.ChangePassword(people_pb2.ChangePasswordRequest(), metadata=proof),
            people.ListSessions(people_pb2.ListSessionsRequest(), metadata=proof),
            people.CreateBusiness(people_pb2.CreateBusinessRequest(name="X"), metadata=proof),
            tokens.CreateApiToken(api_tokens_pb2.CreateApiTokenRequest(name="x", days=1), metadata=proof),
            people.SignIn(people_pb2.SignInRequest(), metadata=proof),
        ):
            assert await reason(refused) == "NOT_ALLOWED"
        assert (await people.ListMembers(people_pb2.ListMembersRequest(), metadata=proof)).members


async def test_what_is_over_revoked_or_made_up_is_worth_nothing(platform: LocalPlatform, owner: Visitor) -> None:
    over, revoked = make(owner, "viewer", name="over"), make(owner, "viewer", name="revoked")
    change(platform, "UPDATE api_token SET expires_at = now() WHERE name = 'over'")
    page = owner.get("/team/tokens")
    row = page.text.partition(">revoked</th>")[2]
    action = re.search(r'action="(/team/tokens/[^"]+/revoke)"', row)
    assert action
    assert "That token is revoked" in owner.submit(page, action[1]).text
    async with plain(platform, "auth") as channel:
        stub = api_tokens_pb2_grpc.ApiTokensServiceStub(channel)
        for token in (over, revoked, "lp_" + "x" * 43, "", "x" * 5000, "lp_é"):
            request = api_tokens_pb2.ExchangeApiTokenRequest(api_token=token)
            assert await reason(stub.ExchangeApiToken(request)) == "API_TOKEN_INVALID"
    for token in (over, revoked, "lp_" + "x" * 43, "x"):
        assert call(owner, "me", token).status_code == 401


async def test_a_caller_token_never_outlives_its_api_token_or_a_minute(platform: LocalPlatform, owner: Visitor) -> None:
    token = make(owner, "viewer", name="short")
    async with plain(platform, "auth") as channel:
        stub = api_tokens_pb2_grpc.ApiTokensServiceStub(channel)
        lives = []
        for shorten in (
            "UPDATE api_token SET expires_at = now() + interval '20 seconds' WHERE name = 'short'",
            "UPDATE api_token SET expires_at = now() + interval '1 day' WHERE name = 'short'",
        ):
            change(platform, shorten)
            with psycopg.connect(platform.environment("auth")["DATABASE_URL"], autocommit=True) as database:
                row = database.execute("SELECT extract(epoch FROM now())::float").fetchone()
            assert row
            answer = await stub.ExchangeApiToken(api_tokens_pb2.ExchangeApiTokenRequest(api_token=token))
            lives.append(answer.expires_at.seconds - row[0])
    assert lives[0] <= 21
    assert lives[1] <= 61


@pytest.mark.parametrize("bearer", ["lp_not-exchanged", "person", "service-less"])
async def test_only_an_exchanged_api_token_is_taken_by_a_service_directly(
    platform: LocalPlatform, owner: Visitor, bearer: str
) -> None:
    async with plain(platform, "qbo-writer") as channel:
        records = records_pb2_grpc.RecordsServiceStub(channel)
        token = make(owner, "viewer") if bearer.startswith("lp_") else bearer
        metadata = (("authorization", f"Bearer {token}"),)
        assert await reason(records.ListRecords(records_pb2.ListRecordsRequest(), metadata=metadata)) == "NOT_SIGNED_IN"
        proof = await exchanged(platform, make(owner, "viewer"))
        both = (*proof, ("x-ledgerport-person", proof[0][1].partition(" ")[2]))
        assert await reason(records.ListRecords(records_pb2.ListRecordsRequest(), metadata=both)) == "NOT_SIGNED_IN"


def test_the_json_api_takes_a_token_without_cookie_or_form_token(owner: Visitor) -> None:
    token = make(owner, "admin", name="http")
    me = call(owner, "me", token).json()
    assert (me["role"], "csrf_token" in me) == ("ADMIN", False)
    assert call(owner, "connections/quickbooks/resume", token, "POST").status_code == 200
    viewer = make(owner, "viewer")
    refused = call(owner, "connections/quickbooks/pause", viewer, "POST")
    assert (refused.status_code, refused.json()["error"]["reason"]) == (403, "NOT_ALLOWED")
    assert "http" in owner.get("/team/tokens").text


def test_a_token_opens_no_page_and_a_wrong_one_is_not_passed_over_for_a_cookie(owner: Visitor) -> None:
    token = make(owner, "admin")
    page = requests.get(
        f"{owner.page_url}/team", headers={"Authorization": f"Bearer {token}"}, allow_redirects=False, timeout=10
    )
    assert page.status_code == 303
    answer = owner.browser.get(f"{owner.page_url}/api/me", headers={"Authorization": "Bearer lp_wrong"}, timeout=10)
    assert answer.status_code == 401


def test_nobody_makes_a_token_above_their_own_role(owner: Visitor, viewer: Visitor) -> None:
    token = {"csrf_token": viewer.api("me")["csrf_token"], "name": "x", "role": "viewer", "days": "7"}
    assert viewer.browser.post(f"{viewer.page_url}/team/tokens", data=token, timeout=10).status_code == 403
    for fields in ({"role": "owner"}, {"days": "367"}, {"days": "x"}, {"name": ""}, {"name": "x" * 61}):
        chosen = {"name": "x", "role": "viewer", "days": "7"} | fields
        answer = owner.submit(owner.get("/team/tokens"), "/team/tokens", **chosen)
        assert answer.status_code == 400, fields
