"""The webhook edge over real HTTP: what is proved and durable is answered 200, everything else says why not."""

from __future__ import annotations

import signal
import socket
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from shopify_sync_testing.stage import Shop, until

FIVE_MB = 5 * 1024 * 1024
UNKNOWN = 999999999


def hints(shop: Shop) -> int:
    with shop.database() as connection:
        row = connection.execute("SELECT coalesce(sum(hinted), 0) FROM hint").fetchone()
    return int(row[0]) if row else 0


def deliveries(shop: Shop) -> int:
    with shop.database() as connection:
        row = connection.execute("SELECT count(*) FROM webhook").fetchone()
    return int(row[0]) if row else 0


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ({"id": UNKNOWN}, {"hmac": "Zm9yZ2Vk"}, 401),
        ({"id": UNKNOWN}, {"hmac": None}, 401),
        ({"id": UNKNOWN}, {"shop": "nobody.myshopify.com"}, 404),
        ({"id": UNKNOWN}, {"shop": None}, 404),
        ({"id": UNKNOWN}, {"id": None}, 400),
        ({"id": UNKNOWN}, {"id": "x" * 300}, 400),
        (b'{"id": ', {}, 400),
        ({"no": "id"}, {}, 400),
        (b"", {}, 400),
    ],
    ids=["forged", "unsigned", "unknown store", "no store", "no id", "odd id", "broken JSON", "no object", "empty"],
)
def test_what_cannot_be_taken_is_refused_and_nothing_changes(
    shop: Shop, body: bytes | dict[str, Any], headers: dict[str, str | None], status: int
) -> None:
    shop.rests()
    before = deliveries(shop)
    assert shop.deliver(body, **headers).status_code == status
    assert (deliveries(shop), hints(shop)) == (before, 0)


def test_a_body_that_says_it_is_over_5_mb_is_refused_unread(shop: Shop) -> None:
    target = urlsplit(shop.webhook_url)
    with socket.create_connection((target.hostname or "", target.port or 0), timeout=5) as connection:
        head = f"POST {target.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {FIVE_MB + 1}\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 413")


def test_a_body_that_grows_over_5_mb_is_refused(shop: Shop) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(6 * 16):
            yield b" " * 65_536

    try:
        status = requests.post(shop.webhook_url, data=chunks(), timeout=10).status_code
    except requests.ConnectionError:
        status = 413  # the server hung up on us before we had said it all
    assert status == 413


def test_a_body_of_5_mb_is_taken(shop: Shop) -> None:
    body = b'{"id": 999999999, "note": "' + b"x" * (FIVE_MB - 29) + b'"}'
    assert len(body) == FIVE_MB
    assert shop.deliver(body).status_code == 200


def test_a_delivery_that_comes_twice_is_kept_once(shop: Shop) -> None:
    same, before = str(uuid.uuid4()), deliveries(shop)
    for _ in range(3):
        assert shop.deliver({"id": UNKNOWN}, id=same).status_code == 200
    assert deliveries(shop) == before + 1


def test_topics_that_mean_nothing_to_us_are_taken_and_hint_at_nothing(shop: Shop) -> None:
    shop.rests()
    assert shop.deliver({}, topic="themes/publish").status_code == 200
    assert hints(shop) == 0


def test_only_posts_are_taken(shop: Shop) -> None:
    assert requests.get(shop.webhook_url, timeout=5).status_code == 405


def test_while_the_database_is_away_nothing_is_acknowledged_and_nothing_is_lost(shop: Shop) -> None:
    same = str(uuid.uuid4())
    shop.platform.halt("postgres", signal.SIGINT)
    try:
        began = time.monotonic()
        assert shop.deliver({"id": UNKNOWN}, id=same).status_code == 503
        assert time.monotonic() - began < 5
    finally:
        shop.platform.start_again("postgres")
        shop.platform.wait_ready("postgres")
    until(lambda: shop.deliver({"id": UNKNOWN}, id=same).status_code == 200, "a retry is taken")
    with shop.database() as connection:
        kept = connection.execute("SELECT count(*) FROM webhook WHERE webhook_id = %s", (same,)).fetchone()
    assert kept == (1,)
