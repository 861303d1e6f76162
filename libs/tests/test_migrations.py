"""Migrations are applied once each, whoever is killed meanwhile, and beside the traffic of the former version."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from ledgerport_libs.migrations import migrate

_MIGRATE = "import sys; from ledgerport_libs.migrations import migrate; print(migrate(sys.argv[1], 'qbo_writer'))"


def test_two_processes_migrate_side_by_side_and_a_later_start_applies_nothing(empty: str) -> None:
    starts = [
        subprocess.Popen([sys.executable, "-c", _MIGRATE, empty], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    applied = sorted(int(start.communicate(timeout=30)[0]) for start in starts)
    assert applied[0] == 0
    assert applied[1] >= 2
    assert migrate(empty, "qbo_writer") == 0


def test_a_migration_killed_in_the_middle_leaves_no_lock(empty: str) -> None:
    # The first migration wants to make this table and has to wait for us.
    killed_while_it_waits_for(empty, "CREATE TABLE outbox (id int)")
    assert migrate(empty, "qbo_writer") >= 2


def test_a_migration_killed_before_it_is_marked_is_applied_by_the_next_start(empty: str) -> None:
    migrate(empty, "connections")
    # What is applied may be read, and not be added to.
    killed_while_it_waits_for(empty, "LOCK TABLE _yoyo_migration IN SHARE MODE")
    assert migrate(empty, "qbo_writer") >= 2


def killed_while_it_waits_for(url: str, statement: LiteralString) -> None:
    """A start that stands behind a transaction with this statement, which is undone when the start is dead."""
    with psycopg.connect(url) as blocker:
        blocker.execute(statement)
        start = subprocess.Popen([sys.executable, "-c", _MIGRATE, url])
        wait_until_waiting(url, 1)
        os.kill(start.pid, signal.SIGKILL)
        start.wait(10)
        blocker.rollback()


def wait_until_waiting(url: str, transactions: int) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    ends = time.monotonic() + 20
    with psycopg.connect(url, autocommit=True) as look:
        while look.execute(waiting).fetchone() != (transactions,):
            assert time.monotonic() < ends, "they never waited"
            time.sleep(0.05)


@pytest.fixture
def shop(empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database with sales, for `shop_of_tests`, whose migration of today refers to them and then alters them."""
    folder = tmp_path / "shop_of_tests" / "migrations"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    (folder / "9001_before.sql").write_text("CREATE TABLE sale (id int PRIMARY KEY);\nINSERT INTO sale VALUES (1);")
    migrate(empty, "shop_of_tests")
    (folder / "9002_today.sql").write_text(
        "CREATE TABLE line (sale int REFERENCES sale (id));\n"
        # Where a test holds it there, it stays there for as long as the test needs.
        "SET LOCAL lock_timeout = 0;\nSELECT pg_advisory_xact_lock(7);\nSET LOCAL lock_timeout = '2s';\n"
        "ALTER TABLE sale ADD COLUMN note text DEFAULT 'new';"
    )
    yield empty
    sys.modules.pop("shop_of_tests")


def sales(work: psycopg.Connection) -> list[tuple[int, ...]]:
    return work.execute("SELECT id FROM sale").fetchall()


def test_a_migration_that_waits_for_a_table_lets_others_at_it_meanwhile(shop: str) -> None:
    with ThreadPoolExecutor(1) as beside, psycopg.connect(shop) as work:
        assert sales(work) == [(1,)]  # and the transaction goes on
        migration = beside.submit(migrate, shop, "shop_of_tests")
        wait_until_waiting(shop, 1)
        with psycopg.connect(shop, autocommit=True) as reader:
            # Who asks now stands behind the migration, which has to step back.
            assert sales(reader) == [(1,)]
        assert not migration.done()
        work.commit()
        assert migration.result(30) == 1


def test_a_migration_that_meets_the_traffic_in_a_deadlock_is_undone_and_tried_again(shop: str) -> None:
    with ThreadPoolExecutor(2) as beside, psycopg.connect(shop, autocommit=True) as gate, psycopg.connect(shop) as work:
        gate.execute("SELECT pg_advisory_lock(7)")
        assert sales(work) == [(1,)]
        migration = beside.submit(migrate, shop, "shop_of_tests")
        wait_until_waiting(shop, 1)  # it has begun, and keeps writers from the sales
        sold = beside.submit(work.execute, "INSERT INTO sale VALUES (2)")
        wait_until_waiting(shop, 2)
        gate.execute("SELECT pg_advisory_unlock(7)")
        # Now each would wait for the other, had the migration not been ended.
        sold.result(30)
        assert not migration.done()
        work.commit()
        assert migration.result(30) == 1
    with psycopg.connect(shop) as look:
        assert look.execute("SELECT id, note FROM sale ORDER BY id").fetchall() == [(1, "new"), (2, "new")]
