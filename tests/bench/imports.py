"""A history import: orders a minute from Shopify into records, and the most memory that any process ever holds."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import grpc
from tests.bench.figures import Figure, against, alone
from tests.bench.merchants import Merchant, door, records, wait
from tests.bench.processes import clock, peak_mib
from tests.bench.profiling import profiled

from ledgerport.shopify_sync.v1 import history_import_pb2 as pb
from ledgerport.shopify_sync.v1 import history_import_pb2_grpc
from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.wiring import SERVICES

# The promise is about 100,000: `make bench PART=imports ORDERS=100000`.
_ORDERS = int(os.environ.get("ORDERS") or 10_000)
_GOAL_MIB = 300.0
_DAYS = 30
_LONGEST = 7200.0
_OVER = (pb.IMPORT_STATUS_DONE, pb.IMPORT_STATUS_FAILED, pb.IMPORT_STATUS_CANCELLED)
_QUICK_STORE = {"SHOPIFY_SANDBOX_BUCKET_SIZE": "20000", "SHOPIFY_SANDBOX_RESTORE_RATE": "1000"}


def measure() -> Iterator[Figure]:
    """QuickBooks is paused: what is measured is the way from Shopify into qbo-writer's records."""
    with temporary_home() as home, LocalPlatform(home, overrides={"shopify-sandbox": _QUICK_STORE}) as platform:
        merchant = Merchant(platform, 0)
        merchant.connect_store(0)
        door(platform, "shopify-sandbox", "shelf", shop=merchant.shop, count=_ORDERS, days=_DAYS)
        merchant.pause()
        with profiled(platform, "imports"):
            used, began = clock(platform), time.monotonic()
            _import(platform, merchant)
            took = time.monotonic() - began
            cpu = clock(platform).since(used)
        yield alone("import_orders_per_minute", _ORDERS * 60 / took, "orders/min")
        for name in ("shopify-sync", "qbo-writer", "postgres", "nats", "shopify-sandbox"):
            yield alone(f"import_cpu_per_order_{name}", cpu[name] * 1000 / _ORDERS, "ms CPU")
        peaks = peak_mib(platform, (*SERVICES, "nats"))
        highest = max(SERVICES, key=peaks.__getitem__)
        yield against(f"import_peak_rss_mib_{highest}", peaks[highest], "MiB", floor=_GOAL_MIB)
        yield alone("import_peak_rss_mib", peaks[highest], "MiB", goal=_GOAL_MIB)
        for name, mib in peaks.items():
            yield alone(f"import_peak_rss_{name}", mib, "MiB")


def _import(platform: LocalPlatform, merchant: Merchant) -> None:
    today = datetime.now(UTC).date()
    with grpc.insecure_channel(platform.urls["shopify-sync-grpc"]) as channel:
        stub = history_import_pb2_grpc.HistoryImportServiceStub(channel)
        asked = pb.StartImportRequest(
            request_id=str(uuid.uuid4()),
            first_day=(today - timedelta(days=_DAYS + 10)).isoformat(),
            last_day=(today + timedelta(days=1)).isoformat(),
        )
        started = stub.StartImport(asked, metadata=merchant.as_person("shopify-sync")).history_import.import_id

        def now() -> pb.HistoryImport:
            wanted = pb.GetImportRequest(import_id=started)
            found: pb.HistoryImport = stub.GetImport(wanted, metadata=merchant.as_person("shopify-sync")).history_import
            return found

        wait(lambda: now().status in _OVER, "the import is over", seconds=_LONGEST, every=1.0)
        ended = now()
    if ended.status != pb.IMPORT_STATUS_DONE:
        raise RuntimeError(f"the import ended as {pb.ImportStatus.Name(ended.status)}")
    wait(lambda: records(platform) >= _ORDERS, "every order is a record", seconds=_LONGEST, every=1.0)
