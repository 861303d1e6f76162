"""A whole life of both connections, and then: no token, key, session or password in any dump, stream or log."""

from __future__ import annotations

import base64
import json
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.security.town import PASSWORD

from ledgerport_local import keys
from ledgerport_local.demo import REALM, SHOP, Stage, set_the_stage
from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import Visitor
from ledgerport_local.wiring import CLIENT_ID, WITH_DATABASE

QUICK = {"connections": {"PROBE_SECONDS": "1"}, "auth": {"LOG_LEVEL": "debug"}, "qbo-writer": {"LOG_LEVEL": "debug"}}
EXPIRE = "UPDATE credential SET expires_at = now(), issued_at = now() - interval '2 hours'"


class Secrets:
    """Every value that must never be found, by what it is."""

    def __init__(self) -> None:
        self.values: dict[str, set[str]] = {}

    def add(self, what: str, *values: str) -> None:
        self.values.setdefault(what, set()).update(value for value in values if len(value) >= 8)

    def found_in(self, content: bytes) -> list[str]:
        """What is in these bytes, in plain, in hex or in base64."""
        lower = content.lower()
        return [
            what
            for what, values in self.values.items()
            for value in values
            if value.encode() in content
            or value.encode().hex().encode() in lower
            or base64.b64encode(value.encode()).rstrip(b"=")[:-1] in content
        ]


