"""What the chart refuses to be told, before anything is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.charts.chart import refusal

_REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "an unknown key": ("try", {"replicas": 3}, "replicas"),
    "an unknown key of a service": ("try", {"services": {"auth": {"replica": 3}}}, "replica"),
    "a service that is none": ("try", {"services": {"billing": {"replicas": 1}}}, "billing"),
    "a text where a number belongs": ("try", {"services": {"auth": {"replicas": "two"}}}, "/services/auth/replicas"),
    "a number where a switch belongs": ("try", {"ingress": {"enabled": 1}}, "/ingress/enabled"),
    "no address of the pages": ("try", {"publicUrl": ""}, "/publicUrl"),
    "an address without a scheme": ("try", {"publicUrl": "ledgerport.example.com"}, "/publicUrl"),
    "the tag latest": ("try", {"image": {"tag": "latest"}}, "/image/tag"),
    "an image of a server without a tag": ("try", {"nats": {"image": "nats"}}, "/nats/image"),
    "an image of a server that is the latest": ("try", {"nats": {"image": "nats:latest"}}, "/nats/image"),
    "no Secret with the database": ("try", {"services": {"auth": {"database": {"secret": ""}}}}, "database/secret"),
    "no Secret with the sealing keys": ("try", {"services": {"auth": {"sealingKeys": None}}}, "sealingKeys"),
    "no Secret of the app at Intuit": ("production", {"intuit": {"clientSecret": {"secret": ""}}}, "clientSecret"),
    "real books without an app at Intuit": ("production", {"intuit": {"clientId": ""}}, "/intuit/clientId"),
    "real books without an app at Shopify": ("production", {"shopify": {"clientId": ""}}, "/shopify/clientId"),
    "a database's URL in plain": ("try", {"services": {"auth": {"settings": {"DATABASE_URL": "x"}}}}, "DATABASE_URL"),
    "a secret in plain": ("try", {"services": {"auth": {"settings": {"OIDC_CLIENT_SECRET": "x"}}}}, "OIDC_CLIENT"),
    "an address that the chart sets": ("try", {"services": {"auth": {"settings": {"GRPC_LISTEN": "x"}}}}, "GRPC"),
    "webhooks for notices that nothing signs": (
        "production", {"notices": {"webhookUrl": "https://chat.example.com"}}, "webhookSecret"),
    "sign-on without a client": ("production", {"signOn": {"issuer": "https://id.example.com"}}, "signOn"),
    "certificates without an issuer": (
        "production", {"tls": {"certManager": {"issuerRef": {"name": ""}}}}, "issuerRef"),
    "a route without a gateway": ("production", {"gatewayApi": {"enabled": True}}, "parentRefs"),
    "a template of stores without a store": ("production", {"shopify": {"adminUrl": "https://x.example"}}, "adminUrl"),
    "memory without a unit": (
        "try", {"services": {"auth": {"resources": {"limits": {"memory": "512"}}}}}, "limits/memory"),
}  # fmt: skip


@pytest.mark.parametrize("case", _REFUSED)
def test_it_is_refused(case: str, tmp_path: Path) -> None:
    example, values, named = _REFUSED[case]
    said = refusal(example, values, tmp_path)
    assert "values don't meet the specifications of the schema" in said, said
    assert named in said


def test_the_defaults_alone_install_nothing_by_accident(tmp_path: Path) -> None:
    assert "publicUrl" in refusal("try", {"publicUrl": None}, tmp_path)
