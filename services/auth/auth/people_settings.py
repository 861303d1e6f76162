"""What auth can be told about people: how long things live, how tries are counted, mail and single sign-on."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_DAY = 86400.0
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class PeopleSettings(BaseSettings):
    """Times are seconds unless a name says otherwise."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    public_url: str = Field(description="where browsers reach LedgerPort; the redirect addresses lie below it")

    session_idle_seconds: float = Field(12 * 3600.0, gt=0)
    session_absolute_seconds: float = Field(30 * _DAY, gt=0)
    invitation_seconds: float = Field(7 * _DAY, gt=0)
    reset_seconds: float = Field(1800.0, gt=0, description="how long a reset link works")
    api_token_days: int = Field(366, ge=1, description="the longest life of an API token")
    api_tokens_of_business: int = Field(50, ge=1)
    businesses_of_person: int = Field(50, ge=1)

    sign_in_tries: int = Field(5, ge=2, description="of one e-mail from one address, before waits begin")
    sign_in_wait_seconds: float = Field(15.0, gt=0, description="the first wait; each further one is twice as long")
    sign_in_longest_wait_seconds: float = Field(900.0, gt=0)
    stranger_tries: int = Field(30, ge=2, description="of one e-mail from all addresses that it never signed in from")
    stranger_longest_wait_seconds: float = Field(30.0, gt=0, description="strangers are slowed down, nobody else")
    reset_tries: int = Field(5, ge=2, description="reset links of one e-mail within the hour that tries are kept")
    reset_tries_by_address: int = Field(20, ge=2)
    tries_forgotten_seconds: float = Field(3600.0, gt=0)
    familiar_address_days: int = Field(180, ge=1)

    smtp_url: SecretStr = Field(
        SecretStr(""), description="smtp[s]://[user:password@]host[:port]; empty: no mail is sent"
    )
    mail_from: str = Field("", description="the sender; ledgerport@<host of PUBLIC_URL> where it is empty")
    mail_timeout: float = Field(10.0, gt=0)

    oidc_issuer: str = Field("", description="an OpenID Connect provider; empty: built-in accounts only")
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_only: bool = Field(False, description="nobody signs in by a password; the provider decides who is who")
    oidc_auto_sign_up: bool = Field(False, description="whoever the provider knows gets an account, also uninvited")
    oidc_state_seconds: float = Field(600.0, gt=0)

    @model_validator(mode="after")
    def single_sign_on_is_whole(self) -> Self:
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_client_secret.get_secret_value()):
            raise ValueError("OIDC_ISSUER needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET")
        parts = urlsplit(self.oidc_issuer)
        if self.oidc_issuer and parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise ValueError("OIDC_ISSUER must be https")
        if self.oidc_only and not self.oidc_issuer:
            raise ValueError("OIDC_ONLY needs OIDC_ISSUER")
        return self

    @model_validator(mode="after")
    def mail_can_be_sent(self) -> Self:
        parts = urlsplit(self.smtp_url.get_secret_value())
        if parts.geturl() and (parts.scheme not in ("smtp", "smtps") or not parts.hostname):
            raise ValueError("SMTP_URL must be smtp://host:port or smtps://host:port")
        return self

    @property
    def address(self) -> str:
        """The public address without a slash at its end."""
        return self.public_url.rstrip("/")

    @property
    def sign_on_redirect(self) -> str:
        """Registered at the OpenID Connect provider."""
        return f"{self.address}/sign-in/callback"

    @property
    def sender(self) -> str:
        return self.mail_from or f"ledgerport@{urlsplit(self.public_url).hostname}"
