"""People who use an installation: they connect books and stores, sell, and hold their books to the store."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from random import Random
from typing import Self

import requests
from tests.cluster.installation import Installation

from ledgerport_local.audit import Comparison
from ledgerport_local.auditor import Auditor
from ledgerport_local.demo import REALM, SHOP, Scene, audit, connect, wait_for_books
from ledgerport_local.happenings import happen
from ledgerport_local.walkthrough import Visitor

_LOOKS = 3
_FIRST_REALM = 9341450000300000


@dataclass(frozen=True)
class AuditorsKeys:
    """The auditor's app has one secret with both providers."""

    text: str

    def secret(self, _name: str) -> str:
        return self.text


@dataclass(frozen=True)
class Town:
    """An installation as its merchants reach it."""

    installation: Installation
    urls: dict[str, str]

    @property
    def home(self) -> AuditorsKeys:
        return AuditorsKeys(self.installation.auditor_secret)

    def kill(self, name: str) -> None:
        self.installation.kill(name)

    def scene(self) -> Scene:
        """With a browser of its own, in which nobody is signed in."""
        return Scene(self, Visitor(self.urls["page"]))


@dataclass(frozen=True)
class Merchant:
    """One Business with its company and its store, and its owner's browser."""

    scene: Scene
    realm: str
    shop: str

    @classmethod
    def signs_up(cls, town: Town, number: int = 0) -> Merchant:
        """Number 0 has the demo's company and store; others have some that are founded for them."""
        scene = town.scene()
        realm, shop = REALM, SHOP
        if number:
            realm, shop = str(_FIRST_REALM + number), f"cluster-{number}.myshopify.com"
            scene.intuit("companies", like=REALM, realm_id=realm, name=f"Cluster {number}")
            scene.shopify("stores", shop=shop, like=SHOP)
        scene.visitor.submit(
            scene.visitor.get("/sign-up"),
            "/sign-up",
            email=f"owner{number}@cluster.test",
            password="a long enough password",
            name="Owner",
            business_name=f"Cluster {number}",
        )
        connect(scene.visitor, realm, shop)
        return cls(scene, realm, shop)

    def sells(self, count: int, seed: int) -> None:
        self.scene.shopify("orders", shop=self.shop, count=count, seed=seed, mix="all")

    def presses(self, action: str) -> None:
        """A button of the Connections page."""
        visitor = self.scene.visitor
        visitor.submit(visitor.get("/connections"), f"/connections/quickbooks/{action}").raise_for_status()

    def books(self) -> Comparison:
        """The books held to the store once nothing is on its way, looked at again where a last change still was."""
        auditor = Auditor(self.scene.platform)
        try:
            for _ in range(_LOOKS):
                store = self.scene.store(self.shop)
                known = store["orders"] + store["test_orders"]
                wait_for_books(self.scene.visitor, known, store["refunds"], lambda _done: None)
                found = audit(auditor, self.scene.visitor, self.realm, self.shop)
                if found.proved:
                    break
        finally:
            auditor.close()
        return found


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
