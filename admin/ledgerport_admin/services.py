"""The services that the command asks, in the name of `admin`."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic_settings import BaseSettings, SettingsConfigDict

from ledgerport.auth.v1 import sealing_pb2_grpc
from ledgerport.operations.v1 import operations_pb2, operations_pb2_grpc
from ledgerport.qbo_writer.v1 import writers_pb2, writers_pb2_grpc
from ledgerport.shopify_sync.v1 import refetch_pb2_grpc
from ledgerport_libs import rpc
from ledgerport_libs.identity import ServiceIdentity
from ledgerport_libs.tls import TlsFiles

NAME = "admin"
NAMES = ("auth", "connections", "shopify-sync", "qbo-writer")
STDIN = "-"
_TIMEOUT = 60.0


class Settings(BaseSettings):
    """Where the services are: the same names in the environment as the services' own, which the gateway's pods know."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    auth_address: str
    connections_address: str
    shopify_sync_address: str
    qbo_writer_address: str
    grpc_tls_certificate_file: Path | None = None
    grpc_tls_key_file: Path | None = None
    grpc_tls_authority_file: Path | None = None

    @property
    def addresses(self) -> Mapping[str, str]:
        """By the name of the service."""
        return {name: getattr(self, f"{name.replace('-', '_')}_address") for name in NAMES}

    @property
    def tls(self) -> TlsFiles | None:
        """None: the services speak without TLS."""
        files = (self.grpc_tls_certificate_file, self.grpc_tls_key_file, self.grpc_tls_authority_file)
        certificate, key, authority = files
        return TlsFiles(certificate, key, authority) if certificate and key and authority else None


@dataclass(frozen=True, slots=True)
class Services:
    """Stubs over channels that prove that an operator calls."""

    operations: Mapping[str, operations_pb2_grpc.OperationsServiceAsyncStub]
    writers: writers_pb2_grpc.WritersServiceAsyncStub
    refetch: refetch_pb2_grpc.RefetchServiceAsyncStub
    sealing: sealing_pb2_grpc.SealingServiceAsyncStub

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, key: str) -> AsyncIterator[Services]:
        """While inside. ValueError or OSError where the key cannot be used."""
        identity = ServiceIdentity(NAME, _private_key(key))
        described = [
            operations_pb2.DESCRIPTOR.services_by_name["OperationsService"],
            writers_pb2.DESCRIPTOR.services_by_name["WritersService"],
        ]
        async with AsyncExitStack() as stack:
            channels: dict[str, grpc.aio.Channel] = {
                name: await stack.enter_async_context(
                    rpc.channel(address, identity, name, described, timeout=_TIMEOUT, tls=settings.tls)
                )
                for name, address in settings.addresses.items()
            }
            yield cls(
                {name: operations_pb2_grpc.OperationsServiceStub(each) for name, each in channels.items()},
                writers_pb2_grpc.WritersServiceStub(channels["qbo-writer"]),
                refetch_pb2_grpc.RefetchServiceStub(channels["shopify-sync"]),
                sealing_pb2_grpc.SealingServiceStub(channels["auth"]),
            )


def _private_key(file: str) -> Ed25519PrivateKey:
    """From a file, or from standard input, so that no pod needs to keep it."""
    pem = sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise ValueError("the key is no private key in PEM") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("the key is no Ed25519 key")
    return key
