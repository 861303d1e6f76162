"""Fixtures: one shared process of the stand-in, its companies, and processes of their own for restarts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from intuit_sandbox.harness import AUTOMATED, BRITISH, CANADIAN, TRADING, UNLIMITED, US, Company, StandIn

COUNTERS = ("next_doc_number", "next_journal_number", "version")


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    running = StandIn.start(tmp_path_factory.mktemp("intuit"))
    yield running
    assert running.stop() == 0


@pytest.fixture
def stand_in(_running: StandIn) -> Iterator[StandIn]:
    """The shared process, its knobs, faults and company settings put back after each test."""
    knobs = _running.door("GET", "knobs")
    profiles = _running.door("GET", "companies")
    _running.knobs(**UNLIMITED)
    yield _running
    _running.knobs(**knobs)
    _running.door("DELETE", "faults")
    for profile in profiles:
        kept = {
            name: value
            for name, value in profile.items()
            if name not in ("next_doc_number", "next_journal_number", "version")
        }
        _running.profile(profile["realm_id"], **kept)


@pytest.fixture
def us(stand_in: StandIn) -> Company:
    return stand_in.connect(US)


@pytest.fixture
def automated(stand_in: StandIn) -> Company:
    return stand_in.connect(AUTOMATED)


@pytest.fixture
def british(stand_in: StandIn) -> Company:
    return stand_in.connect(BRITISH)


@pytest.fixture
def trading(stand_in: StandIn) -> Company:
    return stand_in.connect(TRADING)


@pytest.fixture
def canadian(stand_in: StandIn) -> Company:
    return stand_in.connect(CANADIAN)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[..., StandIn]]:
    """Starts processes of their own over one folder; all are stopped at the end."""
    started: list[StandIn] = []

    def start(**environment: str) -> StandIn:
        started.append(StandIn.start(tmp_path / "data", **environment))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.stop()
