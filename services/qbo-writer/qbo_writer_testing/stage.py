"""The real qbo-writer with the real auth, connections, PostgreSQL and NATS; only Intuit is a stand-in."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import grpc
import nats
import psycopg
import requests

from intuit_sandbox.harness import flow_of
from ledgerport.auth.v1 import credentials_pb2, credentials_pb2_grpc, people_pb2, people_pb2_grpc
from ledgerport.common.v1 import provider_pb2
from ledgerport.connections.v1 import connections_pb2, connections_pb2_grpc
from ledgerport.events.v1 import connection_pb2, record_pb2
from ledgerport.events.v2 import entity_pb2
from ledgerport.qbo_writer.v1 import (
    preview_pb2,
    preview_pb2_grpc,
    push_pb2,
    push_pb2_grpc,
    records_pb2,
    records_pb2_grpc,
    sync_config_pb2,
    sync_config_pb2_grpc,
)
from ledgerport_libs.identity import ServiceIdentity
from ledgerport_libs.rpc import PERSON_METADATA
from ledgerport_local import keys
from ledgerport_local.local_platform import LocalPlatform, answers
from ledgerport_local.supervise import Child

T = TypeVar("T")
# A service that was killed and is back again is called as soon as the channel has noticed.
_PATIENT = (
    ("grpc.service_config", '{"methodConfig": [{"name": [{}], "waitForReady": true, "timeout": "20s"}]}'),
    ("grpc.max_reconnect_backoff_ms", 200),
)
SERVICES = ("auth", "connections", "qbo-writer")
# What waits for minutes in production waits for moments here; nothing else differs.
QUICK = {
    "qbo-writer": {
        "RETRY_WAITS": "[0.3]",
        "LEASE_SECONDS": "2",
        "QBO_THROTTLE_WAIT": "0.5",
        "LOOK_FIRST_AFTER": "3",
        "WRITE_OVER_AFTER": "3",
        "QBO_REQUESTS_PER_SECOND": "10",
    },
    "intuit-sandbox": {"INTUIT_SANDBOX_REQUESTS_PER_SECOND": "0", "INTUIT_SANDBOX_REQUESTS_PER_MINUTE": "0"},
    # A token that Intuit refuses is always worth one refresh here, however young it is.
    "auth": {"JUST_ISSUED_SECONDS": "0"},
    "connections": {"PROBE_SECONDS": "600"},
}
STATUS = {number: name.removeprefix("RECORD_STATUS_") for name, number in record_pb2.RecordStatus.items()}
_LONGEST = 12.0
_REPLICAS = itertools.count(2)


def until(look: Callable[[], T | None], what: str, seconds: float = _LONGEST) -> T:
    """What `look` finds as soon as it finds something; fails after a bound."""
    ends = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > ends:
            raise AssertionError(f"waited {seconds:.0f} s in vain until {what}")
        time.sleep(0.05)
    return found


class Business:
    """One Business with a connected QuickBooks company, and everything a test does to it."""

    def __init__(self, platform: LocalPlatform, realm: str) -> None:
        self.platform, self.realm = platform, realm
        self._identity = ServiceIdentity.load("gateway", keys.identity_key(platform.home, "gateway"))
        self._observed = itertools.count(int(time.time()))
        self._channels = {name: grpc.insecure_channel(platform.urls[f"{name}-grpc"], _PATIENT) for name in SERVICES}
        signed_up = people_pb2_grpc.PeopleServiceStub(self._channels["auth"]).SignUp(
            people_pb2.SignUpRequest(
                email=f"owner{realm}@example.test",
                password="a long password",  # noqa: S106
                name="O",
                business_name="B",
            ),
            metadata=self._as_gateway("auth"),
        )
        self._session_token = signed_up.session_token
        self.business_id = self._session().current.business_id

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()

    # --- what a person does -----------------------------------------------------------------------

    def connect(self) -> None:
        """Connect or reconnect, through Intuit's pages."""
        stub = credentials_pb2_grpc.CredentialsServiceStub(self._channels["auth"])
        session_id = self._session().session_id
        started = stub.StartQuickBooksConnect(
            credentials_pb2.StartQuickBooksConnectRequest(session_id=session_id), metadata=self._as_person("auth")
        )
        browser = requests.Session()
        flow = flow_of(browser.get(started.authorize_url, timeout=10).text)
        intuit = self.platform.urls["intuit-sandbox"]
        person = {"email": "owner@sandbox.test", "password": "sandbox"}
        browser.post(f"{intuit}/connect/signin", {"flow": flow, "action": "signin", **person}, timeout=10)
        chosen = {"flow": flow, "realm_id": self.realm, "action": "authorize"}
        back = browser.post(f"{intuit}/connect/consent", chosen, timeout=10, allow_redirects=False)
        browser.close()
        query = {name: values[0] for name, values in parse_qs(urlsplit(back.headers["location"]).query).items()}
        stub.FinishQuickBooksConnect(
            credentials_pb2.FinishQuickBooksConnectRequest(
                session_id=session_id, state=query["state"], code=query["code"], realm_id=query["realmId"]
            ),
            metadata=self._as_person("auth"),
        )
        until(lambda: self.connection().status == connection_pb2.CONNECTION_STATUS_CONNECTED, "it is connected")

    def configure(self, *instead: str, **changed: Any) -> None:
        """Change Sync Config, as the page does: lists grow, but those named in `instead` begin anew."""
        stub = sync_config_pb2_grpc.SyncConfigServiceStub(self._channels["qbo-writer"])
        asked = sync_config_pb2.GetSyncConfigRequest()
        now = stub.GetSyncConfig(asked, metadata=self._as_person("qbo-writer"))
        config = sync_config_pb2.SyncConfig()
        config.CopyFrom(now.config)
        for name in instead:
            config.ClearField(name)  # type: ignore[arg-type]
        config.MergeFrom(sync_config_pb2.SyncConfig(**changed))
        stub.UpdateSyncConfig(
            sync_config_pb2.UpdateSyncConfigRequest(expected_version=now.version, config=config),
            metadata=self._as_person("qbo-writer"),
        )

    def read_company(self) -> None:
        """Have the company read again, as the pages do. It is not read twice within ten seconds."""
        stub = sync_config_pb2_grpc.SyncConfigServiceStub(self._channels["qbo-writer"])
        stub.ReadCompany(sync_config_pb2.ReadCompanyRequest(), metadata=self._as_person("qbo-writer"))

    def reads(self) -> dict[str, int]:
        """How often the company was read, by resource: cdc, query, preferences …"""
        found = self.intuit("GET", f"requests?realm={self.realm}")["reads_by_resource"]
        return {name.rpartition("/")[2]: count for name, count in found.items() if name.startswith(self.realm)}

    def connection(self) -> connections_pb2.Connection:
        listed = self._connections().ListConnections(
            connections_pb2.ListConnectionsRequest(), metadata=self._as_person("connections")
        )
        found: connections_pb2.Connection
        [found] = [each for each in listed.connections if each.provider == provider_pb2.PROVIDER_QUICKBOOKS]
        return found

    def pause(self) -> None:
        self._connections().PauseSync(connections_pb2.PauseSyncRequest(), metadata=self._as_person("connections"))

    def resume(self) -> None:
        self._connections().ResumeSync(connections_pb2.ResumeSyncRequest(), metadata=self._as_person("connections"))

    def disconnect(self) -> None:
        self._connections().Disconnect(
            connections_pb2.DisconnectRequest(provider=provider_pb2.PROVIDER_QUICKBOOKS),
            metadata=self._as_person("connections"),
        )

    def retry(self, record_id: str) -> None:
        self._records().RetryRecord(
            records_pb2.RetryRecordRequest(record_id=record_id), metadata=self._as_person("qbo-writer")
        )

    def ignore(self, record_id: str) -> None:
        self._records().IgnoreRecord(
            records_pb2.IgnoreRecordRequest(record_id=record_id), metadata=self._as_person("qbo-writer")
        )

    def push(self, *record_ids: str, all_of: records_pb2.RecordFilter | None = None) -> push_pb2.PushRun:
        """These records, or all that the filter finds."""
        chosen = (
            push_pb2.Chosen(all_of=all_of) if all_of else push_pb2.Chosen(ids=push_pb2.RecordIds(record_ids=record_ids))
        )
        run: push_pb2.PushRun = (
            self._pushes()
            .PushRecords(push_pb2.PushRecordsRequest(chosen=chosen), metadata=self._as_person("qbo-writer"))
            .run
        )
        return run

    def pushed(self, run_id: str) -> push_pb2.PushRun:
        run: push_pb2.PushRun = (
            self._pushes()
            .GetPushRun(push_pb2.GetPushRunRequest(run_id=run_id), metadata=self._as_person("qbo-writer"))
            .run
        )
        return run

    # --- what Shopify does ------------------------------------------------------------------------

    def happens(self, *orders: entity_pb2.Order) -> None:
        """These orders are as they are now; an order's id is made of its name."""
        self.say(*(entity_pb2.EntityEvent(source_id=source_of(order.name), order=order) for order in orders))

    def say(self, *events: entity_pb2.EntityEvent) -> None:
        """Entity events, as shopify-sync publishes them."""
        asyncio.run(self._publish([self._complete(event) for event in events]))

    def _complete(self, event: entity_pb2.EntityEvent) -> entity_pb2.EntityEvent:
        content = hashlib.sha256(event.SerializeToString(deterministic=True)).digest()
        event.business_id = self.business_id
        event.version.updated_at.FromDatetime(datetime.fromtimestamp(next(self._observed), UTC))
        event.version.observed_at.CopyFrom(event.version.updated_at)
        event.version.content_hash = content
        event.event_id = hashlib.sha256(event.SerializeToString(deterministic=True)).hexdigest()
        return event

    async def _publish(self, events: list[entity_pb2.EntityEvent]) -> None:
        client = await nats.connect(self.platform.urls["nats"])
        try:
            for event in events:
                subject = f"entities.v2.{self.business_id}.{event.WhichOneof('entity')}"
                headers = {"Nats-Msg-Id": event.event_id}
                await client.jetstream().publish(subject, event.SerializeToString(), headers=headers)
        finally:
            await client.close()

    # --- what can be seen -------------------------------------------------------------------------

    def record(self, reference: str) -> records_pb2.RecordSummary | None:
        """The newest record of this reference; None until there is one."""
        listed = self._records().ListRecords(
            records_pb2.ListRecordsRequest(filter=records_pb2.RecordFilter(text=reference), page_size=200),
            metadata=self._as_person("qbo-writer"),
        )
        return next((each for each in listed.records if each.reference == reference), None)

    def becomes(self, reference: str, status: str, seconds: float = _LONGEST) -> records_pb2.RecordSummary:
        """The record once it has this status: SYNCED, ERROR, ON_HOLD, SKIPPED, PENDING."""

        def look() -> records_pb2.RecordSummary | None:
            found = self.record(reference)
            return found if found is not None and STATUS[found.status] == status else None

        try:
            return until(look, f"{reference} is {status}", seconds)
        except AssertionError as late:
            said = "\n".join(self.platform.log("qbo-writer").read_text().splitlines()[-20:])
            raise AssertionError(f"{late}; it is {self.record(reference)}\n{said}") from None

    def attempts(self, record_id: str) -> list[records_pb2.Attempt]:
        """Newest first."""
        return list(self.details(record_id).attempts)

    def details(self, record_id: str) -> records_pb2.GetRecordResponse:
        answer: records_pb2.GetRecordResponse = self._records().GetRecord(
            records_pb2.GetRecordRequest(record_id=record_id), metadata=self._as_person("qbo-writer")
        )
        return answer

    def preview(self, record_id: str, *, pushed: bool = False) -> preview_pb2.PreviewRecordResponse:
        stub = preview_pb2_grpc.PreviewServiceStub(self._channels["qbo-writer"])
        answer: preview_pb2.PreviewRecordResponse = stub.PreviewRecord(
            preview_pb2.PreviewRecordRequest(record_id=record_id, pushed=pushed), metadata=self._as_person("qbo-writer")
        )
        return answer

    def documents(self, entity: str, number: str) -> list[dict[str, Any]]:
        """Those in QuickBooks with this number, by the side door."""
        return [row for row in self.listed(entity) if row.get("DocNumber") == number]

    def listed(self, entity: str) -> list[dict[str, Any]]:
        """Every living object of a kind, by the side door."""
        answer = self.intuit("GET", f"companies/{self.realm}/objects/{entity}")
        rows: list[dict[str, Any]] = answer if isinstance(answer, list) else next(iter(answer.values()))
        return rows

    def writes(self, resource: str = "salesreceipt", since: float = 0) -> list[dict[str, Any]]:
        """Writes that reached the stand-in, also the ones that it cut."""
        shown = self.intuit("GET", f"requests?since={since}&realm={self.realm}")
        return [write for write in shown["writes"] if write["resource"] == resource]

    # --- what goes wrong --------------------------------------------------------------------------

    def intuit(self, method: str, path: str, /, **body: Any) -> Any:
        url = f"{self.platform.urls['intuit-sandbox']}/_sandbox/{path}"
        answer = requests.request(method, url, json=body or None, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def spoil(self, answer: str, **order: Any) -> None:
        """The next writes of sales receipts are answered like this."""
        order = {"resource": "salesreceipt", "method": "POST", "realm": self.realm, **order}
        self.intuit("POST", "faults", answer=answer, **order)

    def spoiled(self) -> bool:
        """Whether every ordered failure has happened."""
        waiting = self.intuit("GET", "faults")
        return not (waiting if isinstance(waiting, list) else waiting.get("faults", waiting))

    @contextmanager
    def database(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self.platform.environment("qbo-writer")["DATABASE_URL"]) as connection:
            yield connection

    def kill(self) -> None:
        """SIGKILL to the writer, and wait until it is back."""
        self.platform.kill("qbo-writer")
        self.platform.wait_ready("qbo-writer")

    # --- calls ------------------------------------------------------------------------------------

    def _session(self) -> people_pb2.ResolveSessionResponse:
        answer: people_pb2.ResolveSessionResponse = people_pb2_grpc.PeopleServiceStub(
            self._channels["auth"]
        ).ResolveSession(
            people_pb2.ResolveSessionRequest(session_token=self._session_token), metadata=self._as_gateway("auth")
        )
        return answer

    def _connections(self) -> Any:
        return connections_pb2_grpc.ConnectionsServiceStub(self._channels["connections"])

    def _records(self) -> Any:
        return records_pb2_grpc.RecordsServiceStub(self._channels["qbo-writer"])

    def _pushes(self) -> Any:
        return push_pb2_grpc.PushServiceStub(self._channels["qbo-writer"])

    def _as_gateway(self, audience: str) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self._identity.token_for(audience)}"),)

    def _as_person(self, audience: str) -> tuple[tuple[str, str], ...]:
        return (*self._as_gateway(audience), (PERSON_METADATA, self._session().caller_token))


def source_of(name: str) -> str:
    return f"gid://shopify/Order/{name.lstrip('#')}"


@contextmanager
def running(home: Path) -> Iterator[LocalPlatform]:
    """The platform that the tests of delivery share."""
    with LocalPlatform(home, services=SERVICES, overrides=QUICK, durable=False) as platform:
        yield platform


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def second_writer(platform: LocalPlatform) -> Iterator[None]:
    """One more replica beside the first, on ports of its own."""
    http = free_port()
    environment = platform.environment("qbo-writer") | {
        "GRPC_LISTEN": "127.0.0.1:0",
        "HTTP_LISTEN": f"127.0.0.1:{http}",
    }
    name = f"qbo-writer-{next(_REPLICAS)}"
    platform.start_child(
        Child(
            name=name,
            command=(sys.executable, "-m", "qbo_writer"),
            environment=environment,
            ready=lambda: answers(f"http://127.0.0.1:{http}/readyz"),
        )
    )
    platform.wait_ready(name)
    try:
        yield
    finally:
        platform.halt(name)