def _waited(true: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, f"waited in vain until {what}"
        time.sleep(0.2)


def _status(stage: Stage, provider: str) -> str:
    cards = stage.visitor.api("connections")["connections"]
    return str(next(card["status"] for card in cards if card["provider"] == provider))


def _note_tokens(platform: LocalPlatform, secrets: Secrets) -> None:
    """Every token that the stand-ins have issued and still know: read from their own files."""
    with sqlite3.connect(f"file:{platform.home.room('intuit-sandbox')}/intuit.sqlite3?mode=ro", uri=True) as intuit:
        for (body,) in intuit.execute("SELECT body FROM grants"):
            grant = json.loads(body)
            secrets.add("Intuit token", *grant.get("access", {}), *grant.get("refresh", {}))
    with sqlite3.connect(f"file:{platform.home.room('shopify-sandbox')}/shopify.sqlite3?mode=ro", uri=True) as shopify:
        for (body,) in shopify.execute("SELECT body FROM records"):
            text = bytes(body).decode(errors="replace")
            secrets.add("Shopify token", *_tokens_in(text))


def _tokens_in(text: str) -> list[str]:
    import re

    return re.findall(r"shp(?:at|rt)_[A-Za-z0-9_\-]{8,}", text)


def _expire(platform: LocalPlatform) -> None:
    with psycopg.connect(platform.environment("auth")["DATABASE_URL"], autocommit=True) as database:
        database.execute(EXPIRE)


@pytest.fixture(scope="module")
def lived() -> Iterator[tuple[LocalPlatform, Secrets, Path]]:
    """Connect both, orders, a refresh, a wrong password, a disconnect, a reconnect, a refusal; then all is quiet."""
    with temporary_home() as home, LocalPlatform(home, overrides=QUICK, durable=False) as platform:
        secrets = Secrets()
        stage = set_the_stage(platform)
        _note_tokens(platform, secrets)
        visitors = [stage.visitor, Visitor(platform.urls["page"])]
        stage.shopify("orders", shop=SHOP, count=4, seed=3, mix="basic", refund_rate=0.5)
        for _ in range(2):
            stage.intuit(f"companies/{REALM}/tokens", action="age", seconds=90_000, client_id=CLIENT_ID)
            _expire(platform)
            stage.shopify("orders", shop=SHOP, count=2, seed=4, mix="sale")
            _waited(lambda: _all_fresh(platform), "both tokens were refreshed")
            _note_tokens(platform, secrets)
        visitors[1].sign_in("owner@demo.test", PASSWORD)
        page = stage.visitor.get("/connections/quickbooks/disconnect")
        stage.visitor.submit(page, "/connections/quickbooks/disconnect", confirmed="yes")
        _waited(lambda: _status(stage, "QUICKBOOKS") == "DISCONNECTED", "it is disconnected")
        stage.visitor.connect_quickbooks(REALM)
        _waited(lambda: _status(stage, "QUICKBOOKS") == "CONNECTED", "it is connected again")
        _note_tokens(platform, secrets)
        stage.intuit(f"companies/{REALM}/tokens", action="disconnect", client_id=CLIENT_ID)
        _waited(lambda: _status(stage, "QUICKBOOKS") == "UNHEALTHY", "the refusal was noticed")
        _note_known(platform, secrets, visitors)
        yield platform, secrets, home
        for visitor in visitors:
            visitor.browser.close()


def _all_fresh(platform: LocalPlatform) -> bool:
    with psycopg.connect(platform.environment("auth")["DATABASE_URL"]) as database:
        left = database.execute(
            "SELECT count(*) FROM credential WHERE state = 'active' AND expires_at < now()"
        ).fetchone()
    return left == (0,)


def _note_known(platform: LocalPlatform, secrets: Secrets, visitors: list[Visitor]) -> None:
    """Keys, passwords, the apps' secrets, and what the browsers hold."""
    secrets.add("password", platform.home.secret("demo-password"), PASSWORD)
    ring = json.loads(keys.sealing_keys(platform.home).read_text())
    secrets.add("sealing key", *ring["keys"].values())
    secrets.add("session key", keys.session_secret(platform.home).read_text().strip())
    for provider in ("intuit", "shopify"):
        secrets.add("client secret", platform.home.secret(f"{provider}-client-secret"))
    for service in WITH_DATABASE:
        private = keys.identity_key(platform.home, service).read_text().splitlines()
        secrets.add("identity key", *(line for line in private if not line.startswith("-")))
    for visitor in visitors:
        secrets.add("session cookie", *(str(cookie.value) for cookie in visitor.browser.cookies if _is_session(cookie)))


def _is_session(cookie: Any) -> bool:
    return str(cookie.name).removeprefix("__Host-") == "ledgerport"


def test_the_search_knows_what_to_look_for(lived: tuple[LocalPlatform, Secrets, Path]) -> None:
    _, secrets, _ = lived
    assert {what: len(values) > 0 for what, values in secrets.values.items()} == dict.fromkeys(secrets.values, True)
    assert len(secrets.values["Intuit token"]) >= 8
    assert len(secrets.values["Shopify token"]) >= 4
    assert {"password", "sealing key", "session key", "session cookie", "client secret"} <= set(secrets.values)
    assert secrets.found_in(b"..." + next(iter(secrets.values["Intuit token"])).encode()) == ["Intuit token"]


def test_no_secret_stands_in_a_dump_of_any_database(lived: tuple[LocalPlatform, Secrets, Path]) -> None:
    platform, secrets, _ = lived
    for service in WITH_DATABASE:
        with psycopg.connect(platform.environment(service)["DATABASE_URL"]) as database:
            tables = database.execute("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
            dump = b""
            for (table,) in tables.fetchall():
                with database.cursor().copy(f"COPY {table} TO STDOUT") as rows:
                    dump += b"".join(bytes(row) for row in rows)
        assert len(dump) > 1000, service
        assert secrets.found_in(dump) == [], service


def test_no_secret_stands_in_the_files_of_jetstream(lived: tuple[LocalPlatform, Secrets, Path]) -> None:
    _, secrets, home = lived
    files = [file for file in home.rglob("*") if file.is_file() and "jetstream" in str(file).lower()]
    assert files
    assert {str(file): found for file in files if (found := secrets.found_in(file.read_bytes()))} == {}


def test_no_secret_stands_in_any_log(lived: tuple[LocalPlatform, Secrets, Path]) -> None:
    platform, secrets, _ = lived
    files = list(platform.home.logs.rglob("*"))
    assert {"auth.log", "gateway.log", "qbo-writer.log", "postgres.log", "nats.log"} <= {file.name for file in files}
    found = {file.name: secrets.found_in(file.read_bytes()) for file in files if file.is_file()}
    ours = {name: what for name, what in found.items() if "sandbox" not in name}
    assert {name: what for name, what in ours.items() if what} == {}


def test_no_secret_stands_in_what_a_process_shows_of_itself(lived: tuple[LocalPlatform, Secrets, Path]) -> None:
    """Command lines are seen by every user of a machine."""
    _, secrets, _ = lived
    shown = subprocess.run(("ps", "-eo", "args"), check=True, capture_output=True).stdout
    assert secrets.found_in(shown) == []


def test_no_secret_stands_in_metrics(lived: tuple[LocalPlatform, Secrets, Path]) -> None:
    platform, secrets, _ = lived
    with Visitor(platform.urls["page"]).browser as browser:
        for service in WITH_DATABASE:
            metrics = browser.get(f"{platform.urls[service]}/metrics", timeout=10)
            assert metrics.status_code == 200
            assert secrets.found_in(metrics.content) == []
