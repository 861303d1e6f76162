"""Small promises of the floor: queries have one name, secrets stay out of the log, half of TLS stops the start."""

from __future__ import annotations

import pytest
from starlette.routing import Route

from ledgerport_libs import ops
from ledgerport_libs.database import Queries
from ledgerport_libs.settings import ServiceSettings, load
from ledgerport_libs.telemetry import Redactor

_OPERATORS = {"/healthz", "/readyz", "/metrics"}


def test_two_queries_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two queries are named one"):
        Queries("-- name: one\nSELECT 1;\n", "-- name: one\nSELECT 2;\n")


def test_queries_are_found_by_name() -> None:
    queries = Queries("-- name: one\n-- Says one.\nSELECT 1;\n\n-- name: two\nSELECT 2;\n")
    assert list(queries) == ["one", "two"]
    assert queries["two"] == "SELECT 2;"


def test_what_queries_share_is_put_in_where_they_name_it() -> None:
    shared = "-- part: mine\n   AND owner = %(owner)s\n"
    queries = Queries("-- name: one\nSELECT 1\n-- insert: mine\n LIMIT 1;\n", shared)
    assert dict(queries) == {"one": "SELECT 1\n   AND owner = %(owner)s\n LIMIT 1;"}


def test_a_part_that_nobody_wrote_is_refused() -> None:
    with pytest.raises(ValueError, match="no part is named mine"):
        Queries("-- name: one\nSELECT 1\n-- insert: mine\n")


def test_a_secret_once_shown_is_masked_wherever_it_comes() -> None:
    redactor = Redactor()
    redactor.remember("correct horse")
    logged = redactor.log_processor(None, "info", {"event": "x correct horse y", "more": {"deep": ["correct horse"]}})
    assert "correct horse" not in str(logged)


@pytest.mark.parametrize(
    "key", ["access_token", "refresh_token", "client_secret", "password", "Authorization", "cookie", "hmac", "code"]
)
def test_a_secret_is_masked_by_the_name_of_its_field(key: str) -> None:
    assert Redactor().log_processor(None, "info", {key: "whatever"})[key] == "•••"


def test_figures_and_flags_are_no_secrets_whatever_their_name() -> None:
    assert Redactor().log_processor(None, "info", {"token_count": 3, "has_password": True}) == {
        "token_count": 3,
        "has_password": True,
    }


@pytest.mark.parametrize(
    "text",
    [
        "token shpat_0123456789abcdef",
        "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJhIn0.c2ln",
        "RT1-17-H0-1234567890abcdef",
        "Authorization: Bearer abcdef1234567890",
        "basic dXNlcjpwYXNzd29yZA==",
    ],
)
def test_a_secret_is_masked_by_its_shape(text: str) -> None:
    assert "•••" in Redactor().text(text)


def test_the_redactor_forgets_the_oldest_first() -> None:
    redactor = Redactor(keep=2)
    for secret in ("first secret", "second secret", "third secret"):
        redactor.remember(secret)
    assert redactor.text("first secret, third secret") == "first secret, •••"


@pytest.mark.parametrize("given", ["GRPC_TLS_KEY_FILE", "GRPC_TLS_CERTIFICATE_FILE", "GRPC_TLS_AUTHORITY_FILE"])
def test_half_of_tls_is_no_tls_and_stops_the_start(
    given: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {"NATS_URL": "nats://x", "IDENTITY_KEY_FILE": "key", "IDENTITY_PUBLIC_KEYS_DIR": "keys", given: "file.pem"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        load(ServiceSettings)
    assert "or none" in capsys.readouterr().err


async def test_an_address_of_their_own_takes_the_operators_routes_off_the_public_one() -> None:
    readiness = ops.Readiness({})
    async with ops.beside(readiness, "") as at_the_public_address:
        assert {route.path for route in at_the_public_address if isinstance(route, Route)} == _OPERATORS
    async with ops.beside(readiness, "127.0.0.1:0") as at_the_public_address:
        assert at_the_public_address == []
