"""An app of its own at both providers, which reads the store and the books. It shares nothing with LedgerPort."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from importlib.resources import files
from typing import Any, Protocol
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import requests

from ledgerport_local.audit_facts import (
    ADJUSTMENT,
    DUTY,
    FEE,
    GIFT_CARDS,
    GOODS,
    KINDS,
    ROUNDING,
    SHIPPING,
    TAX,
    TENDER,
    TIP,
    BookedDocument,
    Ledger,
    StoreOrder,
)
from ledgerport_local.audit_store import read_order
from ledgerport_local.errors import LocalError
from ledgerport_local.walkthrough import STAND_IN_PASSWORD, Visitor
from ledgerport_local.wiring import AUDITOR, AUDITOR_REDIRECT

Json = Mapping[str, Any]
_TIMEOUT = 60
_THROTTLED_WAIT = 1.0
_PAGE = 500
_CENT = Decimal("0.01")
_ORDERS, _AGREEMENT = (
    files("ledgerport_local").joinpath(name).read_text() for name in ("audit_orders.graphql", "audit_agreement.graphql")
)
# The items of LedgerPort's own tell the components apart; whatever else is sold is goods.
_COMPONENTS = {
    "Shopify Shipping": SHIPPING,
    "Shopify Refund Adjustment": ADJUSTMENT,
    "Shopify Rounding": ROUNDING,
    "Shopify Sales Tax": TAX,
    "Shopify Marketplace Tax": TAX,
    "Shopify Gift Card": GIFT_CARDS,
    "Shopify Gift Card Redeemed": TENDER,
    "Shopify Store Credit Redeemed": TENDER,
    "Shopify Tip": TIP,
    "Shopify Duty": DUTY,
    "Shopify Fee": FEE,
}
# Where a document states what of it is still open; receipts are settled from the start.
_OPEN = {
    "Invoice": "Balance",
    "CreditMemo": "Balance",
    "Payment": "UnappliedAmt",
    "SalesReceipt": "Balance",
    "RefundReceipt": "Balance",
}
_NAMED = re.compile(r"Shopify order (?P<order>\S+?)[. ]")
_MARK = re.compile(r"\[ledgerport:(?P<record>[0-9a-f-]{36})")


class Keys(Protocol):
    """Where the secrets of the auditor's app lie."""

    def secret(self, name: str) -> str:
        """The text kept under this name."""
        ...


class Place(Protocol):
    """Where LedgerPort runs beside its stand-ins: this machine, or a cluster."""

    @property
    def urls(self) -> Mapping[str, str]:
        """Addresses by the names of the page and the stand-ins."""
        ...

    @property
    def home(self) -> Keys: ...


