"""What people are told: once for each thing that happens, on the page, by e-mail and by webhook, at least once."""

from __future__ import annotations

import asyncio
import email.message
import hmac
import json
import socket
import threading
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from connections import moves
from connections.delivering import Delivering
from connections.hearing import Hearing
from connections.notices import Expiry, Notices
from connections.register import Register
from connections.settings import Settings
from ledgerport.auth.v1 import recipients_pb2
from ledgerport_libs.database import Database
from tests.test_hearing import BUSINESS, connected, refused, said

SECRET = b"0123456789abcdef01234567"
PEOPLE = ("admin@example.test", "owner@example.test")


@dataclass
class Mailbox:
    """A real SMTP server that keeps what it is given; `answers` are given first, one to each message."""

    letters: list[email.message.Message] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address == "nobody@example.test":
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.letters.append(email.message_from_bytes(envelope.content))
        return "250 OK"


@dataclass
class Ear:
    """A real HTTP receiver of webhooks."""

    url: str = ""
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield box, f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()


@pytest.fixture
def ear() -> Iterator[Ear]:
    made = Ear()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = made.answers.pop(0) if made.answers else 204
            made.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Tests need no access log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


class Auth:
    """Auth's answer about who is to be told; away while `away`."""

    def __init__(self) -> None:
        self.emails = PEOPLE

    async def ListNoticeRecipients(
        self, request: recipients_pb2.ListNoticeRecipientsRequest
    ) -> recipients_pb2.ListNoticeRecipientsResponse:
        return recipients_pb2.ListNoticeRecipientsResponse(business_name="B", emails=self.emails)


@dataclass
class Post:
    """Everything that raises and sends notices, over a database of its own."""

    db: Database
    register: Register
    hearing: Hearing
    expiry: Expiry
    delivering: Delivering
    auth: Auth
    mailbox: Mailbox
    ear: Ear

    async def deliver(self) -> None:
        """As often as the next try is due, with the waits left out."""
        for _ in range(4):
            await self.sql("UPDATE notice_delivery SET not_before = now()")
            await self.delivering.work_off()

    async def sql(self, statement: Any) -> list[Any]:
        async with self.db.transaction() as tx:
            cursor = await tx._connection.execute(statement)
            return await cursor.fetchall() if cursor.description else []

    async def notices(self) -> list[tuple[str, bool]]:
        return [tuple(row) for row in await self.sql("SELECT kind, over_at IS NOT NULL FROM notice ORDER BY id")]


@pytest.fixture
async def post(db: Database, mailbox: tuple[Mailbox, str], ear: Ear) -> AsyncIterator[Post]:
    box, smtp_url = mailbox
    told = {
        "smtp_url": smtp_url,
        "mail_from": "ledgerport@example.test",
        "notice_webhook_url": ear.url,
        "notice_webhook_secret": "whsec_" + b64encode(SECRET).decode(),
        "public_url": "http://localhost:8080/",
        "notice_timeout": 2.0,
        "nats_url": "nats://x",
        "identity_key_file": "x",
        "identity_public_keys_dir": "x",
        "database_url": "x",
        "auth_address": "x",
    }
    settings = Settings.model_validate(told)
    notices = Notices(settings.notice_channels)
    register = Register(db, lambda: None, notices)
    auth = Auth()
    with ThreadPoolExecutor(4) as threads:
        delivering = Delivering(db, auth, settings, threads)  # type: ignore[arg-type] # auth's answer is given here
        yield Post(db, register, Hearing(db, register), Expiry(db, notices), delivering, auth, box, ear)


async def test_unhealthy_and_recovered_reach_owners_admins_and_the_webhook(post: Post) -> None:
    await post.hearing.credentials([connected(1), refused(2)])
    await post.deliver()
    assert sorted(str(letter["To"]) for letter in post.mailbox.letters) == list(PEOPLE)
    letter = post.mailbox.letters[0]
    assert letter["Subject"] == "LedgerPort: QuickBooks needs you"
    assert letter["From"] == "ledgerport@example.test"
    text = str(letter.get_payload())
    assert "QuickBooks (Craig's) became unhealthy. Please reconnect." in text
    assert "http://localhost:8080/connections" in text
    assert [json.loads(body)["type"] for _, body in post.ear.heard] == ["connection.unhealthy"]
    await post.hearing.credentials([connected(3)])
    await post.deliver()
    assert len(post.mailbox.letters) == 4
    assert [json.loads(body)["type"] for _, body in post.ear.heard][1:] == ["connection.recovered"]
    assert await post.notices() == [("unhealthy", True), ("recovered", False)]


