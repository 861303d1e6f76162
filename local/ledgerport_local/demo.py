"""`make demo`: orders of every kind from an empty folder to proved books, past an expired token and a killed writer."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

import requests
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ledgerport_local.audit import Comparison, compare
from ledgerport_local.audit_facts import Told
from ledgerport_local.audit_report import show
from ledgerport_local.auditor import Auditor, Place
from ledgerport_local.demo_account import ensure_demo_account
from ledgerport_local.errors import LocalError
from ledgerport_local.happenings import happen
from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import Visitor

REALM = "9341450000000001"
SHOP = "northwind-outfitters.myshopify.com"
# Webhooks are sent twice now and then, as Shopify does; what fails is sent again soon instead of in an hour. The store
# is on Shopify Plus: its bucket of query points fills a thousand a second.
OVERRIDES = {
    "shopify-sandbox": {
        "SHOPIFY_SANDBOX_WEBHOOK_RETRY_BASE_SECONDS": "0.5",
        "SHOPIFY_SANDBOX_WEBHOOK_DUPLICATE_RATE": "0.1",
        "SHOPIFY_SANDBOX_BUCKET_SIZE": "20000",
        "SHOPIFY_SANDBOX_RESTORE_RATE": "1000",
    }
}
_WAVES = 5
_LONGEST_SILENCE = 180.0
_POLL = 0.5
_CONTROL_TIMEOUT = 60
_LOOKS = 3


class Killable(Place, Protocol):
    """A place in which a service can be killed at its work."""

    def kill(self, name: str) -> None:
        """At once; it is started again."""
        ...


@dataclass(frozen=True)
class Scene:
    """LedgerPort somewhere, its demo owner signed in, and both stand-ins within reach."""

    platform: Killable
    visitor: Visitor

    def intuit(self, path: str, **body: object) -> Any:
        return self._control("intuit-sandbox", path, body)

    def shopify(self, path: str, **body: object) -> Any:
        return self._control("shopify-sandbox", path, body)

    def store(self, shop: str = SHOP) -> Any:
        """The store's own sums, and each order by its id."""
        url = f"{self.platform.urls['shopify-sandbox']}/_sandbox/totals"
        answer = self.visitor.browser.get(url, params={"shop": shop, "orders": "1"}, timeout=_CONTROL_TIMEOUT)
        answer.raise_for_status()
        return answer.json()

    def _control(self, stand_in: str, path: str, body: dict[str, object]) -> Any:
        url = f"{self.platform.urls[stand_in]}/_sandbox/{path}"
        answer = self.visitor.browser.post(url, json=body, timeout=_CONTROL_TIMEOUT)
        answer.raise_for_status()
        return answer.json() if answer.content else None


@dataclass(frozen=True)
class Stage(Scene):
    """The same on this machine."""

    platform: LocalPlatform


def set_the_stage(platform: LocalPlatform) -> Stage:
    """Sign in, connect QuickBooks, decide that products may become items, connect the store: through the pages."""
    account = ensure_demo_account(platform)
    visitor = Visitor(platform.urls["page"])
    visitor.sign_in(account.email, account.password)
    connect(visitor, REALM, SHOP)
    return Stage(platform, visitor)


def connect(visitor: Visitor, realm: str, shop: str) -> None:
    """Both sides, and in between the one decision that a new Business has to make: what becomes of its products."""
    _arrived(visitor, visitor.connect_quickbooks(realm))
    visitor.configure({"unmapped_products": "CREATE"})
    _arrived(visitor, visitor.connect_shopify(shop))
    _until(lambda: _both_connected(visitor), "both connections are green", 60)
    _until(lambda: _subscribed(visitor), "the store's webhooks are subscribed", 60)


def _arrived(visitor: Visitor, connected: requests.Response) -> None:
    if connected.status_code != 200 or not connected.url.startswith(visitor.page_url):
        raise LocalError(f"Connecting ended at {connected.url} with {connected.status_code}.")


def _both_connected(visitor: Visitor) -> bool:
    return all(each["status"] == "CONNECTED" for each in visitor.api("connections")["connections"])


def _subscribed(visitor: Visitor) -> bool:
    intake = visitor.api("intake")
    return bool(intake["subscriptions_present"]) and intake["subscriptions_present"] == intake["subscriptions_wanted"]


