"""The books, read by an independent app from QuickBooks, held against the store, read the same way from Shopify."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import requests

from ledgerport_local.errors import LocalError
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import STAND_IN_PASSWORD, Visitor
from ledgerport_local.wiring import AUDITOR, AUDITOR_REDIRECT

_TIMEOUT = 60
_THROTTLED_WAIT = 2.0
_PAGE = 500
_ORDERS = """
query Store($after: String) {
  orders(first: 10, after: $after, sortKey: ID) {
    pageInfo { hasNextPage endCursor }
    nodes {
      name test
      totalPriceSet { shopMoney { amount } }
      totalTaxSet { shopMoney { amount } }
      refunds(first: 20) { id createdAt totalRefundedSet { shopMoney { amount } } }
    }
  }
}
"""
_MARKED = re.compile(r"Shopify order (?P<order>\S+?)[. ]")


@dataclass(frozen=True)
class StoreOrder:
    """An order as the store states it. Amounts are in the store's currency."""

    name: str
    total: Decimal
    tax: Decimal
    refunds: tuple[Decimal, ...]


@dataclass(frozen=True)
class BookedDocument:
    """A sales or refund receipt as QuickBooks states it."""

    kind: str
    qbo_id: str
    order: str
    total: Decimal
    tax: Decimal


@dataclass
class Comparison:
    """Both sides and what does not agree."""

    orders: int = 0
    refunds: int = 0
    sales_receipts: int = 0
    refund_receipts: int = 0
    store_sales: Decimal = Decimal(0)
    store_refunds: Decimal = Decimal(0)
    booked_sales: Decimal = Decimal(0)
    booked_refunds: Decimal = Decimal(0)
    duplicates: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    @property
    def proved(self) -> bool:
        """Nothing lost, nothing doubled, not a cent of difference."""
        return not (self.duplicates or self.missing or self.differences)


def compare(orders: list[StoreOrder], documents: list[BookedDocument]) -> Comparison:
    """Pure: every order has its one receipt, every refund its one, each to the cent, and nothing else is there."""
    found = Comparison(orders=len(orders))
    sales = _by_order(documents, "SalesReceipt")
    refunds = _by_order(documents, "RefundReceipt")
    for order in orders:
        found.refunds += len(order.refunds)
        found.store_sales += order.total
        found.store_refunds += sum(order.refunds, Decimal(0))
        _compare_sale(order, sales.pop(order.name, []), found)
        _compare_refunds(order, refunds.pop(order.name, []), found)
    for leftover in (*sales.values(), *refunds.values()):
        found.differences += [f"{each.kind} {each.qbo_id} for {each.order}: no such order" for each in leftover]
    found.sales_receipts = sum(d.kind == "SalesReceipt" for d in documents)
    found.refund_receipts = len(documents) - found.sales_receipts
    found.booked_sales = sum((d.total for d in documents if d.kind == "SalesReceipt"), Decimal(0))
    found.booked_refunds = sum((d.total for d in documents if d.kind == "RefundReceipt"), Decimal(0))
    return found


def _compare_sale(order: StoreOrder, booked: list[BookedDocument], found: Comparison) -> None:
    if not booked:
        found.missing.append(f"{order.name}: no sales receipt")
        return
    if len(booked) > 1:
        found.duplicates.append(f"{order.name}: {len(booked)} sales receipts")
    for document in booked[:1]:
        if (document.total, document.tax) != (order.total, order.tax):
            found.differences.append(
                f"{order.name}: {order.total} with {order.tax} tax in the store, "
                f"{document.total} with {document.tax} tax in QuickBooks"
            )


def _compare_refunds(order: StoreOrder, booked: list[BookedDocument], found: Comparison) -> None:
    there, here = Counter(order.refunds), Counter(document.total for document in booked)
    for amount, count in (there - here).items():
        found.missing.append(f"{order.name}: {count} refund(s) of {amount}")
    for amount, count in (here - there).items():
        kind = found.duplicates if amount in there else found.differences
        kind.append(f"{order.name}: {count} refund receipt(s) of {amount} too many")


def _by_order(documents: list[BookedDocument], kind: str) -> dict[str, list[BookedDocument]]:
    grouped: dict[str, list[BookedDocument]] = {}
    for document in documents:
        if document.kind == kind:
            grouped.setdefault(document.order, []).append(document)
    return grouped


