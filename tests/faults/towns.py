"""Where faults happen: a running platform, and in it one merchant after the other with a company and a store."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from ledgerport_local.audit import Comparison, compare
from ledgerport_local.auditor import Auditor
from ledgerport_local.demo import connect, told
from ledgerport_local.demo_account import DemoAccount, sign_up
from ledgerport_local.errors import LocalError
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.supervise import Patience
from ledgerport_local.walkthrough import Visitor
from ledgerport_local.wiring import CLIENT_ID

LIKE_REALM, LIKE_SHOP = "9341450000000001", "northwind-outfitters.myshopify.com"
_FIRST_REALM = 9341450000100000
_TIMEOUT = 30
_PATIENCE = 20.0
# What waits for minutes in production waits for moments here; nothing else differs. A claim is looked for before it
# is sent again as soon as the stand-in may have forgotten its request id.
QUICK = {
    "intuit-sandbox": {"INTUIT_SANDBOX_REQUESTS_PER_SECOND": "0", "INTUIT_SANDBOX_REQUESTS_PER_MINUTE": "0"},
    "shopify-sandbox": {
        "SHOPIFY_SANDBOX_WEBHOOK_RETRY_BASE_SECONDS": "0.2",
        "SHOPIFY_SANDBOX_BUCKET_SIZE": "20000",
        "SHOPIFY_SANDBOX_RESTORE_RATE": "2000",
    },
    "qbo-writer": {
        "RETRY_WAITS": "[1, 1, 2]",
        "LEASE_SECONDS": "2",
        "QBO_THROTTLE_WAIT": "1",
        "LOOK_FIRST_AFTER": "0.9",
        "WRITE_OVER_AFTER": "3",
    },
    "shopify-sync": {"FETCH_LEASE": "2", "CATCH_UP_EVERY": "4", "CATCH_UP_OVERLAP": "60"},
    "connections": {"PROBE_SECONDS": "2"},
    "auth": {"JUST_ISSUED_SECONDS": "0"},
}
_KILLED_OFTEN = Patience(first=0.05, longest=0.2, deaths=100_000)


@contextmanager
def running(home: Path) -> Iterator[LocalPlatform]:
    """Everything; its children may be killed as often as one likes. What PostgreSQL has committed stays, as it must."""
    with LocalPlatform(home, overrides=QUICK, patience=_KILLED_OFTEN) as platform:
        yield platform


class Town:
    """One merchant, an auditor, and both providers within reach."""

    def __init__(self, platform: LocalPlatform, number: int) -> None:
        self.platform = platform
        self.realm, self.shop = str(_FIRST_REALM + number), f"town-{number}.myshopify.com"
        self.intuit("companies", like=LIKE_REALM, realm_id=self.realm, name=f"Town {number}")
        self.shopify("stores", shop=self.shop, like=LIKE_SHOP)
        account = DemoAccount(f"town{number}@faults.test", "a long enough password")
        sign_up(platform, account, name="Owner", business=f"Town {number}")
        self.visitor = Visitor(platform.urls["page"])
        self.visitor.sign_in(account.email, account.password)
        connect(self.visitor, self.realm, self.shop)
        self._auditor = Auditor(platform)

    def close(self) -> None:
        """The merchant leaves: whoever comes next finds the machine idle."""
        page = self.visitor.get("/connections/quickbooks/disconnect")
        self.visitor.submit(page, "/connections/quickbooks/disconnect", confirmed="yes")
        self.shopify("uninstall", shop=self.shop, client_id=CLIENT_ID)
        self._auditor.close()
        self.visitor.browser.close()

    def intuit(self, path: str, **body: object) -> Any:
        return self._door("POST", "intuit-sandbox", path, body)

    def shopify(self, path: str, **body: object) -> Any:
        return self._door("POST", "shopify-sandbox", path, body)

    def orders(self) -> dict[str, dict[str, Any]]:
        """Each order of the store by its id, with its own sums."""
        found: dict[str, dict[str, Any]] = self._door(
            "GET", "shopify-sandbox", f"totals?shop={self.shop}&orders=1", {}
        )["by_order"]
        return found

    def compared(self) -> Comparison:
        """Both providers asked afresh, and the page for what it says is not in the books."""
        return compare(
            self._auditor.store_orders(self.shop),
            self._auditor.booked_documents(self.realm),
            list(told(self.visitor)),
            self._auditor.ledger(self.realm),
        )

    def status(self) -> str:
        """Of the QuickBooks connection, as its card says."""
        cards = self.visitor.api("connections")["connections"]
        return str(next(card["status"] for card in cards if card["provider"] == "QUICKBOOKS"))

    def press(self, page: str, action: str) -> None:
        """A button on a page; one that is not there is not pressed."""
        with contextlib.suppress(LocalError, requests.RequestException):
            self.visitor.submit(self.visitor.get(page), action)

    def all_well(self) -> None:
        """Nothing goes wrong any more."""
        self._door("DELETE", "intuit-sandbox", "faults", {})
        self.intuit("clock", ahead=0)
        self.shopify("webhooks/faults")
        self.shopify("graphql/faults", faults=[])
        for name in self.platform.supervisor.names():
            self.platform.wait_ready(name)
        wait(self.status, _PATIENCE)

    def take_care(self) -> None:
        """A person looks at the pages, and presses what only a person can: reconnect, resume, retry."""
        with contextlib.suppress(LocalError, requests.RequestException):
            if self.status() not in ("CONNECTED", "PAUSED"):
                self.visitor.connect_quickbooks(self.realm)
        self.press("/connections", "/connections/quickbooks/resume")
        self.press("/audit-log", "/records/retry-all")

    def _door(self, method: str, stand_in: str, path: str, body: dict[str, object]) -> Any:
        url = f"{self.platform.urls[stand_in]}/_sandbox/{path}"
        answer = requests.request(method, url, json=body or None, timeout=_TIMEOUT)
        answer.raise_for_status()
        return answer.json() if answer.content else None


def wait(true: Callable[[], object], seconds: float, every: float = 0.2) -> bool:
    """Whether it became true in time; while somebody does not answer it is not."""
    ends = time.monotonic() + seconds
    while True:
        with contextlib.suppress(LocalError, requests.RequestException):
            if true():
                return True
        if time.monotonic() > ends:
            return False
        time.sleep(every)
