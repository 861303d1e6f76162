"""PostgreSQL: a pool, transactions, and named queries that live in .sql files."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg.rows import class_row, tuple_row
from psycopg_pool import AsyncConnectionPool

T = TypeVar("T")
Connection = psycopg.AsyncConnection[Any]
# Seconds after which a connection may have been lost without anybody noticing.
_IDLE = 1.0
_BEGINS = re.compile(r"^-- (name|part): (\w+)\s*$", re.MULTILINE)
_INSERTED = re.compile(r"^ *-- insert: (\w+)$", re.MULTILINE)


class Queries(Mapping[str, LiteralString]):
    """The named statements of .sql files. Each begins with a line `-- name: claim_outbox`.

    What several statements share stands once, below `-- part: record_filter`; `-- insert: record_filter` puts it in.
    """

    def __init__(self, *texts: str) -> None:
        found: dict[str, dict[str, str]] = {"name": {}, "part": {}}
        for text in texts:
            begun = _BEGINS.split(text)
            for kind, name, body in zip(begun[1::3], begun[2::3], begun[3::3], strict=True):
                if name in found[kind]:
                    raise ValueError(f"two queries are named {name}")
                found[kind][name] = body.strip("\n")
        # The files are part of the program, as literal as its source.
        self._statements: dict[str, LiteralString] = {
            name: _put_together(body, found["part"]) for name, body in found["name"].items()
        }

    @classmethod
    def of(cls, package: str, *files: str) -> Queries:
        """The queries of a service's package, and those of the outbox and inbox that every service has."""
        own = [resources.files(package).joinpath(name).read_text() for name in files or ("queries.sql",)]
        floor = resources.files("ledgerport_libs").joinpath("queries.sql").read_text()
        return cls(floor, *own)

    def __getitem__(self, name: str) -> LiteralString:
        return self._statements[name]

    def __iter__(self) -> Any:
        return iter(self._statements)

    def __len__(self) -> int:
        return len(self._statements)


def _put_together(body: str, parts: Mapping[str, str]) -> str:
    for name in _INSERTED.findall(body):
        if name not in parts:
            raise ValueError(f"no part is named {name}")
    return _INSERTED.sub(lambda line: parts[line[1]], body).strip()


class Transaction:
    """Runs named queries on one connection. Values go in as parameters, rows come out as dataclasses."""

    def __init__(self, connection: Connection, queries: Queries) -> None:
        self._connection = connection
        self._queries = queries

    async def one(self, query: str, into: type[T], **params: object) -> T | None:
        """The only row, or None. More than one row is a programming error."""
        rows = await self.all(query, into, **params)
        if len(rows) > 1:
            raise LookupError(f"{query} found {len(rows)} rows")
        return rows[0] if rows else None

    async def all(self, query: str, into: type[T], **params: object) -> list[T]:
        async with self._connection.cursor(row_factory=class_row(into)) as cursor:
            await cursor.execute(self._queries[query], params)
            return await cursor.fetchall()

    async def value(self, query: str, **params: object) -> Any:
        """The first column of the only row, or None."""
        async with self._connection.cursor(row_factory=tuple_row) as cursor:
            await cursor.execute(self._queries[query], params)
            row = await cursor.fetchone()
            return row[0] if row else None

    async def run(self, query: str, **params: object) -> int:
        """How many rows were touched."""
        return (await self._connection.execute(self._queries[query], params)).rowcount

    async def many(self, query: str, rows: Sequence[Mapping[str, object]]) -> None:
        """The same statement for each row, pipelined."""
        if rows:
            async with self._connection.cursor() as cursor:
                await cursor.executemany(self._queries[query], rows)


class _PooledConnection(psycopg.AsyncConnection[Any]):
    """Knows when it was used last (monotonic seconds)."""

    used_at = 0.0


async def _was_used(connection: _PooledConnection) -> None:
    connection.used_at = time.monotonic()


async def _check_if_idle(connection: _PooledConnection) -> None:
    """A question of its own before each use is a tenth of all time; whoever has just used it would have noticed."""
    if time.monotonic() - connection.used_at > _IDLE:
        await AsyncConnectionPool.check_connection(connection)


class Database:
    """A service's own database."""

    def __init__(self, url: str, queries: Queries, *, pool_size: int = 8, statement_timeout: float = 30.0) -> None:
        self._queries = queries
        self._pool: AsyncConnectionPool[_PooledConnection] = AsyncConnectionPool(
            url,
            connection_class=_PooledConnection,
            min_size=1,
            max_size=pool_size,
            open=False,
            timeout=10.0,
            reconnect_timeout=float("inf"),
            check=_check_if_idle,
            reset=_was_used,
            kwargs={
                # A statement by itself is its own transaction: one round trip, not three.
                "autocommit": True,
                "options": f"-c statement_timeout={int(statement_timeout * 1000)} -c timezone=UTC",
                "connect_timeout": 5,
            },
        )

    async def open(self) -> None:
        await self._pool.open(wait=True, timeout=30.0)

    async def close(self) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Everything inside is committed together, or not at all."""
        async with self._pool.connection() as connection, connection.transaction():
            yield Transaction(connection, self._queries)

    async def one(self, query: str, into: type[T], **params: object) -> T | None:
        async with self._statement() as alone:
            return await alone.one(query, into, **params)

    async def all(self, query: str, into: type[T], **params: object) -> list[T]:
        async with self._statement() as alone:
            return await alone.all(query, into, **params)

    async def value(self, query: str, **params: object) -> Any:
        async with self._statement() as alone:
            return await alone.value(query, **params)

    async def run(self, query: str, **params: object) -> int:
        async with self._statement() as alone:
            return await alone.run(query, **params)

    @asynccontextmanager
    async def _statement(self) -> AsyncIterator[Transaction]:
        """One statement, committed by itself."""
        async with self._pool.connection() as connection:
            yield Transaction(connection, self._queries)

    async def ready(self) -> None:
        """Raises where the database does not answer."""
        async with self._pool.connection(timeout=2.0) as connection:
            await connection.execute("SELECT 1")
