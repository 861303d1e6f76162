"""A bad webhook gets its documented answer, changes nothing, and leaves one clear line in the log."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Callable

import pytest
import requests

from ledgerport_local.demo import SHOP, Stage
from ledgerport_local.local_platform import LocalPlatform

FIVE_MEGABYTES = 5 * 1024 * 1024
Said = Callable[[str, str], list[dict[str, object]]]


class Sender:
    """Sends webhooks as anybody on the internet could."""

    def __init__(self, platform: LocalPlatform) -> None:
        self._url = f"{platform.urls['shopify-sync']}/webhooks/shopify"
        self._secret = platform.home.secret("shopify-client-secret").encode()
        self._http = requests.Session()
        self._http.trust_env = False

    def send(self, body: bytes, *, signed: bool = True, shop: str = SHOP, topic: str = "orders/create") -> int:
        digest = hmac.digest(self._secret if signed else b"somebody else's", body, "sha256")
        headers = {
            "X-Shopify-Topic": topic,
            "X-Shopify-Shop-Domain": shop,
            "X-Shopify-Hmac-Sha256": b64encode(digest).decode(),
            "X-Shopify-Webhook-Id": f"test-{len(body)}-{signed}-{shop}-{topic}",
            "Content-Type": "application/json",
        }
        return self._http.post(self._url, data=body, headers=headers, timeout=30).status_code


@pytest.mark.parametrize(
    ("why", "status", "body", "signed", "shop"),
    [
        ("not signed by Shopify", 401, b'{"id": 1}', False, SHOP),
        ("no business has connected this store", 404, b'{"id": 1}', True, "unknown-shop.myshopify.com"),
        ("the body is no JSON", 400, b"{broken", True, SHOP),
        ("the body of orders/create names no order", 400, b'{"id": "one"}', True, SHOP),
        ("too large", 413, b" " * (FIVE_MEGABYTES + 1), True, SHOP),
    ],
)
def test_a_bad_webhook_is_refused_with_one_line_in_the_log(
    stage: Stage, said: Said, why: str, status: int, body: bytes, signed: bool, shop: str
) -> None:
    before = len(said("shopify-sync", "webhook_refused"))
    waiting = stage.visitor.api("intake")["waiting"]
    assert Sender(stage.platform).send(body, signed=signed, shop=shop) == status
    lines = said("shopify-sync", "webhook_refused")
    assert len(lines) == before + 1
    assert lines[-1]["why"] == why
    assert stage.visitor.api("intake")["waiting"] == waiting
