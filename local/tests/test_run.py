"""`make run` says in a sentence what stands in its way, and tells each service what it may know."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from ledgerport_local import keys
from ledgerport_local.errors import LocalError
from ledgerport_local.home import Home
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.ports import Ports
from ledgerport_local.settings import REPOSITORY, LaunchSettings, read_settings
from ledgerport_local.wiring import SERVICES, WITH_DATABASE, Places, service_environment, stand_in_environment

READ_ELSEWHERE = {"PG_BIN_DIR", "NATS_SERVER_BIN", "LEDGERPORT_HOME", "CHROMIUM", "LOG_LEVEL", "DRAIN_SECONDS"}
READ_BY_SERVICES = {
    *("SMTP_URL", "MAIL_FROM", "NOTICE_WEBHOOK_URL", "NOTICE_WEBHOOK_SECRET"),
    *("GRPC_TLS_CERTIFICATE_FILE", "GRPC_TLS_KEY_FILE", "GRPC_TLS_AUTHORITY_FILE"),
    *("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_ONLY", "OIDC_AUTO_SIGN_UP"),
}


def run(home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ledgerport_local", "run"],
        env=os.environ | {"LEDGERPORT_HOME": str(home)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def environments(home: Home, settings: LaunchSettings) -> dict[str, dict[str, str]]:
    grpc = {name: 1000 + number for number, name in enumerate(SERVICES)}
    http = {name: 2000 + number for number, name in enumerate(SERVICES)}
    databases = {name: f"postgresql://{name}@127.0.0.1/{name}" for name in WITH_DATABASE}
    places = Places("http://localhost:8080", "http://127.0.0.1:2002", "nats://x", databases, grpc, http)
    return {name: service_environment(name, home, places, settings) for name in SERVICES}


def test_a_taken_port_gives_a_sentence_that_names_the_cure(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run(home, PORT=str(port))
    assert ended.returncode == 1
    assert f"Port {port} is taken" in ended.stdout
    assert "make run PORT=" in ended.stdout
    assert not (home / "postgres").exists()


def test_a_wrong_value_gives_a_sentence_that_names_the_setting(home: Path) -> None:
    ended = run(home, PORT="eighty")
    assert ended.returncode == 1
    assert "PORT: " in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


def test_a_second_run_on_one_home_says_that_one_is_running(home: Path) -> None:
    with LocalPlatform(home, sandbox=False, services=[]) as first:
        with pytest.raises(LocalError, match="already running") as raised:
            LocalPlatform(home, sandbox=False, services=[]).start()
        assert f"process {os.getpid()} at http://localhost:" in str(raised.value)
        assert first.supervisor.is_ready("postgres")


def test_a_client_id_without_its_secret_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INTUIT_CLIENT_ID", "an-app")
    with pytest.raises(LocalError, match="Give both INTUIT_CLIENT_ID and INTUIT_CLIENT_SECRET"):
        read_settings(tmp_path / ".env")


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("PORT=8100\nPUBLIC_URL=https://books.example\nNATS_URL=\n")
    monkeypatch.setenv("PORT", "8200")
    monkeypatch.setenv("PUBLIC_URL", "")  # remembered, so that it is restored after the test
    monkeypatch.delenv("PUBLIC_URL")
    settings = read_settings(file)
    assert (settings.port, settings.public_url, settings.nats_url) == (8200, "https://books.example", None)


def test_every_setting_is_in_the_example_and_the_example_names_nothing_else() -> None:
    named = set(re.findall(r"^#([A-Z_]+)=", (REPOSITORY / ".env.example").read_text(), re.MULTILINE))
    assert named == {name.upper() for name in LaunchSettings.model_fields} | READ_ELSEWHERE | READ_BY_SERVICES


def test_secrets_go_only_to_the_services_that_use_them(home: Path) -> None:
    told = environments(Home(home), LaunchSettings.model_construct())
    holders = {
        secret: {name for name in SERVICES if secret in told[name]}
        for secret in (
            "DATABASE_URL",
            "INTUIT_CLIENT_SECRET",
            "SHOPIFY_CLIENT_SECRET",
            "SEALING_KEYS_FILE",
            "SESSION_SECRET_FILE",
        )
    }
    assert holders == {
        "DATABASE_URL": set(WITH_DATABASE),
        "INTUIT_CLIENT_SECRET": {"auth"},
        "SHOPIFY_CLIENT_SECRET": {"auth", "shopify-sync"},
        "SEALING_KEYS_FILE": {"auth"},
        "SESSION_SECRET_FILE": {"gateway"},
    }
    assert len({told[name]["IDENTITY_KEY_FILE"] for name in SERVICES}) == len(SERVICES)


def test_an_app_of_ones_own_leads_to_the_real_addresses(home: Path) -> None:
    settings = LaunchSettings.model_validate(
        {
            "intuit_client_id": "app",
            "intuit_client_secret": "s1",
            "shopify_client_id": "shop-app",
            "shopify_client_secret": "s2",
        }
    )
    told = environments(Home(home), settings)["auth"]
    assert (told["INTUIT_CLIENT_ID"], told["INTUIT_CLIENT_SECRET"]) == ("app", "s1")
    assert (told["SHOPIFY_CLIENT_ID"], told["SHOPIFY_CLIENT_SECRET"]) == ("shop-app", "s2")
    # Not told: the services then use their own defaults, which are the real ones.
    assert not {"INTUIT_DISCOVERY_URL", "QBO_API_URL", "SHOPIFY_ADMIN_URL"} & told.keys()


def test_the_stand_ins_know_the_app_by_the_secret_the_services_have(home: Path) -> None:
    place = Home(home)
    told = environments(place, LaunchSettings.model_construct())["auth"]
    for name in ("intuit-sandbox", "shopify-sandbox"):
        provider = name.partition("-")[0].upper()
        registered = stand_in_environment(name, place, 1, "http://localhost:8080")[f"{provider}_SANDBOX_CLIENTS"]
        assert told[f"{provider}_CLIENT_SECRET"] in registered
        assert "/oauth/" in registered
        assert '"auditor"' in registered


def test_keys_are_made_once_and_fit_together(home: Path) -> None:
    place = Home(home)
    private = keys.identity_key(place, "auth")
    first = private.read_bytes()
    assert keys.identity_key(place, "auth").read_bytes() == first
    mine = load_pem_private_key(first, password=None)
    public = load_pem_public_key((keys.public_keys(place) / "auth.pem").read_bytes())
    assert isinstance(mine, Ed25519PrivateKey)
    assert isinstance(public, Ed25519PublicKey)
    public.verify(mine.sign(b"a message"), b"a message")


def test_ports_are_remembered_and_replaced_only_when_taken(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    port = Ports(file).of("auth-grpc")
    assert Ports(file).of("auth-grpc") == port
    with socket.create_server(("127.0.0.1", port)):
        assert Ports(file).of("auth-grpc") != port
