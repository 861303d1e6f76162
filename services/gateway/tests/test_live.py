"""Open pages hear what happens to their own Business, and a gateway that ends lets go of them at once."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import nats
import pytest
import requests

from gateway.live import Listener
from ledgerport.events.v1 import record_pb2
from ledgerport.gateway.v1 import live_pb2
from ledgerport_local.local_platform import LocalPlatform, answers
from ledgerport_local.walkthrough import Visitor


@contextmanager
def listening(visitor: Visitor) -> Iterator[Iterator[str]]:
    """The lines of an open live connection that is known to be subscribed."""
    with visitor.browser.get(f"{visitor.page_url}/live", stream=True, timeout=10) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        lines = answer.iter_lines(chunk_size=1, decode_unicode=True)
        assert next(lines) == "retry: 2000"
        yield lines


def next_update(lines: Iterator[str]) -> dict[str, dict[str, object]]:
    line = next(each for each in lines if each.startswith("data: "))
    update: dict[str, dict[str, object]] = json.loads(line.removeprefix("data: "))
    return update


async def publish(platform: LocalPlatform, business_id: str, reference: str) -> None:
    event = record_pb2.RecordEvent(business_id=business_id, reference=reference)
    client = await nats.connect(platform.urls["nats"])
    await client.publish(f"records.v1.{business_id}.synced", event.SerializeToString())
    await client.flush()
    await client.close()


async def test_a_record_of_the_own_business_is_heard_and_no_other(
    platform: LocalPlatform, owner: Visitor, sign_up: Callable[[str], Visitor]
) -> None:
    other = sign_up("otto").api("me")["business"]["id"]
    own = owner.api("me")["business"]["id"]
    with listening(owner) as lines:
        await publish(platform, other, "#foreign")
        await publish(platform, own, "#1001")
        assert next_update(lines)["record"]["reference"] == "#1001"


def test_a_pause_is_heard_by_the_open_page(owner: Visitor) -> None:
    with listening(owner) as lines:
        owner.submit(owner.get("/connections"), "/connections/quickbooks/pause")
        assert next_update(lines)["connection"]["paused"] is True
        assert "Sync is paused" in owner.get("/connections").text
        owner.submit(owner.get("/connections"), "/connections/quickbooks/resume")
        assert not next_update(lines)["connection"].get("paused", False)


def test_nobody_listens_without_a_session(stranger: Visitor) -> None:
    assert stranger.get("/live").status_code == 401


def test_one_session_has_a_bound_of_open_pages(sign_up: Callable[[str], Visitor]) -> None:
    visitor = sign_up("pia")
    opened: list[requests.Response] = []
    reading: list[Iterator[bytes]] = []  # a reader that is dropped closes its connection
    try:
        for _ in range(13):
            answer = visitor.browser.get(f"{visitor.page_url}/live", stream=True, timeout=10)
            opened.append(answer)
            if answer.status_code == 200:
                reading.append(answer.iter_lines(chunk_size=1))
                next(reading[-1])
        assert [answer.status_code for answer in opened] == [200] * 12 + [429]
    finally:
        for answer in opened:
            answer.close()


async def test_a_page_that_cannot_follow_is_told_to_ask_for_everything() -> None:
    listener = Listener(size=3)
    for number in range(7):
        listener.tell(live_pb2.LiveUpdate(record=record_pb2.RecordEvent(reference=f"#{number}")))
    told = await listener.next(1)
    assert told is not None
    assert told.WhichOneof("what") == "reset"
    listener.end()
    assert await listener.next(1) is None


@pytest.fixture
def second_gateway(platform: LocalPlatform) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """One more gateway, as it runs behind https."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{found.getsockname()[1]}"
    told = platform.environment("gateway") | {"HTTP_LISTEN": address, "PUBLIC_URL": "https://books.shop.test"}
    with subprocess.Popen([sys.executable, "-m", "gateway"], env=told, stderr=subprocess.DEVNULL) as process:
        try:
            ends = time.monotonic() + 30
            while not answers(f"http://{address}/readyz"):
                assert time.monotonic() < ends
                time.sleep(0.1)
            yield f"http://{address}", process
        finally:
            process.kill()


def test_behind_https_the_cookie_is_bound_to_the_host_and_a_sigterm_ends_open_pages(
    second_gateway: tuple[str, subprocess.Popen[bytes]], stranger: Visitor
) -> None:
    url, process = second_gateway
    page = stranger.browser.get(f"{url}/sign-up")
    assert page.headers["strict-transport-security"].startswith("max-age=")
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    visit = page.headers["set-cookie"].partition(";")[0]
    fields = {"email": "tls@shop.test", "password": "correct horse battery", "name": "T", "business_name": "T"}
    made = requests.post(
        f"{url}/sign-up",
        data=fields | {"csrf_token": token},
        headers={"Cookie": visit, "Origin": "https://books.shop.test"},
        allow_redirects=False,
        timeout=10,
    )
    assert made.status_code == 303, made.text
    cookie = next(each for each in made.headers["set-cookie"].split(", ") if each.startswith("__Host-ledgerport="))
    flags = {flag.strip().lower() for flag in cookie.split(";")[1:]}
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= flags
    assert not any(flag.startswith("domain") for flag in flags)

    session = {"Cookie": cookie.partition(";")[0]}
    with requests.get(f"{url}/live", headers=session, stream=True, timeout=10) as live:
        lines = live.iter_lines(chunk_size=1)
        next(lines)
        process.send_signal(signal.SIGTERM)
        list(lines)  # ends, because the gateway lets go
    assert process.wait(timeout=8) == 0
