"""Real PostgreSQL and NATS, and two services' identities, for the tests of the floor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ledgerport_libs.bus import Bus
from ledgerport_libs.database import Database, Queries
from ledgerport_libs.migrations import migrate
from ledgerport_local.databases import TemplateDatabases
from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform


@pytest.fixture(scope="session")
def databases() -> Iterator[TemplateDatabases]:
    with TemplateDatabases() as databases:
        yield databases


@pytest.fixture
def empty(databases: TemplateDatabases) -> Iterator[str]:
    """The URL of a database without any table."""
    with databases.clone(databases.template("empty", lambda _url: None)) as url:
        yield url


@pytest.fixture
async def db(databases: TemplateDatabases) -> AsyncIterator[Database]:
    """A fresh database with the tables of the floor."""
    template = databases.template("floor", lambda url: _close(migrate(url, "qbo_writer")))
    with databases.clone(template) as url:
        database = Database(url, Queries.of("qbo_writer"))
        await database.open()
        yield database
        await database.close()


def _close(_applied: int) -> None:
    return None


@pytest.fixture(scope="session")
def servers() -> Iterator[LocalPlatform]:
    """PostgreSQL and NATS that may be stopped, emptied and started again."""
    with temporary_home() as home, LocalPlatform(Path(home), sandbox=False, services=[], durable=False) as platform:
        yield platform


@pytest.fixture
async def bus(servers: LocalPlatform) -> AsyncIterator[Bus]:
    bus = await Bus.connect(servers.urls["nats"], "tests")
    yield bus
    await bus.close()
    await asyncio.sleep(0)