class Auditor:
    """Reads everything afresh on each call; consent is asked for once a store and company."""

    def __init__(self, platform: Place) -> None:
        self._platform = platform
        self._intuit = platform.urls["intuit-sandbox"]
        self._shopify = platform.urls["shopify-sandbox"]
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.headers["Connection"] = "close"  # one that rested may be gone when it is used again
        self._tokens: dict[str, str] = {}

    def close(self) -> None:
        self._http.close()

    # --- the store --------------------------------------------------------------------------------

    def store_orders(self, shop: str) -> list[StoreOrder]:
        """Every order of the store with its own ledger."""
        orders: list[StoreOrder] = []
        after = None
        while True:
            page = self._ask(shop, _ORDERS, {"after": after})["orders"]
            orders += [read_order(node, list(self._agreements(shop, node["id"]))) for node in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                return orders
            after = page["pageInfo"]["endCursor"]

    def _agreements(self, shop: str, order_id: str) -> Iterator[Json]:
        """One agreement after the other, each with all its sales."""
        before, more = None, True
        while more:
            found = self._ask(shop, _AGREEMENT, {"id": order_id, "before": before, "after": None})["order"]
            page = found["agreements"]
            for edge in page["edges"]:
                node, sales = edge["node"], list(edge["node"]["sales"]["nodes"])
                rest = node["sales"]["pageInfo"]
                while rest["hasNextPage"]:
                    asked = {"id": order_id, "before": before, "after": rest["endCursor"]}
                    [again] = self._ask(shop, _AGREEMENT, asked)["order"]["agreements"]["edges"]
                    sales += again["node"]["sales"]["nodes"]
                    rest = again["node"]["sales"]["pageInfo"]
                yield {**node, "sales": sales}
                before = edge["cursor"]
            more = page["pageInfo"]["hasNextPage"]

    def _ask(self, shop: str, query: str, variables: Mapping[str, object]) -> Any:
        headers = {"X-Shopify-Access-Token": self._token_of(shop, self._shop_token)}
        url = f"{self._shopify}/{shop}/admin/api/2026-10/graphql.json"
        while True:
            body = {"query": query, "variables": variables}
            answer = self._http.post(url, json=body, headers=headers, timeout=_TIMEOUT).json()
            if _throttled(answer):
                time.sleep(_THROTTLED_WAIT)
                continue
            if answer.get("errors"):
                raise LocalError(f"The store did not answer the auditor: {answer['errors']}")
            return answer["data"]

    # --- the books --------------------------------------------------------------------------------

    def booked_documents(self, realm_id: str) -> list[BookedDocument]:
        """Every document of a kind that posting makes, whoever made it."""
        items = {row["Id"]: row["Name"] for row in self._rows(realm_id, "Item")}
        rows = {kind: list(self._rows(realm_id, kind)) for kind in KINDS}
        settled = _settled_entries(rows["Payment"])
        return [_document(kind, row, items, settled) for kind, each in rows.items() for row in each]

    def ledger(self, realm_id: str) -> Ledger:
        """The trial balance as the company's own page shows it, and the accounts that the audit looks at."""
        shown = self._http.get(f"{self._intuit}/_sandbox/companies/{realm_id}/trial-balance", timeout=_TIMEOUT).json()
        accounts = list(self._rows(realm_id, "Account"))
        owed = (_amount(a["CurrentBalance"]) for a in accounts if a["AccountType"] == "Accounts Receivable")
        return Ledger(
            debits=shown["debit_minor"] * _CENT,
            credits=shown["credit_minor"] * _CENT,
            clearing={
                a["Name"]: _amount(a["CurrentBalance"])
                for a in accounts
                if a["Name"].endswith(" Clearing") and _amount(a["CurrentBalance"])
            },
            receivable=sum(owed, Decimal(0)),
        )

    def _rows(self, realm_id: str, kind: str) -> Iterator[Json]:
        token = self._token_of(realm_id, self._company_token)
        start = 1
        while True:
            statement = f"select * from {kind} orderby Id startposition {start} maxresults {_PAGE}"  # noqa: S608
            url = f"{self._intuit}/v3/company/{realm_id}/query?query={quote(statement)}&minorversion=75"
            headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
            answer = self._http.get(url, headers=headers, timeout=_TIMEOUT)
            if answer.status_code == 429:
                time.sleep(_THROTTLED_WAIT)
                continue
            if answer.status_code != 200:
                raise LocalError(f"QuickBooks did not answer the auditor: {answer.status_code} {answer.text[:300]}")
            rows = answer.json(parse_float=Decimal)["QueryResponse"].get(kind, [])
            yield from rows
            if len(rows) < _PAGE:
                return
            start += len(rows)

    # --- consent ----------------------------------------------------------------------------------

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


def _throttled(answer: Json) -> bool:
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
    visitor.browser.close()
    if not codes:
        raise LocalError("The provider gave the auditor no code.")
    return codes[0]


# --- a document of QuickBooks' ------------------------------------------------------------------------


def _document(kind: str, row: Json, items: Mapping[str, str], settled: Mapping[str, Decimal]) -> BookedDocument:
    note = f"{row.get('PrivateNote', '')} "
    named, mark = _NAMED.search(note), _MARK.search(note)
    total = _debits(row) if kind == "JournalEntry" else _amount(row.get("TotalAmt", 0))
    return BookedDocument(
        kind=kind,
        qbo_id=row["Id"],
        number=str(row.get("DocNumber", "")),
        # One that names no order is not ours, and says so by its own name.
        order=named["order"] if named else f"(none: {row.get('DocNumber') or row['Id']})",
        mark=mark["record"] if mark else "",
        total=total,
        parts={} if kind in ("Payment", "JournalEntry") else _parts(row, items),
        account=_account(kind, row),
        open=total - settled.get(row["Id"], Decimal(0)) if kind == "JournalEntry" else _amount(row.get(_OPEN[kind], 0)),
    )


def _parts(row: Json, items: Mapping[str, str]) -> dict[str, Decimal]:
    """Lines by the item they sell, and the tax that QuickBooks states for the whole document."""
    parts = {TAX: _amount((row.get("TxnTaxDetail") or {}).get("TotalTax", 0))}
    for line in row.get("Line", []):
        if line.get("DetailType") != "SalesItemLineDetail":
            continue
        item = items.get(line["SalesItemLineDetail"].get("ItemRef", {}).get("value", ""), "")
        name = _COMPONENTS.get(item, GOODS)
        parts[name] = parts.get(name, Decimal(0)) + _amount(line["Amount"])
    return {name: amount for name, amount in parts.items() if amount}


def _account(kind: str, row: Json) -> str:
    if kind != "JournalEntry":
        return str((row.get("DepositToAccountRef") or {}).get("name", ""))
    named = [
        line["JournalEntryLineDetail"]["AccountRef"].get("name", "")
        for line in row.get("Line", [])
        if "JournalEntryLineDetail" in line and "Entity" not in line["JournalEntryLineDetail"]
    ]
    return ", ".join(named)


def _debits(row: Json) -> Decimal:
    """What a journal entry comes to: QuickBooks states no total for it."""
    lines = (line for line in row.get("Line", []) if "JournalEntryLineDetail" in line)
    debits = (_amount(x["Amount"]) for x in lines if x["JournalEntryLineDetail"]["PostingType"] == "Debit")
    return sum(debits, Decimal(0))


def _settled_entries(payments: list[Json]) -> dict[str, Decimal]:
    """What payments took from journal entries, which show no balance of their own."""
    taken: dict[str, Decimal] = {}
    for line in (line for payment in payments for line in payment.get("Line", [])):
        for link in line.get("LinkedTxn", []):
            if link["TxnType"] == "JournalEntry":
                taken[link["TxnId"]] = taken.get(link["TxnId"], Decimal(0)) + _amount(line["Amount"])
    return taken


def _amount(value: object) -> Decimal:
    return Decimal(str(value)).quantize(_CENT)
