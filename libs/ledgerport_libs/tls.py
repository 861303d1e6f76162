"""TLS between services: who answers is proved by a certificate, who calls by a token."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import grpc


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files. The certificate names the host that others dial; the authority signed every service's certificate."""

    certificate: Path
    key: Path
    authority: Path

    def server(self) -> grpc.ServerCredentials:
        """Read once, when the server starts: a renewed certificate holds from the next start on."""
        return grpc.ssl_server_credentials([(self.key.read_bytes(), self.certificate.read_bytes())])

    def client(self) -> grpc.ChannelCredentials:
        """Trusts our own authority and nobody else."""
        return grpc.ssl_channel_credentials(self.authority.read_bytes())
