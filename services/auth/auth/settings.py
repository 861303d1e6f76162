"""Everything auth can be told. Times are seconds unless a name says otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from auth.people_settings import PeopleSettings
from ledgerport_libs.floor import FloorSettings

INTUIT_DISCOVERY_URL = "https://developer.api.intuit.com/.well-known/openid_configuration"
_DAY = 86400.0


class Settings(PeopleSettings, FloorSettings, frozen=True):
    sealing_keys_file: Path = Field(description='{"active": "k1", "keys": {"k1": "<32 bytes in base64>"}}')

    intuit_discovery_url: str = INTUIT_DISCOVERY_URL
    intuit_client_id: str
    intuit_client_secret: SecretStr
    qbo_api_url: str = "https://quickbooks.api.intuit.com"
    qbo_minor_version: int = 75

    shopify_admin_url: str = Field("https://{shop}", description="a template with {shop}")
    shopify_client_id: str
    shopify_client_secret: SecretStr
    shopify_api_version: str = "2026-10"
    shopify_scopes: str = "read_orders,read_customers,read_products,read_returns,read_inventory,read_locations"

    provider_connect_timeout: float = Field(4.0, gt=0)
    provider_timeout: float = Field(10.0, gt=0, description="for each answer of a provider's OAuth server or API")
    provider_threads: int = Field(16, ge=1)
    discovery_refresh_seconds: float = Field(_DAY, gt=0)

    refresh_lease_seconds: float = Field(30.0, gt=0, description="one refresh at a time over all replicas")
    refresh_early_seconds: float = Field(300.0, ge=0, description="a token with less left is refreshed first")
    refresh_at_least_days: int = Field(20, ge=1, description="idle credentials are refreshed, so that none lapses")
    spare_refresh_seconds: float = Field(_DAY, gt=0, description="how long a replaced refresh token is kept")
    just_issued_seconds: float = Field(60.0, ge=0, description="a younger token that is refused means: no access")

    oauth_state_seconds: float = Field(600.0, gt=0)
    callback_freshness_seconds: float = Field(300.0, gt=0)
    housekeeping_seconds: float = Field(60.0, gt=0)

    @model_validator(mode="after")
    def lease_outlives_the_call(self) -> Self:
        if self.refresh_lease_seconds <= 2 * self.provider_timeout:
            raise ValueError("REFRESH_LEASE_SECONDS must be longer than two PROVIDER_TIMEOUTs")
        if "{shop}" not in self.shopify_admin_url:
            raise ValueError("SHOPIFY_ADMIN_URL must contain {shop}")
        return self

    @property
    def quickbooks_redirect(self) -> str:
        """Registered at Intuit; apart from Shopify's, so that no callback can be taken for the other's."""
        return f"{self.public_url.rstrip('/')}/oauth/quickbooks/callback"

    @property
    def shopify_redirect(self) -> str:
        return f"{self.public_url.rstrip('/')}/oauth/shopify/callback"
