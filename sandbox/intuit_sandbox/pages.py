"""The pages a person looks at: the companies and what is in their books."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

from intuit_sandbox import ledger
from intuit_sandbox.books import Books, Row

TABS = {
    "salesreceipts": "SalesReceipt",
    "refundreceipts": "RefundReceipt",
    "invoices": "Invoice",
    "payments": "Payment",
    "creditmemos": "CreditMemo",
    "estimates": "Estimate",
    "deposits": "Deposit",
    "transfers": "Transfer",
    "purchases": "Purchase",
    "journalentries": "JournalEntry",
    "customers": "Customer",
    "items": "Item",
}
TITLES = {
    "SalesReceipt": "Sales receipts",
    "RefundReceipt": "Refund receipts",
    "CreditMemo": "Credit memos",
    "JournalEntry": "Journal entries",
}
MOST = 500


class Pages:
    """Plain HTML over the books; ?q= searches."""

    def __init__(self, companies: dict[str, Books], templates: Jinja2Templates) -> None:
        self._companies, self._templates = companies, templates

    async def home(self, request: Request) -> Response:
        shown = [
            (books.profile, {kind: len(list(books.of_kind(kind))) for kind in TABS.values()})
            for books in self._companies.values()
        ]
        return self._templates.TemplateResponse(request, "home.html", {"companies": shown})

    async def company(self, request: Request) -> Response:
        books = self._companies.get(request.path_params["realm"])
        tab = request.path_params.get("tab", "salesreceipts")
        if books is None or (tab not in TABS and tab != "trial-balance"):
            return self._templates.TemplateResponse(request, "refused.html", {"why": "There is no such company."}, 404)
        wanted = request.query_params.get("q", "").strip()
        context: dict[str, Any] = {"profile": books.profile, "tab": tab, "tabs": TABS, "titles": TITLES, "q": wanted}
        if tab == "trial-balance":
            context["balance"] = ledger.trial_balance(books)
        else:
            context["rows"] = self._found(books, TABS[tab], wanted.casefold())
        return self._templates.TemplateResponse(request, "company.html", context)

    async def document(self, request: Request) -> Response:
        books = self._companies.get(request.path_params["realm"])
        kind = TABS.get(request.path_params["tab"], "")
        row = books.rows[kind].get(request.path_params["id"]) if books and kind else None
        if books is None or row is None or row.deleted:
            return self._templates.TemplateResponse(request, "refused.html", {"why": "There is no such document."}, 404)
        entries = ledger.journal(books, row.id) if row.journal else []
        context = {
            "profile": books.profile,
            "kind": kind,
            "tab": request.path_params["tab"],
            "tabs": TABS,
            "body": books.shown(row),
            "entries": entries,
            "q": "",
        }
        return self._templates.TemplateResponse(request, "document.html", context)

    @staticmethod
    def _found(books: Books, kind: str, wanted: str) -> list[dict[str, Any]]:
        newest: list[Row] = list(books.of_kind(kind))[::-1]
        found = []
        for row in newest:
            body = books.shown(row)
            if wanted and wanted not in _searched(body):
                continue
            found.append({**body, "about": _named(body)})
            if len(found) == MOST:
                break
        return found


def _searched(body: dict[str, Any]) -> str:
    names = ("DocNumber", "DisplayName", "Name", "Sku", "TxnDate", "TotalAmt", "Amount", "PrivateNote", "Id")
    texts = [str(body.get(name, "")) for name in names]
    texts.append(_named(body))
    texts.append(body.get("PrimaryEmailAddr", {}).get("Address", ""))
    return " ".join(texts).casefold()


def _named(body: dict[str, Any]) -> str:
    """Whom or which account a document is about, for the kinds that have no customer."""
    for name in ("CustomerRef", "EntityRef", "DepositToAccountRef", "ToAccountRef", "AccountRef"):
        if name in body:
            return str(body[name].get("name", ""))
    return ""
