"""Merchants on a running platform: each with a Business, a QuickBooks company and, where wanted, a store of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import nats
import psycopg
import requests

from intuit_sandbox.harness import US
from ledgerport.auth.v1 import credentials_pb2, credentials_pb2_grpc
from ledgerport.events.v2 import entity_pb2
from ledgerport.qbo_writer.v1 import sync_config_pb2
from ledgerport_local.local_platform import LocalPlatform
from qbo_writer_testing.stage import Business

LIKE = "northwind-outfitters.myshopify.com"
_FIRST_REALM = 9341450000001000
_TIMEOUT = 60
_AT_ONCE = 200


class Merchant(Business):
    """Signed up and connected to a QuickBooks company; products that are not mapped become items."""

    def __init__(self, platform: LocalPlatform, number: int) -> None:
        realm = str(_FIRST_REALM + number)
        door(platform, "intuit-sandbox", "companies", like=US, realm_id=realm, name=f"Company {number}")
        super().__init__(platform, realm)
        self.shop = ""
        self.connect()
        self.configure(unmapped_products=sync_config_pb2.UNMAPPED_PRODUCT_POLICY_CREATE)

    def connect_store(self, number: int) -> None:
        """Open a store and install LedgerPort in it; returns once auth has its token."""
        self.shop = f"merchant-{number}.myshopify.com"
        door(self.platform, "shopify-sandbox", "stores", shop=self.shop, like=LIKE)
        stub = credentials_pb2_grpc.CredentialsServiceStub(self._channels["auth"])
        session_id = self._session().session_id
        started = stub.StartShopifyConnect(
            credentials_pb2.StartShopifyConnectRequest(session_id=session_id, shop=self.shop),
            metadata=self._as_person("auth"),
        )
        page = urlsplit(started.authorize_url)
        form = dict(parse_qsl(page.query)) | {"action": "install"}
        url = f"{page.scheme}://{page.netloc}{page.path}"
        back = requests.post(url, data=form, timeout=_TIMEOUT, allow_redirects=False)
        query = urlsplit(back.headers["location"]).query
        stub.FinishShopifyConnect(
            credentials_pb2.FinishShopifyConnectRequest(session_id=session_id, query_string=query),
            metadata=self._as_person("auth"),
        )

    def complete(self, event: entity_pb2.EntityEvent) -> entity_pb2.EntityEvent:
        """With Business, version and id, as shopify-sync says it."""
        return self._complete(event)

    def as_person(self, audience: str) -> tuple[tuple[str, str], ...]:
        """The metadata of a call in the owner's name."""
        return self._as_person(audience)

    def counts(self) -> dict[str, int]:
        """How many objects of each kind stand in QuickBooks."""
        found: dict[str, int] = self.intuit("GET", f"companies/{self.realm}/counts")
        return found


def door(platform: LocalPlatform, stand_in: str, path: str, method: str = "POST", /, **asked: object) -> Any:
    """A call of a stand-in's side door; what it answers."""
    url = f"{platform.urls[stand_in]}/_sandbox/{path}"
    answer = requests.request(method, url, json=asked or None, timeout=_TIMEOUT)
    answer.raise_for_status()
    return answer.json() if answer.content else None


async def publish(platform: LocalPlatform, events: Iterable[entity_pb2.EntityEvent]) -> None:
    """Onto the stream, many at once; returns when all are stored."""
    client = await nats.connect(platform.urls["nats"])
    try:
        stream = client.jetstream(publish_async_max_pending=_AT_ONCE)
        for event in events:
            subject = f"entities.v2.{event.business_id}.{event.WhichOneof('entity')}"
            headers = {"Nats-Msg-Id": event.event_id}
            await stream.publish_async(subject, event.SerializeToString(), headers=headers, wait_stall=_TIMEOUT)
        await stream.publish_async_completed()
    finally:
        await client.close()


def records(platform: LocalPlatform, *statuses: str) -> int:
    """How many orders qbo-writer knows in one of these states, or in any; of all Businesses together."""
    with psycopg.connect(platform.environment("qbo-writer")["DATABASE_URL"]) as connection:
        asked = "SELECT count(*) FROM record WHERE kind = 'order' AND (%(any)s OR status = ANY(%(statuses)s))"
        row = connection.execute(asked, {"any": not statuses, "statuses": list(statuses)}).fetchone()
    return int(row[0]) if row else 0


def wait(true: Callable[[], bool], what: str, seconds: float = 300.0, every: float = 0.5) -> None:
    """Look until it is true; TimeoutError says what was waited for."""
    ends = time.monotonic() + seconds
    while not true():
        if time.monotonic() > ends:
            raise TimeoutError(f"waited {seconds:.0f} s in vain until {what}")
        time.sleep(every)