async def test_a_webhook_is_signed_over_id_time_and_body(post: Post) -> None:
    await post.hearing.credentials([connected(1), refused(2)])
    await post.deliver()
    headers, body = post.ear.heard[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    version, _, given = headers["webhook-signature"].partition(",")
    assert version == "v1"
    assert hmac.compare_digest(b64decode(given), hmac.digest(SECRET, signed, "sha256"))
    assert json.loads(body)["data"]["business_id"] == BUSINESS


async def test_what_fails_is_sent_again_under_the_same_id_and_nothing_is_sent_twice_after_success(post: Post) -> None:
    post.ear.answers[:] = [500, 429]
    post.mailbox.answers[:] = ["451 try later", "421 closing"]
    await post.hearing.credentials([connected(1), refused(2)])
    for _ in range(3):
        await post.deliver()
    assert len({headers["webhook-id"] for headers, _ in post.ear.heard}) == 1
    assert len({body for _, body in post.ear.heard}) == 1
    assert len(post.ear.heard) == 3
    assert sorted(str(letter["To"]) for letter in post.mailbox.letters) == list(PEOPLE)
    assert await post.sql("SELECT count(*) FROM notice_delivery WHERE done_at IS NULL") == [(0,)]


async def test_waits_between_tries_grow(post: Post) -> None:
    post.ear.answers[:] = [500] * 10
    await post.hearing.credentials([connected(1), refused(2)])
    waits = []
    for _ in range(3):
        await post.sql("UPDATE notice_delivery SET not_before = now() WHERE channel = 'webhook'")
        await post.delivering.work_off()
        row = await post.sql(
            "SELECT round(extract(epoch FROM not_before - now())) FROM notice_delivery WHERE channel = 'webhook'"
        )
        waits.append(int(row[0][0]))
    assert waits == [5, 15, 45]


async def test_a_mailbox_that_does_not_exist_is_given_up_and_the_others_get_theirs(post: Post) -> None:
    post.auth.emails = ("nobody@example.test", "owner@example.test")
    await post.hearing.credentials([connected(1), refused(2)])
    await post.deliver()
    assert [letter["To"] for letter in post.mailbox.letters] == ["owner@example.test"]
    given_up = "SELECT recipient, failure FROM notice_delivery WHERE failure <> ''"
    assert await post.sql(given_up) == [("nobody@example.test", "recipient refused with 550")]


async def test_after_days_in_vain_a_delivery_is_given_up(post: Post) -> None:
    post.ear.answers[:] = [500] * 10
    await post.hearing.credentials([connected(1), refused(2)])
    await post.sql("UPDATE notice_delivery SET created_at = now() - interval '4 days' WHERE channel = 'webhook'")
    await post.deliver()
    assert len(post.ear.heard) == 1


async def test_two_replicas_send_each_notice_once(post: Post) -> None:
    await post.hearing.credentials([connected(1), refused(2)])
    await asyncio.gather(*(post.delivering.work_off() for _ in range(4)))
    await asyncio.gather(*(post.delivering.work_off() for _ in range(4)))
    assert len(post.ear.heard) == 1
    assert len(post.mailbox.letters) == 2


async def test_the_same_illness_is_told_once_and_another_one_anew(post: Post) -> None:
    await post.hearing.credentials([connected(1), refused(2), refused(3)])
    await post.register.move(
        BUSINESS, "quickbooks", lambda row: moves.fall_ill(row.state, "ACCESS_REVOKED", "Ended there.", "probe")
    )
    assert await post.notices() == [("unhealthy", True), ("unhealthy", False)]


async def test_pause_resume_and_disconnect_by_a_person_are_no_notices(post: Post) -> None:
    await post.hearing.credentials([connected(1)])
    await post.register.move(BUSINESS, "quickbooks", lambda row: moves.pause(row.state, "o", row.read_at))
    await post.register.move(BUSINESS, "quickbooks", lambda row: moves.resume(row.state, "o"))
    await post.register.move(BUSINESS, "quickbooks", lambda row: moves.disconnect(row.state, "o"))
    assert await post.notices() == []


@pytest.mark.parametrize(("days", "told"), [(31, []), (29, [30]), (13, [14]), (2, [3])])
async def test_the_end_of_a_consent_is_announced_at_its_threshold_once(post: Post, days: int, told: list[int]) -> None:
    await post.hearing.credentials([connected(1)])
    await ends_in(post, days)
    for _ in range(3):
        await post.expiry.look()
    assert len(await post.notices()) == len(told)
    announced = await post.sql("SELECT announced_days FROM connection WHERE announced_days IS NOT NULL")
    assert [row[0] for row in announced] == told


async def ends_in(post: Post, days: int) -> None:
    moment = f"now() + interval '{days} days' + interval '1 hour'"
    await post.sql(f"UPDATE connection SET refresh_expires_at = {moment} WHERE provider = 'quickbooks'")  # noqa: S608


async def test_each_threshold_is_announced_in_its_turn_and_a_reconnect_ends_the_warning(post: Post) -> None:
    await post.hearing.credentials([connected(1)])
    for days in (29, 20, 13, 10, 2, 1, 0):
        await ends_in(post, days)
        await post.expiry.look()
    assert await post.notices() == [("expiring", True), ("expiring", True), ("expiring", False)]
    sentences = [row[0] for row in await post.sql("SELECT sentence FROM notice ORDER BY id")]
    assert "Access to QuickBooks (Craig's) ends on" in sentences[0]
    assert "(in 29 days)" in sentences[0]
    assert "Reconnect it before then" in sentences[2]
    history = [row[0] for row in await post.sql("SELECT sentence FROM history ORDER BY id")]
    assert history[-3:] == sentences
    await post.hearing.credentials([connected(2)])
    assert (await post.notices())[-1] == ("expiring", True)
    await ends_in(post, 29)
    await post.expiry.look()
    assert len(await post.notices()) == 4


async def test_a_renewed_refresh_token_ends_the_warning_and_the_next_end_is_announced_anew(post: Post) -> None:
    await post.hearing.credentials([connected(1)])
    for days in (20, 90, 20):
        await ends_in(post, days)
        await post.expiry.look()
    assert await post.notices() == [("expiring", True), ("expiring", False)]


async def test_two_replicas_announce_once(post: Post) -> None:
    await post.hearing.credentials([connected(1)])
    await ends_in(post, 10)
    await asyncio.gather(*(post.expiry.look() for _ in range(4)))
    assert await post.notices() == [("expiring", False)]


async def test_both_ends_of_a_consent_and_the_stores_zone_are_kept(post: Post, register: Register) -> None:
    from datetime import UTC, datetime

    from ledgerport.events.v1 import auth_pb2

    event = auth_pb2.Connected(account_id="93", account_name="C", connected_by="o", store_zone="Europe/London")
    event.hard_expires_at.FromDatetime(datetime(2031, 1, 2, tzinfo=UTC))
    event.refresh_expires_at.FromDatetime(datetime(2026, 6, 1, tzinfo=UTC))
    await post.hearing.credentials([said(1, connected=event)])
    row = await register.read(BUSINESS, "quickbooks")
    assert (row.store_zone, row.hard_expires_at) == ("Europe/London", datetime(2031, 1, 2, tzinfo=UTC))
    again = auth_pb2.Refreshed()
    again.refresh_expires_at.FromDatetime(datetime(2026, 9, 1, tzinfo=UTC))
    await post.hearing.credentials([said(2, refreshed=again)])
    later = await register.read(BUSINESS, "quickbooks")
    assert later.refresh_expires_at == datetime(2026, 9, 1, tzinfo=UTC)
    assert later.hard_expires_at == row.hard_expires_at
    assert later.watch_version > row.watch_version


async def test_a_store_that_removed_our_app_is_disconnected_with_its_reason(
    hearing: Hearing, register: Register
) -> None:
    from ledgerport.events.v1 import auth_pb2

    gone = auth_pb2.Revoked(by="the store", reason="STORE_UNINSTALLED", explanation="The store removed our app.")
    await hearing.credentials([connected(1), said(2, revoked=gone)])
    row = await register.read(BUSINESS, "quickbooks")
    assert (row.status, row.reason) == (moves.Status.DISCONNECTED, "STORE_UNINSTALLED")
    await hearing.credentials([connected(3)])
    assert (await register.read(BUSINESS, "quickbooks")).reason == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"smtp_url": "http://mail"},
        {"notice_webhook_url": "https://x.test/", "notice_webhook_secret": None},
        {"notice_webhook_url": "https://x.test/", "notice_webhook_secret": "whsec_c2hvcnQ="},
        {"notice_webhook_url": "https://x.test/", "notice_webhook_secret": "not base64 at all"},
    ],
)
def test_a_channel_that_cannot_work_stops_the_start(wrong: dict[str, Any]) -> None:
    told = dict.fromkeys(
        ("nats_url", "identity_key_file", "identity_public_keys_dir", "database_url", "auth_address"), "x"
    )
    with pytest.raises(ValueError, match="must be"):
        Settings.model_validate({**told, **wrong})
