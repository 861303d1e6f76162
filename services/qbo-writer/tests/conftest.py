"""One shared process of the Intuit stand-in, and companies in it that documents can be posted to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from intuit_sandbox.harness import AUTOMATED, BRITISH, UNLIMITED, US, StandIn
from qbo_writer.posting.company import TaxWorld
from qbo_writer_testing.real_books import RealBooks


@pytest.fixture(scope="session")
def intuit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    running = StandIn.start(tmp_path_factory.mktemp("intuit"))
    running.knobs(**UNLIMITED)
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def books(intuit: StandIn) -> dict[TaxWorld, RealBooks]:
    """A company of each tax world."""
    realms = {TaxWorld.US_MANUAL: US, TaxWorld.US_AUTOMATED: AUTOMATED, TaxWorld.GLOBAL: BRITISH}
    return {world: RealBooks(intuit.connect(realm)) for world, realm in realms.items()}
