"""The whole platform running once for these tests, and people with a browser without JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import Visitor

PASSWORD = "correct horse battery"
SignUp = Callable[[str], Visitor]


@pytest.fixture(scope="session")
def platform() -> Iterator[LocalPlatform]:
    # All these tests come from one address, and some of them press buttons faster than anybody can.
    quick = {"gateway": {"TRIES_BY_ADDRESS": "2000", "CHANGES_BY_PERSON": "5000"}}
    with temporary_home() as home, LocalPlatform(home, overrides=quick, durable=False) as running:
        yield running


@pytest.fixture(scope="session")
def page_url(platform: LocalPlatform) -> str:
    return platform.urls["page"]


@pytest.fixture(scope="session")
def sign_up(page_url: str) -> Iterator[SignUp]:
    """Makes an owner of a new Business, signed in."""
    made: list[Visitor] = []
    numbers = count(1)

    def new_owner(name: str) -> Visitor:
        visitor = Visitor(page_url)
        made.append(visitor)
        arrived = visitor.submit(
            visitor.get("/sign-up"),
            "/sign-up",
            email=f"{name}{next(numbers)}@shop.test",
            password=PASSWORD,
            name=name.title(),
            business_name=f"{name.title()}'s Shop",
        )
        assert arrived.url == f"{page_url}/", arrived.text
        return visitor

    yield new_owner
    for visitor in made:
        visitor.browser.close()


@pytest.fixture(scope="session")
def owner(sign_up: SignUp) -> Visitor:
    """The owner whose QuickBooks company is connected."""
    visitor = sign_up("ada")
    assert "QuickBooks is connected" in visitor.connect_quickbooks("9341450000000001").text
    return visitor


@pytest.fixture(scope="session")
def viewer(owner: Visitor, page_url: str) -> Iterator[Visitor]:
    """Joined the owner's Business by a link, to look only."""
    made = owner.submit(owner.get("/team"), "/team/invite", email="vera@shop.test", role="viewer")
    link = made.text.partition('readonly value="')[2].partition('"')[0].replace("&amp;", "&")
    visitor = Visitor(page_url)
    arrived = visitor.submit(visitor.get(link), "/sign-up", email="vera@shop.test", password=PASSWORD, name="Vera")
    assert arrived.url == f"{page_url}/"
    yield visitor
    visitor.browser.close()


@pytest.fixture
def stranger(page_url: str) -> Iterator[Visitor]:
    """Somebody who has not signed in."""
    visitor = Visitor(page_url)
    yield visitor
    visitor.browser.close()
