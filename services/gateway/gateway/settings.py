"""Everything the gateway can be told."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, HttpUrl

from ledgerport_libs.settings import ServiceSettings

# Where Intuit and Shopify send a browser between our form and their consent page. A browser checks each hop.
_INTUIT = ("https://*.intuit.com",)
_SHOPIFY = ("https://*.myshopify.com", "https://*.shopify.com")


class Settings(ServiceSettings, frozen=True):
    auth_address: str
    connections_address: str
    shopify_sync_address: str
    qbo_writer_address: str

    public_url: HttpUrl = Field(description="where browsers reach the pages; https outside of one's own machine")
    session_secret_file: Path = Field(description="signs form tokens and messages; the same for all replicas")
    forwarded_hops: int = Field(0, ge=0, le=5, description="proxies in front whose X-Forwarded-For is believed")
    support_contact: str = Field("", description="e-mail address or URL shown as help")

    intuit_discovery_url: str = Field("", description="its origin may be the target of our forms")
    shopify_admin_url: str = Field("", description="its origin may be the target of our forms")
    oidc_issuer: str = Field(
        "", description="the provider of single sign-on; its origin may be the target of our forms"
    )
    consent_origins: str = Field("", description="further origins on the way to consent, separated by spaces")

    largest_form: int = Field(64 * 1024, ge=1024, description="bytes")
    largest_upload: int = Field(3 * 1024 * 1024, ge=1024, description="bytes of a form with a file")
    session_cache_seconds: float = Field(3.0, ge=0, le=5)
    tries_by_address: int = Field(60, ge=1, description="sign-ins and sign-ups at once; refilled over a minute")
    tries_by_account: int = Field(10, ge=1, description="of one account from one address; refilled over two minutes")
    changes_by_person: int = Field(240, ge=1, description="forms of one person; refilled over a minute")
    calls_by_token: int = Field(600, ge=1, description="API calls with one token; refilled over a minute")
    live_pages: int = Field(1000, ge=1, description="open live connections of this process")
    live_pages_by_session: int = Field(12, ge=1)
    heartbeat_seconds: float = Field(15.0, gt=0, description="of live connections; the session is looked at again")

    @property
    def origin(self) -> str:
        """scheme://host[:port] of the pages, as a browser sends it."""
        return _origin(str(self.public_url))

    @property
    def address(self) -> str:
        """The public address without a slash at its end."""
        return str(self.public_url).rstrip("/")

    @property
    def https(self) -> bool:
        return self.public_url.scheme == "https"

    @property
    def form_targets(self) -> tuple[str, ...]:
        """Origins that a redirect after our connect forms may lead to."""
        outside = (self.intuit_discovery_url, self.shopify_admin_url.split("{")[0], self.oidc_issuer)
        stand_ins = (_origin(url) for url in outside)
        given = (each for each in (*stand_ins, *self.consent_origins.split()) if each)
        return tuple(dict.fromkeys((*_INTUIT, *_SHOPIFY, *given)))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    if not parts.scheme or not parts.hostname:
        return ""
    default = {"https": 443, "http": 80}.get(parts.scheme)
    port = f":{parts.port}" if parts.port and parts.port != default else ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}"