class Auditor:
    """An app of its own at both providers: it shares nothing with LedgerPort, not even a token."""

    def __init__(self, platform: LocalPlatform) -> None:
        self._platform = platform
        self._intuit = platform.urls["intuit-sandbox"]
        self._shopify = platform.urls["shopify-sandbox"]
        self._http = requests.Session()
        self._http.trust_env = False
        self._tokens: dict[str, str] = {}

    def store_orders(self, shop: str) -> list[StoreOrder]:
        """Every order of the store that is no test; refunds that gave nothing back are left out."""
        headers = {"X-Shopify-Access-Token": self._token_of(shop, self._shop_token)}
        url = f"{self._shopify}/{shop}/admin/api/2026-10/graphql.json"
        orders: list[StoreOrder] = []
        after = None
        while True:
            body = {"query": _ORDERS, "variables": {"after": after}}
            answer = self._http.post(url, json=body, headers=headers, timeout=_TIMEOUT).json()
            if _throttled(answer):
                time.sleep(_THROTTLED_WAIT)
                continue
            if answer.get("errors"):
                raise LocalError(f"The store did not answer the auditor: {answer['errors']}")
            page = answer["data"]["orders"]
            orders += [_store_order(node) for node in page["nodes"] if not node["test"]]
            if not page["pageInfo"]["hasNextPage"]:
                return orders
            after = page["pageInfo"]["endCursor"]

    def booked_documents(self, realm_id: str) -> list[BookedDocument]:
        """Every sales and refund receipt in the company."""
        token = self._token_of(realm_id, self._company_token)
        return [
            BookedDocument(
                kind,
                row["Id"],
                _order_of(row),
                Decimal(row["TotalAmt"]).quantize(Decimal("0.01")),
                Decimal((row.get("TxnTaxDetail") or {}).get("TotalTax", 0)).quantize(Decimal("0.01")),
            )
            for kind in ("SalesReceipt", "RefundReceipt")
            for row in self._rows(realm_id, token, kind)
        ]

    def _rows(self, realm_id: str, token: str, kind: str) -> Iterator[Mapping[str, Any]]:
        start = 1
        while True:
            statement = f"select * from {kind} orderby Id startposition {start} maxresults {_PAGE}"  # noqa: S608
            url = f"{self._intuit}/v3/company/{realm_id}/query?query={quote(statement)}&minorversion=75"
            headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
            answer = self._http.get(url, headers=headers, timeout=_TIMEOUT)
            if answer.status_code != 200:
                raise LocalError(f"QuickBooks did not answer the auditor: {answer.status_code} {answer.text[:300]}")
            rows = _exact_json(answer)["QueryResponse"].get(kind, [])
            yield from rows
            if len(rows) < _PAGE:
                return
            start += len(rows)

    def _token_of(self, account: str, ask: Callable[[str], str]) -> str:
        """Asked for once: a consent a look would be odd."""
        if account not in self._tokens:
            self._tokens[account] = ask(account)
        return self._tokens[account]

    def _company_token(self, realm_id: str) -> str:
        endpoints = self._http.get(f"{self._intuit}/.well-known/openid_sandbox_configuration", timeout=_TIMEOUT).json()
        asked = urlencode(
            {
                "client_id": AUDITOR,
                "response_type": "code",
                "scope": "com.intuit.quickbooks.accounting",
                "redirect_uri": AUDITOR_REDIRECT,
                "state": "audit",
            }
        )
        visitor = Visitor(self._intuit)
        page = visitor.get(f"{endpoints['authorization_endpoint']}?{asked}")
        page = visitor.submit(
            page, "/connect/signin", email="accountant@sandbox.test", password=STAND_IN_PASSWORD, action="signin"
        )
        code = _code_of(visitor, page, "/connect/consent", realm_id=realm_id, action="authorize")
        answer = self._http.post(
            endpoints["token_endpoint"],
            data={"grant_type": "authorization_code", "code": code, "redirect_uri": AUDITOR_REDIRECT},
            auth=(AUDITOR, self._platform.home.secret("intuit-auditor-secret")),
            headers={"Accept": "application/json"},
            timeout=_TIMEOUT,
        )
        return str(answer.json()["access_token"])

    def _shop_token(self, shop: str) -> str:
        asked = urlencode(
            {
                "client_id": AUDITOR,
                "scope": "read_orders,read_all_orders",
                "redirect_uri": AUDITOR_REDIRECT,
                "state": "audit",
            }
        )
        visitor = Visitor(f"{self._shopify}/{shop}")
        page = visitor.get(f"{self._shopify}/{shop}/admin/oauth/authorize?{asked}")
        code = _code_of(visitor, page, "/admin/oauth/authorize", action="install")
        answer = self._http.post(
            f"{self._shopify}/{shop}/admin/oauth/access_token",
            json={
                "client_id": AUDITOR,
                "client_secret": self._platform.home.secret("shopify-auditor-secret"),
                "code": code,
            },
            timeout=_TIMEOUT,
        )
        return str(answer.json()["access_token"])


def _throttled(answer: Mapping[str, Any]) -> bool:
    return any((e.get("extensions") or {}).get("code") == "THROTTLED" for e in answer.get("errors") or [])


def _code_of(visitor: Visitor, page: requests.Response, action: str, /, **fields: str) -> str:
    """The code that the provider sends back; nothing listens at the auditor's own address, so it is read on the way."""
    codes: list[str] = []

    def read(answer: requests.Response, *_args: object, **_kwargs: object) -> requests.Response:
        where = answer.headers.get("Location", "")
        if where.startswith(AUDITOR_REDIRECT):
            codes.extend(parse_qs(urlsplit(where).query).get("code", []))
            answer.headers.pop("Location")
        return answer

    visitor.browser.hooks["response"] = [read]
    visitor.submit(page, action, **fields)
    if not codes:
        raise LocalError("The provider gave the auditor no code.")
    return codes[0]


def _exact_json(answer: requests.Response) -> Any:
    return answer.json(parse_float=Decimal)


def _store_order(node: Mapping[str, Any]) -> StoreOrder:
    back = (Decimal(refund["totalRefundedSet"]["shopMoney"]["amount"]) for refund in node["refunds"])
    return StoreOrder(
        node["name"],
        _cents(node["totalPriceSet"]),
        _cents(node["totalTaxSet"]),
        tuple(amount.quantize(Decimal("0.01")) for amount in back if amount),
    )


def _cents(bag: Mapping[str, Any] | None) -> Decimal:
    return Decimal(bag["shopMoney"]["amount"] if bag else 0).quantize(Decimal("0.01"))


def _order_of(row: Mapping[str, Any]) -> str:
    """The order a document names; one that names none is not ours, and says so by its own name."""
    found = _MARKED.search(f"{row.get('PrivateNote', '')} ")
    return found["order"] if found else f"(none: {row.get('DocNumber') or row['Id']})"
