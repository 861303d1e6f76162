"""Notices as signed webhooks, by the Standard Webhooks rules: id, timestamp, and HMAC-SHA256 over both and the body."""

from __future__ import annotations

import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

import requests

from connections.settings import Settings
from connections.undelivered import DeliveryTrouble, Undeliverable

PREFIX = "whsec_"
_GONE = 410


@dataclass(frozen=True, slots=True)
class Webhook:
    """One address for the whole deployment."""

    url: str
    secret: bytes = field(repr=False)
    timeout: float

    @classmethod
    def of(cls, settings: Settings) -> Webhook | None:
        """None where no NOTICE_WEBHOOK_URL is set."""
        if settings.notice_webhook_url is None or settings.notice_webhook_secret is None:
            return None
        secret = b64decode(settings.notice_webhook_secret.get_secret_value().removeprefix(PREFIX))
        return cls(str(settings.notice_webhook_url), secret, settings.notice_timeout)

    def send(self, message_id: str, kind: str, data: Mapping[str, str]) -> None:
        """Blocking. Repeated, the id and the body are the same; 410 means that nobody listens there any more."""
        body = json.dumps({"type": kind, "timestamp": data["raised_at"], "data": dict(data)}, sort_keys=True).encode()
        stamp = str(int(time.time()))
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{signature(self.secret, message_id, stamp, body)}",
        }
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.post(
                    self.url, data=body, headers=headers, timeout=self.timeout, allow_redirects=False, stream=True
                )
                answer.close()
        except requests.RequestException as trouble:
            raise DeliveryTrouble(f"the webhook failed: {type(trouble).__name__}") from None
        if answer.status_code == _GONE:
            raise Undeliverable("the webhook is gone")
        if not 200 <= answer.status_code < 300:
            raise DeliveryTrouble(f"the webhook answered {answer.status_code}")


def signature(secret: bytes, message_id: str, stamp: str, body: bytes) -> str:
    """Base64, over id, timestamp and body with dots between."""
    signed = b".".join((message_id.encode(), stamp.encode(), body))
    return b64encode(hmac.digest(secret, signed, "sha256")).decode()
