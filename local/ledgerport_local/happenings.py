"""What goes on in a store while orders flow: edits, payments, refunds, exchanges, cancellations, drawn from a seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import requests

Ask = Callable[..., Any]
Act = Callable[[Ask, Random], None]
_TRIES = 12


def happen(store: Ask, orders: Mapping[str, Mapping[str, Any]], chance: Random, count: int) -> Counter[str]:
    """`count` changes of orders that are there already; how many of which. `store(path, order=…)` is the side door.

    The store itself refuses what cannot be (an exchange of what is not paid, say): then another one is drawn.
    """
    done: Counter[str] = Counter()
    # An imported order that counts as paid without any payment is history: nobody changes it.
    ids = sorted(each for each, order in orders.items() if order["received"] or order["status"] != "PAID")
    for _ in range(count):
        for _ in range(_TRIES):
            order = chance.choice(ids)
            acts = _acts(orders[order])
            name = chance.choice(sorted(acts))
            try:
                acts[name](lambda path, order=order, **more: store(path, order=order, **more), chance)
            except requests.HTTPError:
                continue
            done[name] += 1
            break
    return done


def _acts(order: Mapping[str, Any]) -> Mapping[str, Act]:
    """What can well happen to it next: the store pays back what it owes before anything else."""
    if order["outstanding"] < 0:
        return {"paid back": _pay_back}
    return _OF_PAID if order["status"] == "PAID" else _OF_OTHERS


def _line(here: Ask) -> str:
    """The first line of the order that still has units; annotating without anything only shows the order."""
    lines = here("annotate")["lines"]
    return str(next((each["id"] for each in lines if each["quantity"]), 0))


def _add(here: Ask, chance: Random) -> None:
    here("edit", add={"title": "Gift box", "price": chance.randrange(100, 3000), "quantity": 1})


def _add_and_pay(here: Ask, chance: Random) -> None:
    _add(here, chance)
    here("collect", gateway="shopify_payments")


def _take_off(here: Ask, _chance: Random) -> None:
    here("edit", line=_line(here), quantity=0)


def _refund_line(here: Ask, _chance: Random) -> None:
    here("refund", lines={_line(here): 1}, note="One arrived torn")


def _refund_all(here: Ask, _chance: Random) -> None:
    here("refund", note="Changed my mind")


def _exchange(here: Ask, chance: Random) -> None:
    wanted = {"title": "Another one", "price": chance.randrange(500, 4000)}
    here("return", lines={_line(here): 1}, exchange=[wanted], charge="shopify_payments")


def _pay_back(here: Ask, _chance: Random) -> None:
    here("pay_back")


def _cancel(here: Ask, _chance: Random) -> None:
    here("cancel")


def _pay(here: Ask, _chance: Random) -> None:
    here("collect")


_OF_PAID: Mapping[str, Act] = {
    "line added": _add,
    "line added and paid": _add_and_pay,
    "line taken off": _take_off,
    "line refunded": _refund_line,
    "refunded": _refund_all,
    "exchanged": _exchange,
    "cancelled": _cancel,
}
_OF_OTHERS: Mapping[str, Act] = {"cancelled": _cancel, "line added": _add, "paid": _pay}
