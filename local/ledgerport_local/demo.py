"""`make demo`: the main job from an empty folder to proved books, past an expired token and a killed writer."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import requests
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from ledgerport_local.audit import Auditor, Comparison, compare
from ledgerport_local.demo_account import ensure_demo_account
from ledgerport_local.errors import LocalError
from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import Visitor

REALM = "9341450000000001"
SHOP = "northwind-outfitters.myshopify.com"
# Webhooks are sent twice now and then, as Shopify does; what fails is sent again soon instead of in an hour.
OVERRIDES = {
    "shopify-sandbox": {
        "SHOPIFY_SANDBOX_WEBHOOK_RETRY_BASE_SECONDS": "0.5",
        "SHOPIFY_SANDBOX_WEBHOOK_DUPLICATE_RATE": "0.1",
    }
}
_WAVES = 5
_REFUND_RATE = 0.15
_LONGEST_SILENCE = 180.0
_POLL = 0.5
_CONTROL_TIMEOUT = 60


@dataclass
class Stage:
    """A running platform, its demo owner signed in, and both stand-ins within reach."""

    platform: LocalPlatform
    visitor: Visitor

    def intuit(self, path: str, **body: object) -> Any:
        return self._control("intuit-sandbox", path, body)

    def shopify(self, path: str, **body: object) -> Any:
        return self._control("shopify-sandbox", path, body)

    def _control(self, stand_in: str, path: str, body: dict[str, object]) -> Any:
        url = f"{self.platform.urls[stand_in]}/_sandbox/{path}"
        answer = self.visitor.browser.post(url, json=body, timeout=_CONTROL_TIMEOUT)
        answer.raise_for_status()
        return answer.json() if answer.content else None


def set_the_stage(platform: LocalPlatform) -> Stage:
    """Sign in, connect QuickBooks, connect the store: all through the pages."""
    account = ensure_demo_account(platform)
    visitor = Visitor(platform.urls["page"])
    visitor.sign_in(account.email, account.password)
    for connected in (visitor.connect_quickbooks(REALM), visitor.connect_shopify(SHOP)):
        if connected.status_code != 200 or not connected.url.startswith(platform.urls["page"]):
            raise LocalError(f"Connecting ended at {connected.url} with {connected.status_code}.")
    stage = Stage(platform, visitor)
    _until(lambda: _both_connected(visitor), "both connections are green", 60)
    _until(lambda: _subscribed(visitor), "the store's webhooks are subscribed", 60)
    return stage


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
    """Until that many orders and refunds are decided. LocalError when nothing moves for too long."""
    seen, moved = -1, time.monotonic()
    while True:
        now = counts(visitor)
        decided = sum(n for (kind, status), n in now.items() if kind in ("ORDER", "REFUND") and status in _DECIDED)
        say(decided)
        if decided >= orders + refunds:
            return
        if decided != seen:
            seen, moved = decided, time.monotonic()
        if time.monotonic() - moved > _LONGEST_SILENCE:
            raise LocalError(
                f"Nothing moved for {_LONGEST_SILENCE:.0f} s: {decided} of {orders + refunds} decided, {now}"
            )
        time.sleep(_POLL)


_DECIDED = ("SYNCED", "ERROR", "SKIPPED")


def play(stage: Stage, orders: int, seed: int, progress: Progress) -> None:
    """Orders in waves; after one the token expires, after another the writer is killed in the middle of its work."""
    bar = progress.add_task("Orders into the books", total=orders)
    placed, refunded = 0, 0
    for wave in range(_WAVES):
        count = orders * (wave + 1) // _WAVES - placed
        if count:
            made = stage.shopify(
                "orders", shop=SHOP, count=count, seed=seed + wave, mix="basic", refund_rate=_REFUND_RATE
            )
            placed, refunded = placed + len(made["ids"]), refunded + len(made["refunds"])
            progress.update(bar, total=placed + refunded)
        if wave == 1:
            stage.intuit(f"companies/{REALM}/tokens", action="expire_access")
            progress.console.print("  the access token has just expired at Intuit")
        if wave == 2:
            _until(lambda: _being_written(stage), "the writer is in the middle of its work", 120)
            stage.platform.kill("qbo-writer")
            progress.console.print("  the writer was just killed in the middle of its work")
    wait_for_books(stage.visitor, placed, refunded, lambda done: progress.update(bar, completed=done))


def _being_written(stage: Stage) -> bool:
    now = counts(stage.visitor)
    return now.get(("ORDER", "SYNCED"), 0) > 0 and now.get(("ORDER", "PENDING"), 0) > 0


def _announce(console: Console, said: str) -> None:
    """The first sentence; what to do about a dead child is no news to one who kills them."""
    console.print(f"  {said.partition(';')[0]}", markup=False)


def show(found: Comparison, seconds: float, console: Console) -> None:
    """The table, and each trouble by name."""
    table = Table(title="The store and the books")
    for column in ("", "Shopify", "QuickBooks"):
        table.add_column(column, justify="left" if not column else "right")
    table.add_row("orders / sales receipts", str(found.orders), str(found.sales_receipts))
    table.add_row("refunds / refund receipts", str(found.refunds), str(found.refund_receipts))
    table.add_row("sales", str(found.store_sales), str(found.booked_sales))
    table.add_row("refunds", str(found.store_refunds), str(found.booked_refunds))
    table.add_row("lost", "", str(len(found.missing)))
    table.add_row("duplicates", "", str(len(found.duplicates)))
    table.add_row("differences", "", str(len(found.differences)))
    table.add_row("seconds", "", f"{seconds:.0f}")
    console.print(table)
    for trouble in (*found.missing, *found.duplicates, *found.differences):
        console.print(f"  {trouble}")


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
            auditor = Auditor(platform)
            found = compare(auditor.store_orders(SHOP), auditor.booked_documents(REALM))
        finally:
            platform.stop()
    show(found, time.monotonic() - began, console)
    if found.proved:
        console.print("[green]The books are right: nothing lost, nothing doubled, not a cent of difference.[/green]")
    return 0 if found.proved else 1
