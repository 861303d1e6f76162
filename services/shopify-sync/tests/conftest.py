"""One running shopify-sync with two connected stores for all tests that leave it in good health."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from shopify_sync_testing.stage import BRITISH_SHOP, Shop, running


@pytest.fixture(scope="session")
def platform() -> Iterator[LocalPlatform]:
    with temporary_home() as home, running(home) as platform:
        yield platform


@pytest.fixture(scope="session")
def _shop(platform: LocalPlatform) -> Iterator[Shop]:
    shop = Shop(platform)
    yield shop
    shop.close()


@pytest.fixture
def shop(_shop: Shop) -> Iterator[Shop]:
    """The American store; nothing goes wrong on purpose before and after the test."""
    yield _shop
    _shop.control("webhooks/faults")
    _shop.control("graphql/faults", faults=[])


@pytest.fixture(scope="session")
def british(platform: LocalPlatform) -> Iterator[Shop]:
    shop = Shop(platform, BRITISH_SHOP)
    yield shop
    shop.close()
