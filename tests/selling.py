"""A store in which something happens all the time, while LedgerPort goes through whatever a test does to it."""

from __future__ import annotations

import threading
import time
from random import Random
from typing import Self

import requests

from ledgerport_local.demo import Scene
from ledgerport_local.happenings import happen


class Selling:
    """Orders of all kinds, one after the other, and changes of earlier ones, until it is told to end."""

    def __init__(self, scene: Scene, shop: str, *, every: float) -> None:
        self.placed = 0
        # What went wrong in the store itself, where nothing should.
        self.troubles: list[str] = []
        self._scene, self._shop, self._every = scene, shop, every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sell, name="selling", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def until(self, placed: int, seconds: float = 60.0) -> None:
        """Returns when that many orders were placed since it began."""
        ends = time.monotonic() + seconds
        while self.placed < placed:
            assert time.monotonic() < ends, (self.placed, self.troubles)
            time.sleep(0.1)

    def end(self) -> None:
        self._over.set()
        self._thread.join(60)

    def _sell(self) -> None:
        chance = Random(7)  # noqa: S311 - the same orders each time
        while not self._over.wait(self._every):
            try:
                self._scene.shopify("orders", shop=self._shop, count=1, seed=1000 + self.placed, mix="all")
                self.placed += 1
                if self.placed % 5 == 0:
                    happen(self._change, self._scene.store(self._shop)["by_order"], chance, 1)
            except requests.RequestException as error:
                self.troubles.append(repr(error))

    def _change(self, path: str, **more: object) -> object:
        return self._scene.shopify(path, shop=self._shop, **more)
