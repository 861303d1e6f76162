"""A database for each test, and the two running services."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from connections.gates import Gates
from connections.hearing import Hearing
from connections.main import QUERIES
from connections.register import Register
from ledgerport_libs.database import Database
from ledgerport_libs.migrations import migrate
from ledgerport_local.databases import TemplateDatabases
from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from tests.connections_town import LEASE_MS, OVERRIDES, Town, town_of


@pytest.fixture(scope="session")
def databases() -> Iterator[TemplateDatabases]:
    with TemplateDatabases() as made:
        yield made


@pytest.fixture
async def db(databases: TemplateDatabases) -> AsyncIterator[Database]:
    def made(url: str) -> None:
        migrate(url, "connections")

    with databases.clone(databases.template("connections", made)) as url:
        database = Database(url, QUERIES)
        await database.open()
        try:
            yield database
        finally:
            await database.close()


@pytest.fixture
def register(db: Database) -> Register:
    return Register(db, lambda: None)


@pytest.fixture
def hearing(db: Database, register: Register) -> Hearing:
    return Hearing(db, register)


@pytest.fixture
def gates(db: Database) -> Gates:
    return Gates(db, LEASE_MS, 50)


@pytest.fixture(scope="session")
def platform() -> Iterator[LocalPlatform]:
    with (
        temporary_home() as home,
        LocalPlatform(home, services=("auth", "connections"), overrides=OVERRIDES, durable=False) as running,
    ):
        yield running


@pytest.fixture
async def town(platform: LocalPlatform) -> AsyncIterator[Town]:
    async with town_of(platform) as made:
        yield made
