"""The databases on a PostgreSQL server: one a service with a role of its own, and clones for tests."""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import LiteralString, Self
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from ledgerport_local.errors import LocalError
from ledgerport_local.home import Home, temporary_home
from ledgerport_local.postgres import PostgresServer
from ledgerport_local.supervise import Supervisor

Words = dict[str, sql.Composable]


def create_database(admin_url: str, name: str, password: str) -> str:
    """Make the database `name` and the role `name` that owns it, unless there; return the role's URL.

    Only that role (and the server's administrator) can connect to it. `admin_url` must be allowed to
    create roles and databases.
    """
    words: Words = {"name": sql.Identifier(name), "password": sql.Literal(password)}
    try:
        with psycopg.connect(admin_url, autocommit=True, connect_timeout=10) as admin:
            _create_role(admin, name, words)
            if not _is_there(admin, "SELECT 1 FROM pg_database WHERE datname = %s", name):
                _run(admin, "CREATE DATABASE {name} OWNER {name}", words)
            _run(admin, "REVOKE ALL ON DATABASE {name} FROM PUBLIC", words)
    except psycopg.Error as error:
        raise LocalError(
            f"The database {name} could not be made: {str(error).strip()}. "
            "The role in DATABASE_URL must be allowed to create roles and databases."
        ) from error
    return _with(admin_url, user=name, password=password, database=name)


def _create_role(admin: psycopg.Connection, name: str, words: Words) -> None:
    verb: LiteralString = "ALTER ROLE" if _has_role(admin, name) else "CREATE ROLE"
    _run(admin, verb + " {name} LOGIN PASSWORD {password} NOCREATEDB NOCREATEROLE", words)
    superuser = admin.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    if superuser != (True,):
        # An administrator who is no superuser may give a database only to a role it can become.
        _run(admin, "GRANT {name} TO CURRENT_USER", words)


def _has_role(admin: psycopg.Connection, name: str) -> bool:
    return _is_there(admin, "SELECT 1 FROM pg_roles WHERE rolname = %s", name)


def _is_there(admin: psycopg.Connection, query: LiteralString, name: str) -> bool:
    return admin.execute(query, (name,)).fetchone() is not None


def _run(admin: psycopg.Connection, statement: LiteralString, words: Words) -> None:
    admin.execute(sql.SQL(statement).format(**words))


def _with(url: str, *, user: str, password: str, database: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    netloc = f"{quote(user, safe='')}:{quote(password, safe='')}@{host}"
    return urlunsplit(parts._replace(netloc=netloc, path=f"/{database}"))


class TemplateDatabases:
    """For tests: one throw-away server a run, and a fresh database a test, copied from a migrated one.

    Where DATABASE_URL is set, that server is used instead of one of our own.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._templates: set[str] = set()
        self._numbers = itertools.count(1)
        self._run_name = f"t{secrets.token_hex(4)}"
        self._admin = ""

    def __enter__(self) -> Self:
        self._admin = os.environ.get("DATABASE_URL") or self._own_server()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for template in sorted(self._templates):
            self._statement("DROP DATABASE {name} WITH (FORCE)", name=template)
        self._stack.close()

    def template(self, name: str, migrate: Callable[[str], None]) -> str:
        """The name of the template `name`; on first use `migrate` gets its URL to make the tables in it."""
        template = f"{self._run_name}_{name}"
        if template not in self._templates:
            self._statement("CREATE DATABASE {name}", name=template)
            self._templates.add(template)
            migrate(self._url(template))
        return template

    @contextmanager
    def clone(self, template: str) -> Iterator[str]:
        """The URL of a fresh copy of `template`, dropped at the end even if someone is still connected."""
        name = f"{self._run_name}_{next(self._numbers)}"
        # Copying files beats writing the whole template through the log where nothing is synced.
        self._statement("CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY", name=name, template=template)
        try:
            yield self._url(name)
        finally:
            self._statement("DROP DATABASE {name} WITH (FORCE)", name=name)

    def _own_server(self) -> str:
        home = Home(self._stack.enter_context(temporary_home()))
        server = PostgresServer.below(home, durable=False)
        supervisor = self._stack.enter_context(Supervisor(home.logs))
        supervisor.start(server.child())
        supervisor.wait_ready("postgres")
        return server.url()

    def _url(self, database: str) -> str:
        return urlunsplit(urlsplit(self._admin)._replace(path=f"/{database}"))

    def _statement(self, statement: LiteralString, **names: str) -> None:
        with psycopg.connect(self._admin, autocommit=True) as admin:
            _run(admin, statement, {key: sql.Identifier(name) for key, name in names.items()})
