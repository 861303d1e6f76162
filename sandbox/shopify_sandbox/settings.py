"""Every knob of the stand-in, read from `SHOPIFY_SANDBOX_…` in the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic_settings import BaseSettings, SettingsConfigDict

LEDGERPORT_SCOPES = (
    "read_orders,read_all_orders,read_customers,read_products,read_inventory,read_locations,"
    "read_returns,read_payment_terms,read_shopify_payments_payouts,read_shopify_payments_accounts"
)


class Client(BaseModel):
    """An app as it is registered with Shopify: its credentials and where its log-in may return to."""

    client_id: str
    client_secret: str
    redirect_uris: list[str]
    scopes: str = LEDGERPORT_SCOPES
    name: str = "LedgerPort"


class Settings(BaseSettings):
    """Defaults are Shopify's own figures; local runs shorten the waits."""

    model_config = SettingsConfigDict(env_prefix="SHOPIFY_SANDBOX_")

    host: str = "127.0.0.1"
    port: int = 8092
    data: Path = Path("shopify-sandbox-data")
    clients: list[Client] = Field(default_factory=list)

    token_seconds: PositiveInt = 3600
    refresh_token_seconds: PositiveInt = 90 * 24 * 3600
    refresh_replay_seconds: PositiveInt = 30 * 24 * 3600
    """How long a used refresh token may be sent again while its replacement is unused."""

    bucket_size: PositiveInt = 2000
    restore_rate: PositiveFloat = 100.0
    max_query_cost: PositiveInt = 1000
    nodes_cost: Literal["once", "each"] = "once"
    """Whether `nodes(ids:)` asks for the cost of one node or of each; Shopify does not document it."""
    index_lag_seconds: NonNegativeFloat = 0.0
    """How long a change stays invisible to lists and searches (never to look-ups by id)."""
    graphql_latency_ms: NonNegativeFloat = 0.0
    bulk_at_once: PositiveInt = 5
    """Bulk queries of one app in one store; one, before version 2026-01."""

    webhook_retries: PositiveInt = 8
    webhook_retry_base_seconds: PositiveFloat = 56.0
    """First gap; each next one doubles, so that 8 retries span four hours."""
    webhook_timeout_seconds: PositiveFloat = 5.0
    webhook_concurrency: PositiveInt = 32
    webhook_duplicate_rate: float = Field(default=0.0, ge=0, le=1)
    webhook_delay_seconds: NonNegativeFloat = 0.0
    """Each delivery waits a random part of this, which also shuffles their order."""
    webhook_seed: int = 1
