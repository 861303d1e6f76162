"""A database for each test, and the two services with their stand-ins for what crosses between them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from ledgerport.auth.v1 import credentials_pb2, credentials_pb2_grpc, people_pb2, people_pb2_grpc
from ledgerport.connections.v1 import connections_pb2, connections_pb2_grpc
from ledgerport_libs import rpc
from ledgerport_libs.identity import ServiceIdentity
from ledgerport_local import keys
from ledgerport_local.local_platform import LocalPlatform

CRAIG, HARBOR, THISTLE = "9341450000000001", "9341450000000002", "9341450000000003"
PASSWORD = "correct horse battery"
LEASE_MS = 300
OVERRIDES = {
    "auth": {"PROVIDER_TIMEOUT": "1.5", "REFRESH_LEASE_SECONDS": "3.5", "JUST_ISSUED_SECONDS": "0"},
    "connections": {
        "LEASE_MS": str(LEASE_MS),
        "LEASE_MARGIN_MS": "50",
        "PROBE_SECONDS": "0.5",
        "PROBE_LOOK_SECONDS": "0.1",
        "REVOKE_RETRY_SECONDS": "0.5",
    },
}


@dataclass
class Person:
    session_id: str
    business_id: str
    metadata: tuple[tuple[str, str], ...]


@dataclass
class Town:
    """Both services as the gateway and the writer see them, and Intuit's side door."""

    platform: LocalPlatform
    people: people_pb2_grpc.PeopleServiceAsyncStub
    credentials: credentials_pb2_grpc.CredentialsServiceAsyncStub
    connections: connections_pb2_grpc.ConnectionsServiceAsyncStub
    writer_connections: connections_pb2_grpc.ConnectionsServiceAsyncStub
    session: requests.Session

    async def sign_up(self, email: str, invitation: str = "") -> Person:
        ticket = await self.people.SignUp(
            people_pb2.SignUpRequest(
                email=email, password=PASSWORD, business_name="" if invitation else "B", invitation_token=invitation
            )
        )
        known = await self.people.ResolveSession(people_pb2.ResolveSessionRequest(session_token=ticket.session_token))
        return Person(known.session_id, known.current.business_id, rpc.on_behalf_of(known.caller_token))

    async def connect(self, person: Person, realm: str) -> None:
        started = await self.credentials.StartQuickBooksConnect(
            credentials_pb2.StartQuickBooksConnectRequest(session_id=person.session_id), metadata=person.metadata
        )
        back = self._consent(started.authorize_url, realm)
        await self.credentials.FinishQuickBooksConnect(
            credentials_pb2.FinishQuickBooksConnectRequest(
                session_id=person.session_id, state=back["state"], code=back["code"], realm_id=back["realmId"]
            ),
            metadata=person.metadata,
        )

    async def quickbooks(self, person: Person) -> connections_pb2.Connection:
        listed = await self.connections.ListConnections(
            connections_pb2.ListConnectionsRequest(), metadata=person.metadata
        )
        return listed.connections[0]

    async def gate(self, person: Person) -> str | None:
        """The reason it is closed, empty when open, None where it was never heard of."""
        answer = await self.writer_connections.ReadGates(connections_pb2.ReadGatesRequest())
        return {gate.business_id: gate.reason for gate in answer.gates}.get(person.business_id)

    def intuit(self, path: str, **body: Any) -> None:
        url = f"{self.platform.urls['intuit-sandbox']}/_sandbox/{path}"
        self.session.post(url, json=body, timeout=10).raise_for_status()

    def _consent(self, authorize_url: str, realm: str) -> dict[str, str]:
        base = self.platform.urls["intuit-sandbox"]
        page = self.session.get(authorize_url, timeout=10).text
        form = {"email": "owner@sandbox.test", "password": "sandbox", "action": "signin", "flow": _flow(page)}
        page = self.session.post(f"{base}/connect/signin", data=form, timeout=10).text
        form = {"realm_id": realm, "action": "authorize", "flow": _flow(page)}
        back = self.session.post(f"{base}/connect/consent", data=form, timeout=10, allow_redirects=False)
        return {k: v[0] for k, v in parse_qs(urlsplit(back.headers["location"]).query).items()}


def _flow(page: str) -> str:
    found = re.search(r'name="flow" value="([^"]+)"', page)
    assert found, page
    return found.group(1)


@asynccontextmanager
async def town_of(platform: LocalPlatform) -> AsyncIterator[Town]:
    auth_services = [
        people_pb2.DESCRIPTOR.services_by_name["PeopleService"],
        credentials_pb2.DESCRIPTOR.services_by_name["CredentialsService"],
    ]
    own = [connections_pb2.DESCRIPTOR.services_by_name["ConnectionsService"]]

    def identity(service: str) -> ServiceIdentity:
        return ServiceIdentity.load(service, keys.identity_key(platform.home, service))

    async with AsyncExitStack() as stack:
        session = stack.enter_context(requests.Session())
        session.trust_env = False
        auth_url, own_url = platform.urls["auth-grpc"], platform.urls["connections-grpc"]
        gateway, writer = identity("gateway"), identity("qbo-writer")
        to_auth = await stack.enter_async_context(rpc.channel(auth_url, gateway, "auth", auth_services))
        to_own = await stack.enter_async_context(rpc.channel(own_url, gateway, "connections", own))
        by_writer = await stack.enter_async_context(rpc.channel(own_url, writer, "connections", own))
        yield Town(
            platform,
            people_pb2_grpc.PeopleServiceStub(to_auth),
            credentials_pb2_grpc.CredentialsServiceStub(to_auth),
            connections_pb2_grpc.ConnectionsServiceStub(to_own),
            connections_pb2_grpc.ConnectionsServiceStub(by_writer),
            session,
        )
