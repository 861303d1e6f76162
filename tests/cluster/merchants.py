"""People who use an installation: they connect books and stores, sell, and hold their books to the store."""

from __future__ import annotations

from dataclasses import dataclass

from tests.cluster.installation import Installation

from ledgerport_local.audit import Comparison
from ledgerport_local.auditor import Auditor
from ledgerport_local.demo import REALM, SHOP, Scene, audit, connect, wait_for_books
from ledgerport_local.walkthrough import Visitor

# As many beside the demo's as there will be writers: each writer's share is one.
COMPANIES = 3
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

    def found(self, merchants: int) -> None:
        """Companies and stores for so many beside the demo's. A company is founded with all that its original holds."""
        scene = self.scene()
        for number in range(1, merchants + 1):
            realm, shop = _theirs(number)
            scene.intuit("companies", like=REALM, realm_id=realm, name=f"Cluster {number}")
            scene.shopify("stores", shop=shop, like=SHOP)

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
        """Number 0 has the demo's company and store; others have those that were founded for them."""
        scene = town.scene()
        realm, shop = _theirs(number)
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


def _theirs(number: int) -> tuple[str, str]:
    return (str(_FIRST_REALM + number), f"cluster-{number}.myshopify.com") if number else (REALM, SHOP)
