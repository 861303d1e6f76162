"""The servers, stand-ins and databases of auth's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import requests

from auth.settings import Settings
from ledgerport_libs.migrations import migrate
from ledgerport_local.databases import TemplateDatabases
from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from tests.auth_office import QUICK, Intuit, Office, Shopify, office_over


@pytest.fixture(scope="session")
def platform() -> Iterator[LocalPlatform]:
    with (
        temporary_home() as home,
        LocalPlatform(home, services=("auth",), overrides={"auth": QUICK}, durable=False) as running,
    ):
        yield running


@pytest.fixture(scope="session")
def databases(platform: LocalPlatform) -> Iterator[TemplateDatabases]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", platform.urls["postgres"])
        with TemplateDatabases() as made:
            yield made


@pytest.fixture
def database_url(databases: TemplateDatabases) -> Iterator[str]:
    template = databases.template("auth", lambda url: _migrated(url))
    with databases.clone(template) as url:
        yield url


def _migrated(url: str) -> None:
    migrate(url, "auth")


@pytest.fixture
def intuit(platform: LocalPlatform) -> Iterator[Intuit]:
    with requests.Session() as session:
        session.trust_env = False
        stand_in = Intuit(platform.urls["intuit-sandbox"], session)
        stand_in.calm()
        yield stand_in


@pytest.fixture
def shopify(platform: LocalPlatform) -> Iterator[Shopify]:
    with requests.Session() as session:
        session.trust_env = False
        yield Shopify(platform.urls["shopify-sandbox"], session)


@pytest.fixture
def settings(platform: LocalPlatform, database_url: str) -> Settings:
    told = {name.lower(): value for name, value in platform.environment("auth").items()}
    known = {name: told[name] for name in Settings.model_fields if name in told}
    return Settings.model_validate({**known, "database_url": database_url})


@pytest.fixture
async def office(settings: Settings, intuit: Intuit, shopify: Shopify) -> AsyncIterator[Office]:
    async with office_over(settings, intuit, shopify) as made:
        yield made


@pytest.fixture
async def second_office(settings: Settings, intuit: Intuit, shopify: Shopify, office: Office) -> AsyncIterator[Office]:
    """Another replica over the same database."""
    async with office_over(settings, intuit, shopify) as made:
        yield made
