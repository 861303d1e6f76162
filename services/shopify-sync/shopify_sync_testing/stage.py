"""The real shopify-sync with the real auth, PostgreSQL and NATS; only Shopify is a stand-in."""

from __future__ import annotations

import hmac
import json
import time
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import grpc
import psycopg
import requests

from ledgerport.auth.v1 import credentials_pb2, credentials_pb2_grpc, people_pb2, people_pb2_grpc
from ledgerport.events.v2 import entity_pb2
from ledgerport.shopify_sync.v1 import (
    history_import_pb2,
    history_import_pb2_grpc,
    intake_pb2,
    intake_pb2_grpc,
)
from ledgerport_libs.identity import ServiceIdentity
from ledgerport_libs.rpc import PERSON_METADATA
from ledgerport_local import keys
from ledgerport_local.local_platform import LocalPlatform

T = TypeVar("T")
SHOP = "northwind-outfitters.myshopify.com"
BRITISH_SHOP = "harbour-lane.myshopify.com"
SERVICES = ("auth", "shopify-sync")
QUICK = {
    "shopify-sandbox": {
        "SHOPIFY_SANDBOX_WEBHOOK_RETRY_BASE_SECONDS": "0.2",
        "SHOPIFY_SANDBOX_BUCKET_SIZE": "20000",
        "SHOPIFY_SANDBOX_RESTORE_RATE": "5000",
    },
    "shopify-sync": {"FETCH_LEASE": "5", "SUBSCRIPTIONS_EVERY": "2"},
}
_LONGEST = 15.0


def until(look: Callable[[], T | None], what: str, seconds: float = _LONGEST) -> T:
    """What `look` finds as soon as it finds something; fails after a bound."""
    ends = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > ends:
            raise AssertionError(f"waited {seconds:.0f} s in vain until {what}")
        time.sleep(0.05)
    return found


