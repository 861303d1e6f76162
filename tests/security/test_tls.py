"""With certificates given, the five services speak TLS: the main job works, and nothing answers in plain."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.certificates import Authority

from ledgerport_local.demo import REALM, SHOP, Stage, connect, wait_for_books
from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import Visitor
from ledgerport_local.wiring import SERVICES


class Files:
    """The PEM files of a certificate for 127.0.0.1, its key, and the authority that signed it."""

    def __init__(self, folder: Path) -> None:
        self.certificate, self.key, self.authority = (folder / f"{name}.pem" for name in ("host", "host-key", "ca"))
        self._signer = Authority()
        self.authority.write_bytes(self._signer.certificate)
        self.renew()

    def renew(self) -> None:
        """Another key and certificate for the same address, written over the former, as cert-manager and kubelet do."""
        issued = self._signer.issue([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        self.certificate.write_bytes(issued.certificate)
        self.key.write_bytes(issued.key)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def platform(authority: Files) -> Iterator[LocalPlatform]:
    told = {
        "GRPC_TLS_CERTIFICATE_FILE": str(authority.certificate),
        "GRPC_TLS_KEY_FILE": str(authority.key),
        "GRPC_TLS_AUTHORITY_FILE": str(authority.authority),
    }
    overrides = dict.fromkeys(SERVICES, told)
    with temporary_home() as home, LocalPlatform(home, overrides=overrides, durable=False) as running:
        yield running


def healthy(channel: grpc.Channel) -> bool:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=5)
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def test_the_main_job_works_over_tls(platform: LocalPlatform) -> None:
    visitor = Visitor(platform.urls["page"])
    page = visitor.get("/sign-up")
    visitor.submit(
        page,
        "/sign-up",
        email="owner@tls.test",
        password="a long enough password",
        name="Owner",
        business_name="Over TLS",
    )
    connect(visitor, REALM, SHOP)
    made = Stage(platform, visitor).shopify("orders", shop=SHOP, count=3, seed=5, mix="sale")
    wait_for_books(visitor, len(made["ids"]), 0, lambda _done: None)
    assert all(record["status"] == "SYNCED" for record in visitor.api("records?kind=ORDER")["records"])


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "gateway"])
def test_nothing_answers_in_plain(platform: LocalPlatform, authority: Files, service: str) -> None:
    address = platform.urls[f"{service}-grpc"]
    with grpc.insecure_channel(address) as plain, pytest.raises(grpc.RpcError):
        healthy(plain)
    credentials = grpc.ssl_channel_credentials(authority.authority.read_bytes())
    with grpc.secure_channel(address, credentials) as sealed:
        assert healthy(sealed)


def test_another_authoritys_word_counts_for_nothing(platform: LocalPlatform, tmp_path: Path) -> None:
    stranger = Files(tmp_path)
    credentials = grpc.ssl_channel_credentials(stranger.authority.read_bytes())
    with grpc.secure_channel(platform.urls["auth-grpc"], credentials) as channel, pytest.raises(grpc.RpcError):
        healthy(channel)


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "gateway"])
def test_a_renewed_certificate_is_shown_without_a_restart(
    platform: LocalPlatform, authority: Files, service: str
) -> None:
    pid = platform.pid(service)
    assert shown_by(platform, service) == authority.certificate.read_text()
    authority.renew()
    assert shown_by(platform, service) == authority.certificate.read_text()
    credentials = grpc.ssl_channel_credentials(authority.authority.read_bytes())
    with grpc.secure_channel(platform.urls[f"{service}-grpc"], credentials) as sealed:
        assert healthy(sealed)
    assert platform.pid(service) == pid


def test_a_certificate_that_is_not_that_of_the_key_is_left_alone(platform: LocalPlatform, authority: Files) -> None:
    """As it may be for a moment while both are being renewed."""
    shown = shown_by(platform, "auth")
    key = authority.key.read_bytes()
    authority.renew()
    renewed, authority_key = authority.certificate.read_text(), authority.key.read_bytes()
    authority.key.write_bytes(key)
    assert shown_by(platform, "auth") == shown
    authority.key.write_bytes(authority_key)
    assert shown_by(platform, "auth") == renewed


def shown_by(platform: LocalPlatform, service: str) -> str:
    """The certificate that a new connection is shown."""
    host, _, port = platform.urls[f"{service}-grpc"].partition(":")
    return ssl.get_server_certificate((host, int(port)), timeout=5)
