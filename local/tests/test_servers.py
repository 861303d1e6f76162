"""PostgreSQL and NATS on one machine: what they keep, where they come back, and who may enter."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import nats
import psycopg
import pytest

from ledgerport_local.account import server_account
from ledgerport_local.databases import TemplateDatabases
from ledgerport_local.home import Home, temporary_home
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.postgres import PostgresServer
from ledgerport_local.wiring import WITH_DATABASE, database_of


def servers_only(home: Path) -> LocalPlatform:
    return LocalPlatform(home, sandbox=False, services=[])


def url_of(platform: LocalPlatform, owner: str, database: str) -> str:
    password = platform.home.secret(f"{database_of(owner)}-password")
    port = platform.home.ports.of("postgres")
    return f"postgresql://{database_of(owner)}:{password}@127.0.0.1:{port}/{database_of(database)}"


@pytest.fixture(scope="module")
def platform() -> Iterator[LocalPlatform]:
    with temporary_home() as folder, servers_only(folder) as running:
        yield running


def test_rows_survive_a_killed_postgres_and_it_comes_back_on_its_port(platform: LocalPlatform) -> None:
    url = url_of(platform, "auth", "auth")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")

    before = platform.pid("postgres")
    platform.kill("postgres")
    platform.wait_ready("postgres")

    assert platform.pid("postgres") != before
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchall() == [(42,)]


@pytest.mark.parametrize("service", WITH_DATABASE)
def test_a_service_enters_its_own_database_and_no_other(platform: LocalPlatform, service: str) -> None:
    with psycopg.connect(url_of(platform, service, service)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS mine ()")
    for other in set(WITH_DATABASE) - {service}:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(url_of(platform, service, other))


def test_nobody_enters_postgres_without_the_password(platform: LocalPlatform) -> None:
    url = platform.urls["postgres"].replace(platform.home.secret("postgres-password"), "guessed")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url)


async def test_nats_comes_back_on_its_port_with_its_streams(platform: LocalPlatform) -> None:
    client = await nats.connect(platform.urls["nats"])
    await client.jetstream().add_stream(name="kept", subjects=["kept.>"])
    await client.jetstream().publish("kept.one", b"1")
    await client.close()

    platform.kill("nats")
    platform.wait_ready("nats")

    client = await nats.connect(platform.urls["nats"])
    found = await client.jetstream().stream_info("kept")
    await client.close()
    assert found.state.messages == 1


def test_a_second_start_has_the_same_data_passwords_and_ports(home: Path) -> None:
    with servers_only(home) as first:
        urls = dict(first.urls)
        with psycopg.connect(first.urls["postgres"]) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with servers_only(home) as second, psycopg.connect(second.urls["postgres"]) as connection:
        assert second.urls == urls
        assert connection.execute("SELECT answer FROM kept").fetchall() == [(42,)]


def test_a_stray_server_on_the_data_is_stopped_first(home: Path) -> None:
    with servers_only(home):
        pass
    child = PostgresServer.below(Home(home)).child()
    with (home / "logs" / "stray.log").open("wb") as output:
        stray = child.account.start(child.command, child.environment, output, Path("/"))
    while not child.ready():
        assert stray.poll() is None

    # Its number stays taken until somebody reaps it, and here that is us.
    waiting = threading.Thread(target=stray.wait)
    waiting.start()
    with servers_only(home) as platform:
        waiting.join(timeout=20)
        assert stray.returncode == 0
        assert platform.pid("postgres") != stray.pid


def test_a_pid_file_that_names_another_program_does_not_stop_the_start(home: Path) -> None:
    with servers_only(home):
        pass
    (home / "postgres" / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    with servers_only(home) as platform:
        assert platform.supervisor.is_ready("postgres")


def test_what_is_kept_is_closed_to_other_users(platform: LocalPlatform) -> None:
    folder = platform.home.folder
    assert {path.stat().st_mode & 0o777 for path in (folder / "keys").iterdir() if path.is_file()} == {0o600}
    for room in ("keys", "logs", "postgres", "nats"):
        assert (folder / room).stat().st_mode & 0o077 == 0
    assert (folder / "nats" / "nats.conf").stat().st_mode & 0o777 == 0o600
    assert (folder / "postgres" / "data").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests are already run by an ordinary user")
def test_an_ordinary_user_can_run_it_too() -> None:
    script = (
        "import os, sys; from pathlib import Path; from ledgerport_local.local_platform import LocalPlatform\n"
        "assert os.geteuid() != 0\n"
        "with LocalPlatform(Path(sys.argv[1]), sandbox=False, services=[]) as platform:\n"
        "    print('up', platform.supervisor.is_ready('postgres'), platform.supervisor.is_ready('nats'))\n"
    )
    with temporary_home() as folder:
        folder.mkdir()
        ordinary = server_account(Path(sys.executable), folder.parent)
        ordinary.take(folder)
        tried = ordinary.run([sys.executable, "-c", script, str(folder)])
    assert (tried.returncode, tried.stdout) == (0, "up True True\n"), tried.stderr


def test_each_test_gets_a_migrated_database_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    migrated: list[str] = []

    def migrate(url: str) -> None:
        migrated.append(url)
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE rows (number int)")

    with TemplateDatabases() as databases:
        for number in (1, 2):
            with databases.clone(databases.template("writer", migrate)) as url, psycopg.connect(url) as connection:
                assert connection.execute("SELECT number FROM rows").fetchall() == []
                connection.execute("INSERT INTO rows VALUES (%s)", (number,))
    assert len(migrated) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the servers under another account")
def test_root_can_keep_the_data_in_a_folder_that_is_closed_to_all_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with servers_only(tmp_path / "home") as platform:
        platform.kill("postgres")
        platform.wait_ready("postgres")
    assert tmp_path.stat().st_mode & 0o777 == 0o700