class Shop:
    """One store connected to one Business, and everything a test does to it."""

    def __init__(self, platform: LocalPlatform, domain: str = SHOP) -> None:
        self.platform, self.domain = platform, domain
        self._identity = ServiceIdentity.load("gateway", keys.identity_key(platform.home, "gateway"))
        self._channels = {name: grpc.insecure_channel(platform.urls[f"{name}-grpc"]) for name in SERVICES}
        email = f"owner@{domain}"
        signed_up = people_pb2_grpc.PeopleServiceStub(self._channels["auth"]).SignUp(
            people_pb2.SignUpRequest(email=email, password="a long password", name="O", business_name="B"),  # noqa: S106
            metadata=self._as_gateway("auth"),
        )
        self._session_token = signed_up.session_token
        self.business_id = self._session().current.business_id
        self.connect()

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()

    def connect(self) -> None:
        """Through the store's consent page; returns when the store's webhooks are subscribed."""
        stub = credentials_pb2_grpc.CredentialsServiceStub(self._channels["auth"])
        session_id = self._session().session_id
        started = stub.StartShopifyConnect(
            credentials_pb2.StartShopifyConnectRequest(session_id=session_id, shop=self.domain),
            metadata=self._as_person("auth"),
        )
        page = urlsplit(started.authorize_url)
        form = dict(parse_qsl(page.query)) | {"action": "install"}
        back = requests.post(f"{page.scheme}://{page.netloc}{page.path}", data=form, timeout=10, allow_redirects=False)
        stub.FinishShopifyConnect(
            credentials_pb2.FinishShopifyConnectRequest(
                session_id=session_id, query_string=urlsplit(back.headers["location"]).query
            ),
            metadata=self._as_person("auth"),
        )
        until(lambda: self.intake().subscriptions_present == self.intake().subscriptions_wanted, "all is subscribed")

    # --- what happens in the store ----------------------------------------------------------------

    def control(self, path: str, **asked: Any) -> Any:
        """A call of the stand-in's side door."""
        body = asked if path.endswith("faults") else {"shop": self.domain, **asked}
        answer = requests.post(f"{self.platform.urls['shopify-sandbox']}/_sandbox/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def look(self, path: str, **asked: Any) -> Any:
        url = f"{self.platform.urls['shopify-sandbox']}/_sandbox/{path}"
        answer = requests.get(url, params={"shop": self.domain, **asked}, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def order(self, **cart: Any) -> str:
        """A new order of one custom line of 10.00; its gid."""
        lines = [{"title": "Thing", "price": 1000, "quantity": 1}]
        made = self.control("order", cart={"lines": lines, "email": "a@b.test", **cart})
        return str(made.get("id") or made["order"])

    # --- what shopify-sync says -------------------------------------------------------------------

    @contextmanager
    def database(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self.platform.environment("shopify-sync")["DATABASE_URL"]) as connection:
            yield connection

    def said(self, source_id: str = "") -> list[entity_pb2.EntityEvent]:
        """All events of this Business in the order in which they were said, of one object or of all."""
        with self.database() as connection:
            rows = connection.execute(
                "SELECT payload FROM outbox WHERE subject LIKE %s ORDER BY id", (f"entities.v2.{self.business_id}.%",)
            ).fetchall()
        events = [entity_pb2.EntityEvent.FromString(bytes(row[0])) for row in rows]
        return [event for event in events if source_id in ("", event.source_id)]

    def newest(self, source_id: str) -> entity_pb2.Order:
        """The order as it was said last, once it was said."""
        until(lambda: self.said(source_id), f"{source_id} was said")
        return self.said(source_id)[-1].order

    def waiting(self) -> int:
        """Hints not worked off yet."""
        with self.database() as connection:
            row = connection.execute("SELECT count(*) FROM hint").fetchone()
        return int(row[0]) if row else 0

    def rests(self) -> None:
        """Every webhook is delivered and every hint worked off."""
        until(lambda: not self.look("webhooks")["waiting"] and not self.waiting(), "nothing is waiting")

    def intake(self) -> intake_pb2.GetIntakeStatusResponse:
        answer: intake_pb2.GetIntakeStatusResponse = self._intake().GetIntakeStatus(
            intake_pb2.GetIntakeStatusRequest(), metadata=self._as_person("shopify-sync")
        )
        return answer

    def sync_now(self) -> None:
        self._intake().SyncNow(intake_pb2.SyncNowRequest(), metadata=self._as_person("shopify-sync"))

    def privacy_requests(self, page_size: int = 0) -> list[intake_pb2.PrivacyRequest]:
        """All of this Business, newest first, read page after page."""
        wanted, found = intake_pb2.ListPrivacyRequestsRequest(page_size=page_size), list[intake_pb2.PrivacyRequest]()
        while True:
            answer = self._intake().ListPrivacyRequests(wanted, metadata=self._as_person("shopify-sync"))
            found += answer.requests
            if not answer.next_page_token:
                return found
            wanted.page_token = answer.next_page_token

    # --- imports ----------------------------------------------------------------------------------

    def start_import(self, first_day: str, last_day: str, request_id: str = "") -> str:
        """Its id."""
        wanted = history_import_pb2.StartImportRequest(
            request_id=request_id or str(uuid.uuid4()), first_day=first_day, last_day=last_day
        )
        answer = self.imports().StartImport(wanted, metadata=self.as_person())
        return str(answer.history_import.import_id)

    def import_now(self, import_id: str) -> history_import_pb2.HistoryImport:
        wanted = history_import_pb2.GetImportRequest(import_id=import_id)
        found: history_import_pb2.HistoryImport = (
            self.imports().GetImport(wanted, metadata=self.as_person()).history_import
        )
        return found

    def import_ends(self, import_id: str, seconds: float = 60) -> history_import_pb2.HistoryImport:
        """How it ended."""
        over = (
            history_import_pb2.IMPORT_STATUS_DONE,
            history_import_pb2.IMPORT_STATUS_CANCELLED,
            history_import_pb2.IMPORT_STATUS_FAILED,
        )
        until(lambda: self.import_now(import_id).status in over, "the import is over", seconds)
        return self.import_now(import_id)

    def imports(self) -> Any:
        """The stub of imports; calls need `as_person()`."""
        return history_import_pb2_grpc.HistoryImportServiceStub(self._channels["shopify-sync"])

    def as_person(self) -> tuple[tuple[str, str], ...]:
        """The metadata of a call to shopify-sync in the owner's name."""
        return self._as_person("shopify-sync")

    # --- webhooks by hand -------------------------------------------------------------------------

    def deliver(self, body: bytes | dict[str, Any], **headers: str | None) -> requests.Response:
        """A delivery as Shopify sends it; `hmac`, `topic`, `shop` and `id` may be given, None leaves one out."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        given: dict[str, str | None] = {
            "hmac": self.signature(raw),
            "topic": "orders/updated",
            "shop": self.domain,
            "id": str(uuid.uuid4()),
            **headers,
        }
        names = {
            "hmac": "X-Shopify-Hmac-Sha256",
            "topic": "X-Shopify-Topic",
            "shop": "X-Shopify-Shop-Domain",
            "id": "X-Shopify-Webhook-Id",
        }
        sent = {names[key]: value for key, value in given.items() if value is not None}
        return requests.post(self.webhook_url, data=raw, headers=sent, timeout=10)

    @property
    def webhook_url(self) -> str:
        return f"{self.platform.urls['shopify-sync']}/webhooks/shopify"

    def signature(self, raw: bytes) -> str:
        secret = self.platform.environment("shopify-sync")["SHOPIFY_CLIENT_SECRET"].encode()
        return b64encode(hmac.digest(secret, raw, "sha256")).decode()

    # --- calls ------------------------------------------------------------------------------------

    def _session(self) -> people_pb2.ResolveSessionResponse:
        answer: people_pb2.ResolveSessionResponse = people_pb2_grpc.PeopleServiceStub(
            self._channels["auth"]
        ).ResolveSession(
            people_pb2.ResolveSessionRequest(session_token=self._session_token), metadata=self._as_gateway("auth")
        )
        return answer

    def _intake(self) -> Any:
        return intake_pb2_grpc.IntakeServiceStub(self._channels["shopify-sync"])

    def _as_gateway(self, audience: str) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self._identity.token_for(audience)}"),)

    def _as_person(self, audience: str) -> tuple[tuple[str, str], ...]:
        return (*self._as_gateway(audience), (PERSON_METADATA, self._session().caller_token))


@contextmanager
def running(
    home: Path, service: Mapping[str, str] | None = None, *, durable: bool = False, **stand_in: str
) -> Iterator[LocalPlatform]:
    """The platform that tests share; `stand_in` adds to the settings of the Shopify stand-in, `service` to ours.

    A server that is not `durable` may lose commits when it is killed.
    """
    overrides = {
        **QUICK,
        "shopify-sandbox": {**QUICK["shopify-sandbox"], **stand_in},
        "shopify-sync": {**QUICK["shopify-sync"], **(service or {})},
    }
    with LocalPlatform(home, services=SERVICES, overrides=overrides, durable=durable) as platform:
        yield platform
