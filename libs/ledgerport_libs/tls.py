"""TLS between services: who answers is proved by a certificate, who calls by a token."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ledgerport_libs import telemetry

log = telemetry.logger("tls")


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files. The certificate names the host that others dial; the authority signed every service's certificate."""

    certificate: Path
    key: Path
    authority: Path

    def server(self) -> grpc.ServerCredentials:
        """New connections are shown the certificate that lies there by then; ValueError where none lies there now."""
        shown = self._pair()

        def look() -> grpc.ServerCertificateConfiguration:
            # Asked by gRPC at each handshake: a few a minute.
            nonlocal shown
            try:
                pair = self._pair()
            except (OSError, ValueError) as error:
                log.warning("certificate_not_taken_up", error=repr(error))  # half written, perhaps: the next look tells
                pair = shown
            if pair != shown:
                log.info("certificate_taken_up")
                shown = pair
            return _configured(shown)

        return grpc.dynamic_ssl_server_credentials(_configured(shown), look)

    def client(self) -> grpc.ChannelCredentials:
        """Trusts our own authority and nobody else. Read once: gRPC takes up no other authority for an open channel."""
        return grpc.ssl_channel_credentials(self.authority.read_bytes())

    def _pair(self) -> tuple[bytes, bytes]:
        """(key, certificate), which belong together; ValueError where they do not."""
        key, certificate = self.key.read_bytes(), self.certificate.read_bytes()
        private = load_pem_private_key(key, password=None)
        if not isinstance(private, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
            raise ValueError("the key is of a kind that TLS does not use")
        if x509.load_pem_x509_certificate(certificate).public_key() != private.public_key():
            raise ValueError("the certificate is not that of the key")
        return key, certificate


def _configured(pair: tuple[bytes, bytes]) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([pair])
