"""What every service can be told, by environment variables; a missing one without a default stops the start."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ledgerport_libs.tls import TlsFiles


class ServiceSettings(BaseSettings):
    """The part that all services share. Addresses are host:port; times are seconds."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    nats_url: SecretStr
    grpc_listen: str = "127.0.0.1:0"
    http_listen: str = "127.0.0.1:0"
    ops_listen: str = Field("", description="of /healthz, /readyz and /metrics; empty: at http_listen, with the rest")
    identity_key_file: Path = Field(description="this service's own Ed25519 private key, PEM")
    identity_public_keys_dir: Path = Field(description="one <service>.pem for each service that may call")
    log_format: Literal["json", "console"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    drain_seconds: float = Field(20.0, gt=0, description="after SIGTERM, for what is under way to finish")
    rpc_timeout: float = Field(10.0, gt=0, description="of each gRPC call we make")
    otel_exporter_otlp_endpoint: str = Field("", description="empty: spans are not exported")
    grpc_tls_certificate_file: Path | None = Field(None, description="PEM; with key and authority: gRPC speaks TLS")
    grpc_tls_key_file: Path | None = None
    grpc_tls_authority_file: Path | None = Field(None, description="PEM of who signs the services' certificates")

    @property
    def tls(self) -> TlsFiles | None:
        """The files of TLS between services; None: plain, for one machine or under a mesh that encrypts."""
        files = (self.grpc_tls_certificate_file, self.grpc_tls_key_file, self.grpc_tls_authority_file)
        certificate, key, authority = files
        return TlsFiles(certificate, key, authority) if certificate and key and authority else None

    @model_validator(mode="after")
    def tls_is_whole(self) -> Self:
        """A part of it would be no encryption that looks like some."""
        files = (self.grpc_tls_certificate_file, self.grpc_tls_key_file, self.grpc_tls_authority_file)
        if any(files) and not all(files):
            raise ValueError("give GRPC_TLS_CERTIFICATE_FILE, GRPC_TLS_KEY_FILE and GRPC_TLS_AUTHORITY_FILE, or none")
        return self


class DatabaseSettings(BaseSettings):
    """For the services that own a database."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_url: SecretStr
    database_pool: int = Field(8, ge=2, description="connections")
    statement_timeout: float = Field(30.0, gt=0)
    outbox_retention_days: int = Field(14, ge=1, description="how far back a lost stream can be replayed")
    look_seconds: float = Field(30.0, gt=0, description="how often one replica reads the figures of /metrics for all")


T = TypeVar("T", bound=BaseSettings)


def load(kind: type[T]) -> T:
    """Settings from the environment, or a sentence for each wrong one and exit code 2."""
    try:
        return kind()
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            name = "_".join(str(part) for part in problem["loc"]).upper() or "settings"
            sys.stderr.write(f"{name}: {problem['msg']}\n")
        sys.exit(2)


class ListenAddress(str):
    """host:port, split once."""

    @property
    def host(self) -> str:
        return self.rpartition(":")[0] or "127.0.0.1"

    @property
    def port(self) -> int:
        return int(self.rpartition(":")[2])

    @classmethod
    def of(cls, text: str) -> Self:
        return cls(text)
