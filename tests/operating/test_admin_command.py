"""The command `ledgerport` as an operator runs it, against the running platform."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from ledgerport_local import keys
from ledgerport_local.demo import SHOP, Stage, wait_for_books
from ledgerport_local.wiring import SERVICES

Eventually = Callable[[Callable[[], object], str], None]
pytestmark = pytest.mark.timeout(180)


def run(stage: Stage, *words: str, key: str = "admin", without: str = "") -> tuple[int, str]:
    """Exit code and all that was said, with the key on standard input as the documents advise."""
    told = {**os.environ, **stage.platform.environment("gateway")}
    told.pop(without, None)
    pem = keys.identity_key(stage.platform.home, key).read_bytes()
    command = (sys.executable, "-m", "ledgerport_admin", "--by", "ann", *words)
    done = subprocess.run(command, env=told, input=pem, capture_output=True, timeout=90, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


def asked(stage: Stage, *words: str) -> dict[str, Any]:
    code, said = run(stage, "--json", *words)
    assert code == 0, said
    answer: dict[str, Any] = json.loads(said)
    return answer


def rows(stage: Stage, service: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(stage.platform.environment(service)["DATABASE_URL"], autocommit=True) as database:
        found = database.execute(statement.encode(), values)
        return found.fetchall() if found.description else []


def operations(stage: Stage, service: str) -> list[tuple[str, str]]:
    return [(by, what) for by, what in rows(stage, service, "SELECT done_by, what FROM operation ORDER BY id")]


@pytest.fixture(scope="module")
def business(stage: Stage) -> str:
    """Ours, with some orders in the books."""
    made = stage.shopify("orders", shop=SHOP, count=3, seed=8, mix="sale")
    wait_for_books(stage.visitor, len(made["ids"]), 0, lambda _done: None)
    return str(rows(stage, "shopify-sync", "SELECT business_id FROM store")[0][0])


def test_health_says_that_all_is_well_and_what_stands(stage: Stage, business: str, eventually: Eventually) -> None:
    eventually(lambda: run(stage, "health")[0] == 0, "all was well")
    _, said = run(stage, "health")
    assert all(f"{name}: well." in said for name in SERVICES if name != "gateway")
    assert "quickbooks connected 1" in said
    assert asked(stage, "health")["services"]["auth"]["figures"]


def test_a_dead_letter_is_told_listed_and_replayed(stage: Stage, business: str, eventually: Eventually) -> None:
    subject, payload = rows(stage, "shopify-sync", "SELECT subject, payload FROM outbox ORDER BY id LIMIT 1")[0]
    insert = "INSERT INTO dead_letter (consumer, subject, payload, error) VALUES ('qbo-writer', %s, %s, 'a bug')"
    rows(stage, "qbo-writer", insert, subject, payload)
    rows(stage, "qbo-writer", insert, subject, b"\xff\xff")
    eventually(lambda: run(stage, "health")[0] == 1, "the dead letters were noticed")
    listed = asked(stage, "replay", "--dead", "--dry-run")["dead_letters"]
    assert [each["error"] for each in listed] == ["a bug", "a bug"]
    code, said = run(stage, "--json", "replay", "--dead")
    assert (code, json.loads(said)) == (1, {"done": 1, "failed": 1})
    assert "BadEvent" in rows(stage, "qbo-writer", "SELECT error FROM dead_letter")[0][0]
    assert ("ann", "replay") in operations(stage, "qbo-writer")
    code, said = run(stage, "replay", "--dead", "--id", "1")
    assert (code, "--consumer" in said) == (2, True)
    rows(stage, "qbo-writer", "DELETE FROM dead_letter")


def test_what_was_said_of_a_business_is_said_again_and_changes_nothing(
    stage: Stage, business: str, eventually: Eventually
) -> None:
    before = rows(stage, "qbo-writer", "SELECT id, revision FROM record ORDER BY id")
    would = asked(stage, "replay", "--business", business, "--dry-run")["events"]
    assert would > 0
    assert asked(stage, "replay", "--business", business)["events"] == would
    eventually(
        lambda: rows(stage, "shopify-sync", "SELECT count(*) FROM outbox WHERE published_at IS NULL") == [(0,)],
        "all went out",
    )
    assert rows(stage, "qbo-writer", "SELECT id, revision FROM record ORDER BY id") == before
    assert ("ann", "replay events") in operations(stage, "shopify-sync")
    assert run(stage, "replay", "--business", "no such; business")[0] == 2


def test_a_writer_that_is_drained_writes_nothing_until_it_works_again(
    stage: Stage, business: str, eventually: Eventually
) -> None:
    [writer] = asked(stage, "drain", "--list")["writers"]
    code, said = run(stage, "drain", writer["name"], "--dry-run")
    assert (code, "would give back" in said) == (0, True)
    assert asked(stage, "drain", "--list")["writers"][0]["rests"] == 0
    code, said = run(stage, "drain", writer["holder"][:8], "--minutes", "5")
    assert (code, "No other writer works" in said) == (0, True)
    held = "SELECT count(*) FROM company_lease WHERE until > now()"
    eventually(lambda: rows(stage, "qbo-writer", held) == [(0,)], "its companies were given back")
    made = stage.shopify("orders", shop=SHOP, count=1, seed=9, mix="sale")
    pending = "SELECT count(*) FROM record WHERE kind = 'order' AND status = 'pending'"
    eventually(lambda: rows(stage, "qbo-writer", pending) == [(1,)], "the order waited")
    assert len(made["ids"]) == 1
    assert run(stage, "drain", writer["name"], "--minutes", "0")[0] == 0
    eventually(lambda: rows(stage, "qbo-writer", pending) == [(0,)], "the order was written")
    assert run(stage, "drain", "nobody")[0] == 1
    assert run(stage, "drain", writer["name"], "--minutes", "99999")[0] == 2


def test_objects_are_read_anew_by_id_and_by_range(stage: Stage, business: str, eventually: Eventually) -> None:
    order = rows(stage, "shopify-sync", "SELECT source_id FROM emitted WHERE source_id LIKE '%%/Order/%%' LIMIT 1")[0][
        0
    ]
    sequence = "SELECT sequence FROM emitted WHERE source_id = %s"
    before = rows(stage, "shopify-sync", sequence, order)[0][0]
    number = order.rpartition("/")[2]
    assert asked(stage, "refetch", business, "order", "--id", number, "--say-again", "--dry-run")["objects"] == 1
    assert rows(stage, "shopify-sync", sequence, order)[0][0] == before
    assert asked(stage, "refetch", business, "order", "--id", number, "--say-again")["objects"] == 1
    eventually(lambda: rows(stage, "shopify-sync", sequence, order)[0][0] == before + 1, "it was said again")
    assert asked(stage, "refetch", business, "order", "--from", "2000-01-01")["objects"] >= 3
    assert asked(stage, "refetch", business, "order", "--from", "2000-01-01", "--before", "2000-02-01")["objects"] == 0
    assert ("ann", "refetch") in operations(stage, "shopify-sync")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("order", "--id", "gid://shopify/Product/1"), 2),
        (("order", "--id", "1; DROP TABLE hint"), 2),
        (("product", "--from", "2026-01-01"), 2),
        (("order", "--from", "yesterday"), 2),
        (("order",), 2),
        (("coupon", "--id", "1"), 2),
    ],
)
def test_what_cannot_be_read_anew_is_refused(stage: Stage, business: str, words: tuple[str, ...], code: int) -> None:
    assert run(stage, "refetch", business, *words)[0] == code


def test_a_business_without_a_store_is_refused(stage: Stage) -> None:
    code, said = run(stage, "refetch", "nobody", "order", "--id", "1")
    assert (code, said.strip()) == (1, "This Business has no connected store.")


def test_keys_are_rotated_while_everything_runs(stage: Stage, business: str, eventually: Eventually) -> None:
    file = keys.sealing_keys(stage.platform.home)
    ring = json.loads(file.read_text())
    ring["keys"]["k2"], ring["active"] = base64.b64encode(os.urandom(32)).decode(), "k2"
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(ring))
    fresh.chmod(0o600)
    os.chown(fresh, file.stat().st_uid, file.stat().st_gid)
    fresh.replace(file)
    eventually(lambda: asked(stage, "rotate-keys", "--dry-run")["active_key"] == "k2", "auth has the new key")
    assert asked(stage, "rotate-keys", "--dry-run")["waiting"] > 0
    done = asked(stage, "rotate-keys")
    assert (done["waiting"], done["broken"], done["other_keys"]) == (0, [], ["k1"])
    assert done["done"] > 0
    assert asked(stage, "rotate-keys")["done"] == 0
    assert ("ann", "rotate keys") in operations(stage, "auth")


def test_nobody_but_the_admin_may_ask(stage: Stage) -> None:
    for words in (("replay", "--dead", "--dry-run"), ("drain", "--list"), ("rotate-keys", "--dry-run")):
        code, said = run(stage, *words, key="gateway")
        assert code == 1, said


def test_a_missing_setting_and_a_broken_key_are_told(stage: Stage, tmp_path: Any) -> None:
    code, said = run(stage, "health", without="AUTH_ADDRESS")
    assert (code, "AUTH_ADDRESS" in said) == (2, True)
    broken = tmp_path / "key.pem"
    broken.write_text("nonsense")
    assert run(stage, "--key", str(broken), "health") == (2, "This cannot be used: the key is no private key in PEM\n")
    assert run(stage, "--key", str(tmp_path / "none"), "health")[0] == 2


@pytest.mark.parametrize("command", ["health", "replay", "drain", "refetch", "rotate-keys"])
def test_each_command_explains_itself(stage: Stage, command: str) -> None:
    code, said = run(stage, command, "--help")
    assert code == 0
    assert "Exit codes" in said


def test_a_service_that_is_away_is_told(stage: Stage) -> None:
    stage.platform.halt("connections")
    try:
        code, said = run(stage, "health")
        assert (code, "connections: does not answer" in said) == (3, True)
    finally:
        stage.platform.start_again("connections")
        stage.platform.wait_ready("connections")
