"""auth without its doors for tests, and people who walk through the stand-ins' consent pages."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import requests

from auth.main import QUERIES, Desks
from auth.quickbooks_connecting import Callback, Connected
from auth.settings import Settings
from ledgerport.events.v1 import auth_pb2
from ledgerport_libs.bus import CREDENTIALS, OutboxRelay
from ledgerport_libs.database import Database
from ledgerport_libs.identity import Person

CRAIG, HARBOR = "9341450000000001", "9341450000000002"
PASSWORD = "correct horse battery"
QUICK = {"PROVIDER_TIMEOUT": "1.5", "REFRESH_LEASE_SECONDS": "3.5", "HOUSEKEEPING_SECONDS": "0.5"}
KNOBS = {
    "refresh_rotation_age": 86400,
    "refresh_grace": 86400,
    "requests_per_minute": 0,
    "requests_per_second": 0,
    "concurrent_requests": 0,
}


@dataclass
class Intuit:
    """The stand-in's side door, and a person with a browser before its pages."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def post(self, path: str, **body: Any) -> Any:
        answer = self.session.post(f"{self.url}/_sandbox/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def tokens(self, realm: str, action: str, **more: Any) -> None:
        self.post(f"companies/{realm}/tokens", action=action, **more)

    def fault(self, answer: str, **more: Any) -> None:
        self.post("faults", answer=answer, **more)

    def faults_waiting(self) -> bool:
        """Whether an ordered failure has not met its call yet."""
        waiting = self.session.get(f"{self.url}/_sandbox/faults", timeout=10).json()
        return bool(waiting if isinstance(waiting, list) else waiting.get("faults", waiting))

    def calls(self, path: str) -> int:
        """How often a path was called since the counters were at zero."""
        seen = self.session.get(f"{self.url}/_sandbox/requests", timeout=10).json()["by_path"]
        return sum(int(count) for key, count in seen.items() if path in key)

    def calm(self) -> None:
        self.session.delete(f"{self.url}/_sandbox/faults", timeout=10)
        self.session.delete(f"{self.url}/_sandbox/requests", timeout=10)
        self.post("knobs", **KNOBS)

    def consent(self, authorize_url: str, realm: str, action: str = "authorize") -> dict[str, str]:
        """Sign in, choose a company, decide; what the browser brings back."""
        form = {
            "flow": _flow(self.session.get(authorize_url, timeout=10).text),
            "email": "owner@sandbox.test",
            "password": "sandbox",
            "action": "signin",
        }
        page = self.session.post(f"{self.url}/connect/signin", data=form, timeout=10)
        form = {"flow": _flow(page.text), "realm_id": realm, "action": action}
        back = self.session.post(f"{self.url}/connect/consent", data=form, timeout=10, allow_redirects=False)
        return query_of(back.headers["location"])


async def until(true: Callable[[], bool]) -> None:
    """Look again and again, for ten seconds at most."""
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


def _flow(page: str) -> str:
    found = re.search(r'name="flow" value="([^"]+)"', page)
    assert found, page
    return found.group(1)


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@dataclass
class Shopify:
    """The other stand-in."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def post(self, path: str, **body: Any) -> Any:
        answer = self.session.post(f"{self.url}/_sandbox/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def install(self, authorize_url: str) -> str:
        """Consent at the store; the query string that the browser brings back."""
        form = {**query_of(authorize_url), "action": "install"}
        back = self.session.post(authorize_url.partition("?")[0], data=form, timeout=10, allow_redirects=False)
        return urlsplit(back.headers["location"]).query


@dataclass
class Office:
    """auth's desks over a database of their own, against the stand-ins."""

    desks: Desks
    db: Database
    url: str
    settings: Settings
    intuit: Intuit
    shopify: Shopify

    async def owner(self, name: str = "Craig") -> Person:
        """A new person who owns a new Business, signed in."""
        email = f"{name.lower()}-{uuid.uuid4().hex[:8]}@example.test"
        ticket = await self.desks.people.sign_up(email, PASSWORD, name, f"{name}'s Business", "")
        return await self.person(ticket.token)

    async def person(self, session_token: str) -> Person:
        session, memberships = await self.desks.people.resolve(session_token)
        first = memberships[0]
        return Person(session.person_id, session.email, first.business_id, first.role, session.session_id)

    async def authorized(self, person: Person, realm: str = CRAIG, **changes: str) -> Callback:
        """A callback that is whole, but for the changes."""
        url = await self.desks.quickbooks.start(person, person.session_id)
        back = self.intuit.consent(url, realm)
        brought = {"state": back["state"], "code": back["code"], "realm_id": back["realmId"]}
        told = {"session_id": person.session_id, "error": "", "error_description": "", **brought, **changes}
        return Callback(**told)

    async def connected(self, person: Person, realm: str = CRAIG) -> Connected:
        return await self.desks.quickbooks.finish(person, await self.authorized(person, realm))

    def rows(self, query: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(query, values).fetchall()

    def change(self, query: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(query)

    def events(self) -> list[str]:
        """What the outbox tells of credentials, oldest first."""
        payloads = self.rows("SELECT payload FROM outbox ORDER BY id")
        return [str(auth_pb2.CredentialEvent.FromString(row[0]).WhichOneof("what")) for row in payloads]


@asynccontextmanager
async def office_over(settings: Settings, intuit: Intuit, shopify: Shopify) -> AsyncIterator[Office]:
    """One replica's worth of auth, without its doors."""
    url = settings.database_url.get_secret_value()
    db = Database(url, QUERIES, pool_size=10)
    await db.open()
    try:
        with ThreadPoolExecutor(8) as threads:
            relay = OutboxRelay(db, None, CREDENTIALS, retention_days=1)  # type: ignore[arg-type] # never run
            yield Office(Desks(settings, db, threads, relay), db, url, settings, intuit, shopify)
    finally:
        await db.close()
