"""What a shop's programmer writes with python-quickbooks: the orders of a file into sales receipts, until stopped.

`plain` is what its README teaches: look up the customer, look up each item, make what is missing, save the receipt.
`batch` is the best that its batch helper allows: everything known beforehand, then batches of 30, one after another.
Told by the environment: QBO_URL, REALM, TOKEN, ORDERS (a file). It waits a minute where QuickBooks refuses.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from quickbooks import QuickBooks
from quickbooks.batch import batch_create
from quickbooks.exceptions import QuickbooksException
from quickbooks.objects.base import Ref
from quickbooks.objects.customer import Customer
from quickbooks.objects.detailline import SalesItemLine, SalesItemLineDetail
from quickbooks.objects.item import Item
from quickbooks.objects.salesreceipt import SalesReceipt

_PAYLOADS = 30
_REFUSED = 60.0
# Intuit's own code for a limit, and the library's for an answer that is no JSON, as the 429 is.
_LIMITS = (3001, 10000)
_INCOME_ACCOUNT = "79"


def client() -> Any:
    app = SimpleNamespace(
        environment="production", access_token=os.environ["TOKEN"], refresh_token="", client_id="bench"
    )
    QuickBooks.api_url_v3 = f"{os.environ['QBO_URL']}/v3"
    return QuickBooks(auth_client=app, company_id=os.environ["REALM"], minorversion=75)


def orders() -> Iterator[dict[str, Any]]:
    with Path(os.environ["ORDERS"]).open() as lines:
        yield from map(json.loads, lines)


def customer_of(name: str, qb: Any) -> Any:
    found = Customer.filter(DisplayName=name, qb=qb)
    return found[0] if found else _new_customer(name).save(qb=qb)


def item_of(name: str, qb: Any) -> Any:
    found = Item.filter(Name=name, qb=qb)
    return found[0] if found else _new_item(name).save(qb=qb)


def _new_customer(name: str) -> Any:
    made = Customer()
    # The library's own default is one that QuickBooks refuses.
    made.DisplayName, made.PreferredDeliveryMethod = name, "Print"
    return made


def _new_item(name: str) -> Any:
    made = Item()
    made.Name, made.Type = name, "NonInventory"
    made.IncomeAccountRef = _ref(_INCOME_ACCOUNT)
    return made


def _ref(value: str) -> Any:
    made = Ref()
    made.value = value
    return made


def receipt(order: dict[str, Any], customer_id: str, items: dict[str, str]) -> Any:
    made = SalesReceipt()
    made.ShipDate = None  # the library's own default, here and below, is no date
    made.DocNumber, made.TxnDate, made.CustomerRef = order["number"], "2026-11-01", _ref(customer_id)
    for line in order["lines"]:
        row, detail = SalesItemLine(), SalesItemLineDetail()
        detail.ServiceDate, detail.Qty, detail.UnitPrice = None, 1, line["amount"]
        row.Amount, detail.ItemRef, detail.TaxCodeRef = line["amount"], _ref(items[line["item"]]), _ref("NON")
        row.SalesItemLineDetail = detail
        made.Line.append(row)
    return made


def plain(qb: Any) -> None:
    for order in orders():
        again = True
        while again:
            try:
                buyer = customer_of(order["customer"], qb)
                items = {line["item"]: item_of(line["item"], qb).Id for line in order["lines"]}
                receipt(order, buyer.Id, items).save(qb=qb)
                again = False
            except QuickbooksException as error:
                _rest(error)


def batch(qb: Any) -> None:
    every = list(orders())
    buyers = _made(sorted({order["customer"] for order in every}), _new_customer, qb, "DisplayName")
    items = _made(sorted({line["item"] for order in every for line in order["lines"]}), _new_item, qb, "Name")
    for begin in range(0, len(every), _PAYLOADS):
        chunk = [receipt(order, buyers[order["customer"]], items) for order in every[begin : begin + _PAYLOADS]]
        _sent(chunk, qb)


def _made(names: list[str], new: Any, qb: Any, label: str) -> dict[str, str]:
    ids: dict[str, str] = {}
    for begin in range(0, len(names), _PAYLOADS):
        answer = _sent([new(name) for name in names[begin : begin + _PAYLOADS]], qb)
        ids |= {getattr(each, label): each.Id for each in answer.successes}
    return ids


def _sent(chunk: list[Any], qb: Any) -> Any:
    while True:
        try:
            answer = batch_create(chunk, qb=qb)
        except QuickbooksException as error:
            _rest(error)
            continue
        if answer.faults:
            raise ValueError(answer.faults[0].Error[0].Detail)
        return answer


def _rest(error: Any) -> None:
    """For a limit one waits; whatever else is refused ends the program."""
    if error.error_code not in _LIMITS:
        raise error
    time.sleep(_REFUSED)


if __name__ == "__main__":
    {"plain": plain, "batch": batch}[sys.argv[1]](client())
