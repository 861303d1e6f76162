"""One run of one seed: orders of all kinds, and what goes wrong meanwhile, drawn from it; at the end the books."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from random import Random

import requests
from tests.faults.disturbances import DISTURBANCES, USUAL, WEIGHTS
from tests.faults.towns import Town, wait

from ledgerport_local.audit import Comparison
from ledgerport_local.errors import LocalError
from ledgerport_local.happenings import happen

# A writer that follows a killed one starts as if much had been sent in the minute before.
_PATIENCE = 100.0


@dataclass
class Run:
    """What a seed made happen, and how it ended."""

    seed: int
    happened: list[str] = field(default_factory=list)
    orders: int = 0
    seconds: float = 0.0
    # What differs at the end, in sentences; empty: the books are right.
    wrong: list[str] = field(default_factory=list)

    @property
    def repeat(self) -> str:
        return f"make faults FIRST={self.seed} SEEDS=1"


def play(town: Town, seed: int) -> Run:
    """Two or three waves of orders and changes, two to five disturbances at moments between and in them."""
    began, chance, run = time.monotonic(), Random(seed), Run(seed)  # noqa: S311 - the same seed, the same run
    before = set(town.orders())
    for wave in range(chance.randrange(2, 4)):
        for _ in range(chance.randrange(1, 3)):
            _disturb(town, chance, run)
        town.shopify("orders", shop=town.shop, count=chance.randrange(1, 4), seed=seed * 10 + wave, mix="all")
        time.sleep(chance.uniform(0, 0.8))  # the moment is drawn: nothing is waited for
        ours = {name: order for name, order in town.orders().items() if name not in before}
        if wave:
            happen(lambda path, **more: town.shopify(path, shop=town.shop, **more), ours, chance, 1)
    run.orders = len(town.orders()) - len(before)
    town.all_well()
    town.take_care()
    run.wrong = _wrong(town)
    run.seconds = time.monotonic() - began
    return run


def _disturb(town: Town, chance: Random, run: Run) -> None:
    names = sorted(DISTURBANCES)
    name = chance.choices(names, weights=[WEIGHTS.get(name, USUAL) for name in names])[0]
    # Its own chance: what it draws moves nothing that is drawn later.
    own = Random(chance.random())  # noqa: S311
    run.happened.append(name)
    with contextlib.suppress(requests.ConnectionError, requests.Timeout, LocalError):
        DISTURBANCES[name](town, own)


def _wrong(town: Town) -> list[str]:
    """What is still wrong after a while: until all is booked, what looks doubled may be two equal changes."""
    found = Comparison(missing=["the books were never read"])

    def right() -> bool:
        nonlocal found
        found = town.compared()
        if not found.proved:
            town.take_care()
        return found.proved

    wait(right, _PATIENCE, every=0.4)
    return [
        *(f"doubled: {each}" for each in found.duplicates),
        *(f"lost: {each}" for each in found.missing),
        *(f"different: {each}" for each in found.differences),
    ]
