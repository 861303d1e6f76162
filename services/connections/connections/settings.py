"""Everything connections can be told. Times are seconds unless a name says otherwise."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, HttpUrl, SecretStr, field_validator, model_validator

from ledgerport_libs.floor import FloorSettings

_SHORTEST_SECRET = 24


class Settings(FloorSettings, frozen=True):
    auth_address: str
    public_url: str = Field("", description="where browsers reach LedgerPort; e-mails lead there")

    lease_ms: int = Field(1000, ge=100, description="how long a writer may act on one answer about its gates")
    lease_margin_ms: int = Field(100, ge=0, description="for clocks that run a little apart")

    probe_seconds: float = Field(600.0, gt=0, description="between two probes of one connection")
    probe_look_seconds: float = Field(1.0, gt=0, description="between two looks for what is to be probed")
    probe_timeout: float = Field(40.0, gt=0, description="auth may have to refresh first")
    probes_at_once: int = Field(8, ge=1)
    outage_seconds: float = Field(1800.0, gt=0, description="a provider away for longer makes a connection Unhealthy")
    revoke_retry_seconds: float = Field(15.0, gt=0)

    watch_look_seconds: float = Field(0.25, gt=0, lt=1, description="a change reaches its watchers within a second")
    watch_life_seconds: float = Field(60.0, gt=0, description="a stream ends and is resumed with fresh credentials")
    watchers_most: int = Field(500, ge=1)

    expiry_look_seconds: float = Field(60.0, gt=0)
    smtp_url: SecretStr | None = Field(None, description="smtp://user:password@host:587 or smtps://; empty: no e-mail")
    mail_from: str = Field("", description="the sender; ledgerport@<host of PUBLIC_URL> where it is empty")
    notice_webhook_url: HttpUrl | None = None
    notice_webhook_secret: SecretStr | None = Field(None, description="whsec_ and at least 24 bytes in base64")
    notice_timeout: float = Field(10.0, gt=0)
    notice_retry_seconds: float = Field(5.0, gt=0, description="the first wait; three times as long after each try")
    notice_days: int = Field(3, ge=0, description="how long a notice is tried before it is given up")
    notices_at_once: int = Field(8, ge=1)

    @field_validator("smtp_url", "notice_webhook_url", "notice_webhook_secret", mode="before")
    @classmethod
    def empty_is_not_set(cls, told: object) -> object:
        return None if told == "" else told

    @property
    def sender(self) -> str:
        return self.mail_from or f"ledgerport@{urlsplit(self.public_url).hostname or 'localhost'}"

    @property
    def notice_channels(self) -> tuple[str, ...]:
        """The ways by which notices go out, besides the page."""
        ways = {"recipients": self.smtp_url, "webhook": self.notice_webhook_url}
        return tuple(name for name, told in ways.items() if told is not None)

    @model_validator(mode="after")
    def notices_can_be_sent(self) -> Self:
        if self.smtp_url is not None:
            address = urlsplit(self.smtp_url.get_secret_value())
            if address.scheme not in ("smtp", "smtps") or not address.hostname:
                raise ValueError("SMTP_URL must be smtp://host:port or smtps://host:port")
        if self.notice_webhook_url is not None:
            secret = self.notice_webhook_secret.get_secret_value() if self.notice_webhook_secret else ""
            if not _is_long_enough(secret):
                raise ValueError("NOTICE_WEBHOOK_SECRET must be whsec_ and at least 24 bytes in base64")
        return self


def _is_long_enough(secret: str) -> bool:
    try:
        return len(b64decode(secret.removeprefix("whsec_"), validate=True)) >= _SHORTEST_SECRET
    except (binascii.Error, ValueError):
        return False
