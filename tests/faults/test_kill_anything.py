"""Whatever is killed while orders of all kinds flow, the books end right: nothing lost or doubled, not a cent."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from ledgerport_local.audit import Comparison
from ledgerport_local.demo import SHOP, Stage

CHILDREN = ("auth", "connections", "shopify-sync", "qbo-writer", "gateway", "postgres", "nats")
BecomeRight = Callable[[], Comparison]


@pytest.mark.parametrize("child", CHILDREN)
def test_killing_it_while_orders_flow_changes_nothing(
    stage: Stage, books_become_right: BecomeRight, child: str
) -> None:
    seed = 100 + CHILDREN.index(child)
    stage.shopify("orders", shop=SHOP, count=6, seed=seed, mix="all")
    stage.platform.kill(child)
    stage.shopify("orders", shop=SHOP, count=6, seed=seed + 50, mix="all")
    stage.platform.wait_ready(child)
    books_become_right()


def test_losing_the_whole_jetstream_store_loses_nothing(stage: Stage, books_become_right: BecomeRight) -> None:
    stage.shopify("orders", shop=SHOP, count=6, seed=300, mix="all")
    stage.platform.halt("nats")
    store = stage.platform.home.room("nats") / "store" / "jetstream"
    assert store.is_dir()
    shutil.rmtree(store)
    stage.platform.start_again("nats")
    stage.shopify("orders", shop=SHOP, count=6, seed=301, mix="all")
    books_become_right()
