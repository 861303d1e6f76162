"""Each store is fetched at its own pace."""

from __future__ import annotations

from shopify_sync_testing.stage import Shop, until

# Longer than the other store may ever need, shorter than our patience with an answer (seconds).
_SLOW = 20.0


def test_a_store_that_answers_slowly_holds_up_no_other(shop: Shop, british: Shop) -> None:
    shop.rests()
    british.rests()
    shop.control("graphql/faults", faults=[{"kind": "slow", "shop": shop.domain, "seconds": _SLOW, "count": 100}])
    late = shop.order()
    until(shop.waiting, "the slow store has told of its order")
    soon = british.order()
    until(lambda: british.said(soon), "the other store's order is said")
    assert shop.said(late) == []
    shop.control("graphql/faults", faults=[])
    until(lambda: shop.said(late), "the slow store's order is said, too", seconds=2 * _SLOW)
