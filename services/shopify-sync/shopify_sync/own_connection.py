"""A connection of one task's own: made again at once, where a pool would wait longer and longer before it tries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg

from ledgerport_libs.database import Connection, Queries, Transaction


class OwnConnection:
    """For one task at a time. After any trouble the next transaction has a fresh connection."""

    def __init__(self, url: str, queries: Queries, *, timeout: float) -> None:
        self._url, self._queries, self._timeout = url, queries, timeout
        self._open: Connection | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Everything inside is committed together, or not at all. Trouble in the commit itself leaves that unknown."""
        connection = await self.connected()
        try:
            async with connection.transaction():
                yield Transaction(connection, self._queries)
        except BaseException:
            await self.close()
            raise

    async def connected(self) -> Connection:
        """psycopg.OperationalError while the server does not answer."""
        if self._open is None or self._open.closed:
            self._open = await psycopg.AsyncConnection.connect(
                self._url,
                autocommit=True,
                connect_timeout=max(1, int(self._timeout)),
                options=f"-c statement_timeout={int(self._timeout * 1000)} -c timezone=UTC",
            )
        return self._open

    async def close(self) -> None:
        """Safe to repeat."""
        left, self._open = self._open, None
        if left is not None:
            with suppress(psycopg.Error, OSError):
                await left.close()
