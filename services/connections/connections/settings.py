"""Everything connections can be told. Times are seconds unless a name says otherwise."""

from __future__ import annotations

from pydantic import Field

from ledgerport_libs.settings import DatabaseSettings, ServiceSettings


class Settings(ServiceSettings, DatabaseSettings, frozen=True):
    auth_address: str

    lease_ms: int = Field(1000, ge=100, description="how long a writer may act on one answer about its gates")
    lease_margin_ms: int = Field(100, ge=0, description="for clocks that run a little apart")

    probe_seconds: float = Field(600.0, gt=0, description="between two probes of one connection")
    probe_look_seconds: float = Field(1.0, gt=0, description="between two looks for what is to be probed")
    probe_timeout: float = Field(40.0, gt=0, description="auth may have to refresh first")
    probes_at_once: int = Field(8, ge=1)
    outage_seconds: float = Field(1800.0, gt=0, description="a provider away for longer makes a connection Unhealthy")
    revoke_retry_seconds: float = Field(15.0, gt=0)
