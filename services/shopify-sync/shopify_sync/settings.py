"""Everything shopify-sync can be told. Limits of Shopify's are read from its answers, not set."""

from __future__ import annotations

from pydantic import Field, HttpUrl, SecretStr

from ledgerport_libs.floor import FloorSettings


class Settings(FloorSettings, frozen=True):
    auth_address: str

    shopify_admin_url: str = Field("https://{shop}", description="a template: {shop} is the myshopify.com domain")
    shopify_api_version: str = "2026-10"
    shopify_client_secret: SecretStr = Field(description="signs the webhooks")
    shopify_former_secrets: tuple[SecretStr, ...] = Field((), description="still accepted after a rotation")
    shopify_timeout: float = Field(30.0, gt=0)
    webhook_url: HttpUrl = Field(description="where Shopify reaches this service from outside")

    webhook_longest_body: int = Field(5 * 1024 * 1024, description="bytes; a larger one is refused with 413")
    webhook_queue: int = Field(2000, ge=1, description="deliveries waiting for their commit; beyond it 503")
    webhook_commit_timeout: float = Field(4.0, gt=0, lt=5, description="Shopify waits 5 s for the whole answer")

    fetch_batch: int = Field(50, ge=1, le=100, description="objects a query, at first; fewer where that is too dear")
    fetch_lease: float = Field(15.0, gt=0, description="a crashed fetch is taken up again after this")
    fetch_in_flight: int = Field(3, ge=1, description="queries at once to one store")
    catch_up_every: float = Field(3600.0, gt=0)
    catch_up_overlap: float = Field(600.0, ge=0, description="how far back each pass looks again")
    subscriptions_every: float = Field(3600.0, gt=0)
