"""The short form of `make faults`: a few seeds, each with orders of all kinds while things go wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.faults.seeds import play
from tests.faults.towns import Town, running

from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform

SEEDS = range(1, 9)


@pytest.fixture(scope="module")
def platform() -> Iterator[LocalPlatform]:
    with temporary_home() as home, running(home) as everything:
        yield everything


@pytest.mark.parametrize("seed", SEEDS)
def test_the_books_end_right_whatever_this_seed_lets_happen(platform: LocalPlatform, seed: int) -> None:
    town = Town(platform, seed)
    run = play(town, seed)
    town.close()
    assert not run.wrong, (run.happened, run.wrong, f"again: {run.repeat}")
