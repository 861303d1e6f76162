"""Whatever is killed while orders flow, the books end right: nothing lost, nothing doubled, not a cent."""

from __future__ import annotations

import time

import pytest

from ledgerport_local.audit import Auditor, compare
from ledgerport_local.demo import REALM, SHOP, Stage

CHILDREN = ("auth", "connections", "shopify-sync", "qbo-writer", "gateway", "postgres", "nats")
_LONGEST = 90.0


@pytest.mark.parametrize("child", CHILDREN)
def test_killing_it_while_orders_flow_changes_nothing(stage: Stage, child: str) -> None:
    seed = 100 + CHILDREN.index(child)
    stage.shopify("orders", shop=SHOP, count=6, seed=seed, mix="basic", refund_rate=0.3)
    stage.platform.kill(child)
    stage.shopify("orders", shop=SHOP, count=6, seed=seed + 50, mix="basic", refund_rate=0.3)
    stage.platform.wait_ready(child)
    _assert_books(stage, child)


def test_losing_the_whole_jetstream_store_loses_nothing(stage: Stage) -> None:
    stage.shopify("orders", shop=SHOP, count=6, seed=300, mix="basic", refund_rate=0.3)
    stage.platform.halt("nats")
    store = stage.platform.home.room("nats") / "store" / "jetstream"
    assert store.is_dir()
    _remove(store)
    stage.platform.start_again("nats")
    stage.shopify("orders", shop=SHOP, count=6, seed=301, mix="basic", refund_rate=0.3)
    _assert_books(stage, "JetStream's store")


def _assert_books(stage: Stage, what: str) -> None:
    auditor = Auditor(stage.platform)
    ends = time.monotonic() + _LONGEST
    orders = auditor.store_orders(SHOP)
    found = compare(orders, auditor.booked_documents(REALM))
    while not found.proved and time.monotonic() < ends and not found.duplicates:
        time.sleep(1)
        found = compare(orders, auditor.booked_documents(REALM))
    assert found.proved, (what, found.missing, found.duplicates, found.differences)


def _remove(folder: object) -> None:
    import shutil

    shutil.rmtree(str(folder))
