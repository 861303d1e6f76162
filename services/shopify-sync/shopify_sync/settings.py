"""Everything shopify-sync can be told. Limits of Shopify's are read from its answers, not set."""

from __future__ import annotations

from typing import Self

from pydantic import Field, HttpUrl, SecretStr, model_validator

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
    webhook_memory: int = Field(64 * 1024 * 1024, description="bytes of all bodies held at once; beyond it 503")
    webhook_queue: int = Field(2000, ge=1, description="deliveries waiting for their commit; beyond it 503")
    webhook_answer_within: float = Field(0.3, gt=0, description="503 after this while PostgreSQL is away")
    webhook_commit_timeout: float = Field(4.0, gt=0, lt=5, description="Shopify waits 5 s for the whole answer")

    fetch_batch: int = Field(50, ge=1, le=100, description="objects a query, at first; fewer where that is too dear")
    fetch_lease: float = Field(15.0, gt=0, description="a crashed fetch is taken up again after this")
    fetch_in_flight: int = Field(3, ge=1, description="queries at once to one store")
    catch_up_every: float = Field(3600.0, gt=0)
    catch_up_overlap: float = Field(600.0, ge=0, description="how far back each pass looks again")
    webhook_grace: float = Field(60.0, ge=0, description="a change as young as this may still be told by a webhook")
    subscriptions_every: float = Field(3600.0, gt=0)
    refusal_rest: float = Field(300.0, gt=0, description="how long a store that refuses everything is left alone")

    import_share: float = Field(
        0.5, gt=0, le=0.9, description="of the cost bucket, for imports; the rest is kept for what happens now"
    )

    imports_at_once: int = Field(4, ge=1, description="of different stores, in this process")
    import_lease: float = Field(15.0, gt=0, description="an import whose process died is taken up again after this")
    import_events_waiting: int = Field(1000, ge=1, description="an import waits while as many events are not taken up")
    import_orders_per_minute: int = Field(
        1000, ge=1, description="what QuickBooks takes of one company; only for the estimate before a start"
    )

    @model_validator(mode="after")
    def waits_are_in_order(self) -> Self:
        if self.webhook_answer_within >= self.webhook_commit_timeout:
            raise ValueError("webhook_answer_within must be shorter than webhook_commit_timeout")
        return self
