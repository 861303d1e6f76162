"""Everything the stand-in can be told, read once from the environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RegisteredApp(BaseModel, frozen=True):
    """An app as entered in the developer portal: its key pair and the addresses it may be called back on."""

    client_id: str
    client_secret: str
    redirect_uris: list[str]


DEMO_APP = RegisteredApp(
    client_id="demo-intuit-client",
    client_secret="demo-intuit-secret",  # noqa: S106 - a made-up pair, good for the stand-in only
    redirect_uris=["http://localhost:8080/connect/intuit/callback"],
)


class Knobs(BaseModel, extra="forbid", validate_assignment=True):
    """What may be changed while the stand-in runs. Times in seconds, latencies in milliseconds, 0 = unlimited."""

    access_token_life: float = 3600
    refresh_token_life: float = 8_726_400
    refresh_rotation_age: float = Field(86_400, description="a refresh older than this returns a new value")
    refresh_grace: float = Field(86_400, description="how long the value before the newest still works")
    code_life: float = 300
    second_grant_retires_first: bool = False
    requests_per_minute: int = 500
    requests_per_second: int = 10
    concurrent_requests: int = 10
    batches_per_minute: int = 40
    batch_payloads: int = 30
    latency_ms: float = 0
    batch_item_latency_ms: float = 0
    remember_request_ids: bool = True
    batch_unordered: bool = False


class Settings(BaseSettings, Knobs):
    """The environment of one stand-in; every name carries the prefix INTUIT_SANDBOX_."""

    model_config = SettingsConfigDict(env_prefix="INTUIT_SANDBOX_", extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(8091, description="0 takes a free one; the real one is written to <data>/port")
    data: Path = Path("build/intuit-sandbox")
    clients: list[RegisteredApp] = [DEMO_APP]
    public_url: str = Field("", description="what the discovery document names; default: the bound address")

    def knobs(self) -> Knobs:
        """The part that the side door may change later."""
        return Knobs(**{name: getattr(self, name) for name in Knobs.model_fields})
