"""Plain SQL migrations, applied in order under an advisory lock, so that replicas may start side by side.

`python -m ledgerport_libs.migrations PACKAGE` brings the database of DATABASE_URL up before the service starts.
"""

from __future__ import annotations

import os
import sys
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import yoyo
from psycopg.errors import DeadlockDetected, LockNotAvailable
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random

# Any fixed number: PostgreSQL keeps advisory locks apart by database.
_LOCK = 4_202_611
# Whoever comes after a migration that waits for a table waits with it: it steps back, and the traffic goes on.
_WAITS_FOR_A_TABLE = "2s"
_GIVES_UP_AFTER_SECONDS = 300.0


def migrate(database_url: str, package: str) -> int:
    """Bring the database up to the package's migrations; how many were applied. Blocking: call it before serving.

    The former version may be at work meanwhile: a migration that does not get its tables soon, or meets the traffic
    in a deadlock, is undone and tried again. LockNotAvailable or DeadlockDetected after five minutes of that.
    yoyo's own lock is a row that outlives a killed process, so an advisory lock, which does not, stands in for it.
    """
    with psycopg.connect(database_url, autocommit=True) as guard:
        guard.execute("SET lock_timeout = '60s'")
        guard.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        backend = yoyo.get_backend(_yoyo_address(database_url))
        try:
            waiting = backend.to_apply(yoyo.read_migrations(*(str(folder) for folder in folders(package))))
            backend.ensure_internal_schema_updated()
            for migration in waiting:
                for attempt in _while_tables_are_taken():
                    with attempt:
                        _apply(backend, migration)
            return len(waiting)
        finally:
            backend.connection.close()


def _while_tables_are_taken() -> Retrying:
    return Retrying(
        retry=retry_if_exception_type((LockNotAvailable, DeadlockDetected)),
        wait=wait_random(0.2, 1.0),
        stop=stop_after_delay(_GIVES_UP_AFTER_SECONDS),
        reraise=True,
    )


def _apply(backend: yoyo.backends.DatabaseBackend, migration: yoyo.migrations.Migration) -> None:
    # yoyo marks it in a transaction of its own: killed between the two, it would be applied twice.
    with backend.transaction():
        backend.execute(f"SET LOCAL lock_timeout = '{_WAITS_FOR_A_TABLE}'")
        migration.process_steps(backend, "apply")
        backend.log_migration(migration, "apply")
        backend.mark_one(migration, log=False)


def folders(package: str) -> list[Path]:
    """Where the migrations of a service lie: those of the floor first, then its own."""
    roots = (resources.files("ledgerport_libs"), resources.files(package))
    return [Path(str(root.joinpath("migrations"))) for root in roots]


def _yoyo_address(database_url: str) -> str:
    parts = urlsplit(database_url)
    return urlunsplit(parts._replace(scheme="postgresql+psycopg"))


if __name__ == "__main__":
    applied = migrate(os.environ["DATABASE_URL"], sys.argv[1])
    sys.stdout.write(f"{sys.argv[1]}: {applied} migrations applied\n")