def _until(true: Callable[[], bool], what: str, seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not true():
        if time.monotonic() > ends:
            raise LocalError(f"Waited {seconds:.0f} s in vain until {what}.")
        time.sleep(_POLL)


def counts(visitor: Visitor) -> dict[tuple[str, str], int]:
    """(kind, status) -> how many, as the dashboard counts; empty while the page cannot answer."""
    try:
        summary = visitor.api("summary")
    except (LocalError, requests.RequestException):
        return {}
    return {(row["kind"], row["status"]): row["count"] for row in summary["counts"]}


def wait_for_books(visitor: Visitor, orders: int, refunds: int, say: Callable[[int], None]) -> None:
    """Until that many orders and refunds are known and nothing can be tried. LocalError if too long nothing moves."""
    seen, moved = -1, time.monotonic()
    while True:
        now = counts(visitor)
        pending = sum(count for (_, status), count in now.items() if status == "PENDING")
        decided = sum(n for (kind, status), n in now.items() if kind in ("ORDER", "REFUND") and status != "PENDING")
        say(decided)
        if decided >= orders + refunds and not pending:
            return
        if decided - pending != seen:
            seen, moved = decided - pending, time.monotonic()
        if time.monotonic() - moved > _LONGEST_SILENCE:
            raise LocalError(
                f"Nothing moved for {_LONGEST_SILENCE:.0f} s: {decided} of {orders + refunds} decided, {now}"
            )
        time.sleep(_POLL)


def told(visitor: Visitor) -> Iterator[Told]:
    """Every record that is not in QuickBooks, with what the page says of it."""
    for status in ("PENDING", "ON_HOLD", "ERROR", "SKIPPED"):
        page = ""
        while True:
            answer = visitor.api(f"records?status={status}&page_size=200&page={page}")
            for row in answer["records"]:
                yield Told(row["kind"], row["reference"], row["source_id"], row["status"], row["reason"])
            page = answer["next_page"]
            if not page:
                break


def audit(auditor: Auditor, visitor: Visitor, realm: str, shop: str) -> Comparison:
    """Both providers are asked afresh, and the page for what it says is not in the books."""
    return compare(
        auditor.store_orders(shop), auditor.booked_documents(realm), list(told(visitor)), auditor.ledger(realm)
    )


def play(stage: Scene, orders: int, seed: int, progress: Progress) -> None:
    """Orders in waves, changes of what came before; once the token expires, once the writer is killed at its work."""
    bar = progress.add_task("Orders and refunds into the books", total=orders)
    placed, happened, chance = 0, Counter[str](), Random(seed)  # noqa: S311 - the same seed, the same demo
    for wave in range(_WAVES):
        count = orders * (wave + 1) // _WAVES - placed
        if wave:
            before = stage.store()["by_order"]
            changes = max(1, count // 4)
            happened += happen(lambda path, **more: stage.shopify(path, shop=SHOP, **more), before, chance, changes)
        if count:
            stage.shopify("orders", shop=SHOP, count=count, seed=seed + wave, mix="all")
            placed += count
        if wave == 1:
            stage.intuit(f"companies/{REALM}/tokens", action="expire_access")
            progress.console.print("  the access token has just expired at Intuit")
        if wave == 2:
            _until(lambda: _being_written(stage), "the writer is in the middle of its work", 120)
            stage.platform.kill("qbo-writer")
            progress.console.print("  the writer was just killed in the middle of its work")
    progress.console.print(f"  meanwhile in the store: {_listed(happened)}")
    refunds = stage.store()["refunds"]
    progress.update(bar, total=placed + refunds)
    wait_for_books(stage.visitor, placed, refunds, lambda done: progress.update(bar, completed=done))


def _listed(happened: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(happened.items()))


def _being_written(stage: Scene) -> bool:
    now = counts(stage.visitor)
    return now.get(("ORDER", "SYNCED"), 0) > 0 and now.get(("ORDER", "PENDING"), 0) > 0


def prove(stage: Scene) -> Comparison:
    """The audit, looked at again where a last change of the store was still on its way."""
    auditor = Auditor(stage.platform)
    try:
        for _ in range(_LOOKS):
            found = audit(auditor, stage.visitor, REALM, SHOP)
            if found.proved:
                break
            refunds = stage.store()["refunds"]
            wait_for_books(stage.visitor, found.orders, refunds, lambda _done: None)
    finally:
        auditor.close()
    return found


def _announce(console: Console, said: str) -> None:
    """The first sentence; what to do about a dead child is no news to one who kills them."""
    console.print(f"  {said.partition(';')[0]}", markup=False)


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 only if nothing is lost, doubled or different."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--orders", type=int, default=200, help="how many orders to place (200)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same orders (1)")
    chosen = parser.parse_args(arguments)
    console = Console()
    began = time.monotonic()
    with temporary_home() as home:
        platform = LocalPlatform(home, overrides=OVERRIDES, announce=lambda said: _announce(console, said))
        with console.status("Starting PostgreSQL, NATS, the stand-ins and five services"):
            platform.start()
        try:
            console.print(f"Everything runs; the page is at {platform.urls['page']}")
            with console.status("Connecting QuickBooks and the store"):
                stage = set_the_stage(platform)
            console.print("QuickBooks and the store are connected")
            with Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=console,
            ) as progress:
                play(stage, chosen.orders, chosen.seed, progress)
            with console.status("An independent app reads the store and the books"):
                found = prove(stage)
        finally:
            platform.stop()
    show(found, time.monotonic() - began, console)
    if found.proved:
        console.print("[green]The books are right: nothing lost, nothing doubled, not a cent of difference.[/green]")
    return 0 if found.proved else 1
