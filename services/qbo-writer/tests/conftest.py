"""Fresh companies of the Intuit stand-in, whose books a test may write, and databases for what is asked over gRPC."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from ledgerport_local.databases import TemplateDatabases
from qbo_writer.posting.company import TaxWorld
from qbo_writer.posting.config import SyncConfig
from qbo_writer_testing.paper import AUTOMATED, BRITISH, US, PaperCompany
from qbo_writer_testing.real_books import CONFIG, RealBooks

REALMS = {TaxWorld.US_MANUAL: US, TaxWorld.US_AUTOMATED: AUTOMATED, TaxWorld.GLOBAL: BRITISH}
Open = Callable[..., RealBooks]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the documents of the golden cases anew")
    parser.addoption("--record-golden", action="store_true", help="tell their stories to the stand-in store again, too")


@pytest.fixture(scope="module")
def server() -> Iterator[TemplateDatabases]:
    """Databases of the writer, each a clone; one server for each file of tests."""
    with TemplateDatabases() as running:
        yield running


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens the books of a new company: `opened(TaxWorld.GLOBAL, config=…, book_close_date="2026-10-31")`."""
    with ExitStack() as stack:

        def open_books(
            world: TaxWorld = TaxWorld.US_MANUAL, *, config: SyncConfig = CONFIG, realm: str = "", **profile: Any
        ) -> RealBooks:
            company = stack.enter_context(PaperCompany(realm or REALMS[world], **profile))
            return RealBooks(company, config)

        yield open_books
