"""The product beside programs with python-quickbooks: the same orders, stand-in, latency and limits, at the same time.

Each has a company of its own, since limits are for one company; they wait for answers, so they do not slow each other.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import backlog
from tests.bench.ceiling import BACKLOG, MINUTES, counts, fill
from tests.bench.consent import company_token
from tests.bench.figures import Figure, alone
from tests.bench.limits import QUICK, SLOW, WHOLE
from tests.bench.merchants import Merchant, door, wait
from tests.bench.processes import clock, cpu_of

from intuit_sandbox.harness import US
from ledgerport.events.v2 import entity_pb2
from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from qbo_writer_testing.stage import SERVICES

_PROGRAM = Path(__file__).with_name("plain_script.py")
_KINDS = ("plain", "batch")
_FIRST_REALM = 9341450000001700
_SETTLING_IN = 5.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What one of them did in the measured time."""

    orders: int
    calls: int
    cpu: float

    @property
    def per_minute(self) -> float:
        return self.orders / MINUTES


def measure() -> Iterator[Figure]:
    with temporary_home() as home, LocalPlatform(home, services=SERVICES, overrides={"qbo-writer": WHOLE}) as platform:
        ours, scripts = _run(platform)
    yield Figure("product_orders_per_minute", ours.per_minute, "orders/min", None, None, None)
    for kind, goal in (("plain", 20.0), ("batch", 2.5)):
        theirs, name = scripts[kind], "orders_vs_script" if kind == "plain" else "orders_vs_script_batch"
        times = ours.per_minute / theirs.per_minute if theirs.orders else float("inf")
        yield Figure(name, times, "times", goal, 1.0, times)
        yield alone(f"script_{kind}_orders_per_minute", theirs.per_minute, "orders/min")
        yield alone(f"script_{kind}_calls_per_order", theirs.calls / max(1, theirs.orders), "calls")
        yield alone(f"script_{kind}_cpu_per_order", theirs.cpu * 1000 / max(1, theirs.orders), "ms CPU")
    yield alone("product_calls_per_order", ours.calls / max(1, ours.orders), "calls")
    yield alone("product_qbo_writer_cpu_per_order", ours.cpu * 1000 / max(1, ours.orders), "ms CPU")


def _run(platform: LocalPlatform) -> tuple[Seen, dict[str, Seen]]:
    merchant = Merchant(platform, 0)
    realms = {kind: str(_FIRST_REALM + number) for number, kind in enumerate(_KINDS)}
    for kind, realm in realms.items():
        door(platform, "intuit-sandbox", "companies", like=US, realm_id=realm, name=f"Script {kind}")
    fill(platform, merchant)
    door(platform, "intuit-sandbox", "knobs", **SLOW.knobs())
    with ExitStack() as stack:
        running = {kind: stack.enter_context(_script(platform, kind, realm)) for kind, realm in realms.items()}
        merchant.resume()
        every = {"product": merchant.realm, **realms}
        wait(lambda: all("SalesReceipt" in counts(platform, realm) for realm in every.values()), "all are at work")
        threading.Event().wait(_SETTLING_IN)
        seen = _watch(platform, every, running)
    door(platform, "intuit-sandbox", "knobs", **QUICK.knobs())
    return seen.pop("product"), seen


def _watch(platform: LocalPlatform, every: dict[str, str], scripts: dict[str, int]) -> dict[str, Seen]:
    def orders() -> dict[str, int]:
        return {name: counts(platform, realm).get("SalesReceipt", 0) for name, realm in every.items()}

    def cpu() -> dict[str, float]:
        return {
            "product": clock(platform).seconds["qbo-writer"],
            **{kind: cpu_of(pid) for kind, pid in scripts.items()},
        }

    before, used = orders(), cpu()
    door(platform, "intuit-sandbox", "requests", "DELETE")
    threading.Event().wait(60.0 * MINUTES)
    calls = door(platform, "intuit-sandbox", "requests?since=9999999999", "GET")["by_realm"]
    after, spent = orders(), cpu()
    return {
        name: Seen(after[name] - before[name], calls.get(realm, 0), spent[name] - used[name])
        for name, realm in every.items()
    }


@contextmanager
def _script(platform: LocalPlatform, kind: str, realm: str) -> Iterator[int]:
    """The process id of the running program."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "orders.jsonl"
        file.write_text("".join(f"{json.dumps(_as_script_reads(event.order))}\n" for event in backlog.orders(BACKLOG)))
        told = {
            "QBO_URL": platform.urls["intuit-sandbox"],
            "REALM": realm,
            "TOKEN": company_token(platform, realm),
            "ORDERS": str(file),
            "OAUTHLIB_INSECURE_TRANSPORT": "1",
        }
        process = subprocess.Popen([sys.executable, _PROGRAM, kind], env={**os.environ, **told})
        try:
            yield process.pid
            if process.poll() not in (None, 0):
                raise RuntimeError(f"the {kind} program ended with {process.returncode}")
        finally:
            process.kill()
            process.wait()


def _as_script_reads(order: entity_pb2.Order) -> dict[str, object]:
    """The same customers, items and amounts; a script as people write it leaves tax and shipping as lines."""
    titles = {line.id: line.title for line in order.lines}
    sales = order.agreements[0].sales
    lines = [
        {"item": titles.get(sale.line_id, "Shipping"), "amount": (sale.total.shop - sale.tax.shop) / 100}
        for sale in sales
    ]
    lines.append({"item": "Sales tax", "amount": sum(sale.tax.shop for sale in sales) / 100})
    return {"number": order.name, "customer": order.customer.display_name, "lines": lines}
