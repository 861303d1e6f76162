"""Everything qbo-writer can be told. Limits are Intuit's own, for one company, unless said otherwise."""

from __future__ import annotations

from pydantic import Field, HttpUrl

from ledgerport_libs.floor import FloorSettings


class Settings(FloorSettings, frozen=True):
    auth_address: str
    connections_address: str

    qbo_api_url: HttpUrl = HttpUrl("https://quickbooks.api.intuit.com")
    qbo_minor_version: int = 75
    qbo_timeout: float = Field(125.0, gt=0, description="Intuit cuts a request at 120 s; hear its own answer first")
    qbo_requests_per_minute: int = Field(450, ge=1, le=500, description="Intuit allows 500; other apps share them")
    qbo_requests_per_second: int = Field(8, ge=1, le=10, description="Intuit allows 10; probes share them")
    qbo_in_flight: int = Field(8, ge=1, le=10)
    qbo_batches_per_minute: int = Field(36, ge=1, le=40, description="Intuit allows 40")
    qbo_batch_payloads: int = Field(25, ge=2, le=30, description="Intuit allows 30")
    qbo_throttle_wait: float = Field(60.0, gt=0, description="after a 429 that names no time of its own")

    lease_seconds: float = Field(10.0, gt=1, description="a dead writer's companies move after this")
    gate_poll_seconds: float = Field(0.25, gt=0)
    retry_waits: tuple[float, ...] = (5, 15, 45, 120, 300)
    look_first_after: float = Field(180.0, description="a claim older than this is looked for before it is sent again")
    look_first_always: bool = Field(False, description="nothing is made that was not looked for: after a restore")
    write_over_after: float = Field(
        130.0, gt=0, description="a write without an answer, alone or in a batch, is at work no longer after this"
    )
    company_refresh_seconds: float = Field(3600.0, gt=0)
