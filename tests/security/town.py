"""Two Businesses on one running platform: ours with people of every role, and another one whose owner is curious."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest

from ledgerport.auth.v1 import people_pb2, people_pb2_grpc
from ledgerport.common.v1 import access_pb2
from ledgerport_libs.identity import Person, ServiceIdentity
from ledgerport_libs.rpc import PERSON_METADATA
from ledgerport_local import keys
from ledgerport_local.demo import REALM, SHOP, Stage, set_the_stage
from ledgerport_local.demo_account import DemoAccount, sign_up
from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import Visitor

PASSWORD = "a long enough passphrase 77"
ROLES = {
    "Viewer": access_pb2.ROLE_VIEWER,
    "Bookkeeper": access_pb2.ROLE_BOOKKEEPER,
    "Admin": access_pb2.ROLE_ADMIN,
    "Owner": access_pb2.ROLE_OWNER,
}
OTHER = "Other owner"


@dataclass
class Somebody:
    """A person as the services and as the pages see them."""

    person: Person
    visitor: Visitor


@dataclass
class Ours:
    """What the walks need: who calls, and what must never be seen by the other Business."""

    platform: LocalPlatform
    people: dict[str, Somebody]
    business_id: str
    ids: list[str] = field(default_factory=list)
    markers: list[str] = field(default_factory=list)

    def identity(self, service: str) -> ServiceIdentity:
        return ServiceIdentity.load(service, keys.identity_key(self.platform.home, service))

    def as_person(self, who: str, audience: str) -> list[tuple[str, str]]:
        token, _ = self.identity("auth").token_of_person(self.people[who].person)
        return [*self.as_service("gateway", audience), (PERSON_METADATA, token)]

    def as_service(self, service: str, audience: str) -> list[tuple[str, str]]:
        return [("authorization", f"Bearer {self.identity(service).token_for(audience)}")]

    def leaked(self, text: str) -> list[str]:
        """What of ours is in a text."""
        return [marker for marker in self.markers if marker in text]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """The demo owner's Business is ours: both connections made, orders booked."""
    with temporary_home() as home, LocalPlatform(home, durable=False) as platform:
        made = set_the_stage(platform)
        placed = made.shopify("orders", shop=SHOP, count=3, seed=5, mix="sale")
        ends = time.monotonic() + 60
        while not _all_booked(made, len(placed["ids"])):
            assert time.monotonic() < ends, "the orders were not booked"
            time.sleep(0.3)
        yield made
        made.visitor.browser.close()


def _all_booked(stage: Stage, orders: int) -> bool:
    """Nothing moves any more, so that a change during the walks can only come from them."""
    counts = stage.visitor.api("summary")["counts"]
    synced = sum(row["count"] for row in counts if row["kind"] == "ORDER" and row["status"] == "SYNCED")
    return synced == orders and not any(row["status"] == "PENDING" for row in counts)


@pytest.fixture(scope="module")
def ours(stage: Stage) -> Iterator[Ours]:
    platform = stage.platform
    session = platform.home.secret("demo-password")
    owner_ticket = _auth(platform, "SignIn", people_pb2.SignInRequest(email="owner@demo.test", password=session))
    owner = _resolved(platform, owner_ticket.session_token)
    people = {"Owner": Somebody(owner, stage.visitor)}
    for name, role in ROLES.items():
        if name != "Owner":
            people[name] = _member(platform, owner, name, role)
    sign_up(platform, DemoAccount("curious@other.test", PASSWORD), name="Eve", business="Another Shop")
    people[OTHER] = _signed_in(platform, "curious@other.test")
    made = Ours(platform, people, owner.business_id)
    records = stage.visitor.api("records")
    made.ids = [owner.business_id, *(somebody.person.user_id for who, somebody in people.items() if who != OTHER)]
    made.ids += [str(row["id"]) for row in records.get("records", []) if isinstance(row, dict) and "id" in row]
    emails = [somebody.person.email for who, somebody in people.items() if who != OTHER]
    made.markers = [*made.ids, *emails, REALM, "Design and Landscaping", "northwind", "Northwind"]
    yield made
    for who, somebody in people.items():
        if who != "Owner":
            somebody.visitor.browser.close()


def _auth(platform: LocalPlatform, method: str, request: Any, person: Person | None = None) -> Any:
    gateway = ServiceIdentity.load("gateway", keys.identity_key(platform.home, "gateway"))
    metadata = [("authorization", f"Bearer {gateway.token_for('auth')}")]
    if person is not None:
        auth = ServiceIdentity.load("auth", keys.identity_key(platform.home, "auth"))
        metadata.append((PERSON_METADATA, auth.token_of_person(person)[0]))
    with grpc.insecure_channel(platform.urls["auth-grpc"]) as channel:
        return getattr(people_pb2_grpc.PeopleServiceStub(channel), method)(request, metadata=metadata, timeout=20)


def _resolved(platform: LocalPlatform, session_token: str) -> Person:
    known = _auth(platform, "ResolveSession", people_pb2.ResolveSessionRequest(session_token=session_token))
    role = access_pb2.Role.ValueType(known.current.role)
    return Person(known.person.user_id, known.person.email, known.current.business_id, role, known.session_id)


def _member(platform: LocalPlatform, owner: Person, name: str, role: access_pb2.Role.ValueType) -> Somebody:
    email = f"{name.lower()}@ours.test"
    request = people_pb2.InviteMemberRequest(email=email, role=role)
    invited = _auth(platform, "InviteMember", request, owner)
    sign_up(platform, DemoAccount(email, PASSWORD), name=name, invitation=invited.invitation_token)
    return _signed_in(platform, email)


def _signed_in(platform: LocalPlatform, email: str) -> Somebody:
    visitor = Visitor(platform.urls["page"])
    visitor.sign_in(email, PASSWORD)
    ticket = _auth(platform, "SignIn", people_pb2.SignInRequest(email=email, password=PASSWORD))
    return Somebody(_resolved(platform, ticket.session_token), visitor)
