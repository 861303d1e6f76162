"""Who is told what: the environment of each service and of each stand-in, in one place."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from ledgerport_local import keys
from ledgerport_local.home import Home
from ledgerport_local.settings import LaunchSettings

SERVICES = ("auth", "connections", "shopify-sync", "qbo-writer", "gateway")
WITH_DATABASE = SERVICES[:-1]
# Who the admin command says it is.
ADMIN = "admin"
STAND_INS = ("intuit-sandbox", "shopify-sandbox")
CLIENT_ID = "ledgerport-local"
AUDITOR = "auditor"
AUDITOR_REDIRECT = "http://127.0.0.1/auditor"
DATABASE_PREFIX = "ledgerport_"

_ONLY_FOR = {"auth": ("SMTP_URL", "OIDC_CLIENT_SECRET"), "connections": ("SMTP_URL", "NOTICE_WEBHOOK_SECRET")}
_SECRETS = frozenset(
    {
        "DATABASE_URL",
        "NATS_URL",
        "INTUIT_CLIENT_SECRET",
        "SHOPIFY_CLIENT_SECRET",
        "SMTP_URL",
        "NOTICE_WEBHOOK_SECRET",
        "OIDC_CLIENT_SECRET",
        "PG_BIN_DIR",
        "PORT",
    }
)


def package_of(name: str) -> str:
    """The Python package of a service or stand-in."""
    return name.replace("-", "_")


def database_of(service: str) -> str:
    """The database (and role) of a service."""
    return DATABASE_PREFIX + package_of(service)


@dataclass(frozen=True)
class Places:
    """Where everything listens and what it is opened with."""

    public_url: str
    webhook_url: str
    nats_url: str
    database_urls: Mapping[str, str]
    grpc: Mapping[str, int]
    http: Mapping[str, int]


def service_environment(service: str, home: Home, places: Places, settings: LaunchSettings) -> dict[str, str]:
    """All that `service` is told, on top of what this machine's environment says about paths and language."""
    told = inherited() | {
        "NATS_URL": places.nats_url,
        "GRPC_LISTEN": f"127.0.0.1:{places.grpc[service]}",
        "HTTP_LISTEN": f"127.0.0.1:{places.http[service]}",
        "PUBLIC_URL": places.public_url,
        "WEBHOOK_URL": places.webhook_url,
        "IDENTITY_KEY_FILE": str(keys.identity_key(home, service)),
        "IDENTITY_PUBLIC_KEYS_DIR": str(keys.public_keys(home)),
        "LOG_FORMAT": "json",
        "DRAIN_SECONDS": os.environ.get("DRAIN_SECONDS", "8"),  # ends before the launcher's ten seconds
    }
    for other in WITH_DATABASE:
        told[f"{package_of(other).upper()}_ADDRESS"] = f"127.0.0.1:{places.grpc[other]}"
    if service in places.database_urls:
        told["DATABASE_URL"] = places.database_urls[service]
    if service == "auth":
        told["SEALING_KEYS_FILE"] = str(keys.sealing_keys(home))
    told |= {name: os.environ[name] for name in _ONLY_FOR.get(service, ()) if os.environ.get(name)}
    if service == "gateway":
        told["SESSION_SECRET_FILE"] = str(keys.session_secret(home))
    return told | _outside(service, home, settings)


def _outside(service: str, home: Home, settings: LaunchSettings) -> dict[str, str]:
    """Addresses are no secret and go to all; an app's secret only to those that sign or check with it."""
    intuit, shopify = (f"http://127.0.0.1:{home.ports.of(name)}" for name in STAND_INS)
    told: dict[str, str | None] = {
        "INTUIT_DISCOVERY_URL": settings.intuit_discovery_url,
        "QBO_API_URL": settings.qbo_api_url,
        "INTUIT_CLIENT_ID": settings.intuit_client_id,
        "SHOPIFY_ADMIN_URL": settings.shopify_admin_url,
        "SHOPIFY_CLIENT_ID": settings.shopify_client_id,
    }
    if not settings.real_intuit:
        told["INTUIT_DISCOVERY_URL"] = f"{intuit}/.well-known/openid_sandbox_configuration"
        told["QBO_API_URL"] = intuit
        told["INTUIT_CLIENT_ID"] = CLIENT_ID
    if not settings.real_shopify:
        told["SHOPIFY_ADMIN_URL"] = shopify + "/{shop}"
        told["SHOPIFY_CLIENT_ID"] = CLIENT_ID
    if service == "auth":
        told["INTUIT_CLIENT_SECRET"] = intuit_secret(home, settings)
    if service in ("auth", "shopify-sync"):
        told["SHOPIFY_CLIENT_SECRET"] = shopify_secret(home, settings)
    return {name: value for name, value in told.items() if value is not None}


def intuit_secret(home: Home, settings: LaunchSettings) -> str:
    """The secret of LedgerPort's app at Intuit, given or known to the stand-in."""
    given = settings.intuit_client_secret
    return given.get_secret_value() if given else home.secret("intuit-client-secret")


def shopify_secret(home: Home, settings: LaunchSettings) -> str:
    """The secret of LedgerPort's app at Shopify, given or known to the stand-in."""
    given = settings.shopify_client_secret
    return given.get_secret_value() if given else home.secret("shopify-client-secret")


def stand_in_environment(name: str, home: Home, port: int, public_url: str) -> dict[str, str]:
    """What a stand-in is told: its port, where its state lies, and the two apps registered with it."""
    provider = name.partition("-")[0]
    callback = {"intuit": "quickbooks", "shopify": "shopify"}[provider]
    clients = [
        {
            "client_id": CLIENT_ID,
            "client_secret": home.secret(f"{provider}-client-secret"),
            "redirect_uris": [f"{public_url}/oauth/{callback}/callback"],
        },
        {
            "client_id": AUDITOR,
            "client_secret": home.secret(f"{provider}-auditor-secret"),
            "redirect_uris": [AUDITOR_REDIRECT],
        },
    ]
    prefix = package_of(name).upper()
    return inherited() | {
        f"{prefix}_PORT": str(port),
        f"{prefix}_DATA": str(home.room(name)),
        f"{prefix}_CLIENTS": json.dumps(clients),
    }


def inherited() -> dict[str, str]:
    """The launcher's own environment without what only the launcher, or only one service, may know."""
    kept = {name: value for name, value in os.environ.items() if name not in _SECRETS}
    return kept | {"PYTHONUNBUFFERED": "1"}
