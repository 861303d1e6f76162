"""The sales forms: lines, totals, tax, defaults and their journal. An Estimate is one without a journal."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from intuit_sandbox import currencies, faults, taxes
from intuit_sandbox.accounts import money_account
from intuit_sandbox.books import Books, Draft, Entry, Row
from intuit_sandbox.line_ids import LineIds
from intuit_sandbox.money import amount, minor, percent_of

Json = dict[str, Any]
MONEY_BACK = frozenset({"RefundReceipt", "CreditMemo"})
MOST_LINES, MOST_TAXED_LINES = 10_000, 750
SHIPPING_ITEM = "SHIPPING_ITEM_ID"


@dataclass(slots=True)
class SaleLine:
    """One item line on its way: what will be shown, its cents, the account it posts to and its tax code."""

    shown: Json
    cents: int
    account: str
    code: str | None
    cost: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class Sale:
    """The arithmetic of a whole document, in cents."""

    lines: list[Json]
    items: list[SaleLine]
    subtotal: int
    discount: int
    discount_account: str
    tax: taxes.Tax

    @property
    def total(self) -> int:
        return self.subtotal - self.discount + self.tax.total


def draw_up(books: Books, kind: str, given: Json, former: Row | None, *, keep_tax: bool = False) -> Draft:
    """The document for what the caller gave, references already resolved; `keep_tax` leaves its tax as stored."""
    if kind in MONEY_BACK and not books.profile.negative_refund_lines:
        _refuse_negative(given["Line"])
    kept = taxes.kept(books, former.body["TxnTaxDetail"]) if keep_tax and former else None
    sale = _reckon(books, given, former, kept)
    if sale.total < 0:
        raise faults.business("Transaction amount must be 0 or greater.")
    body = {**given, **_headers(books, kind, given), "Line": sale.lines, "TxnTaxDetail": sale.tax.detail}
    body["TotalAmt"] = amount(sale.total)
    if kind == "Estimate":
        body.setdefault("TxnStatus", "Pending")
        return Draft(body | currencies.home_figures(books, body))
    body["Balance"] = _balance(kind, sale.total, former)
    if kind == "CreditMemo":
        body["RemainingCredit"] = body["Balance"]
    body |= currencies.home_figures(books, body)
    return _posted(books, kind, body, sale)


def _refuse_negative(lines: list[Json]) -> None:
    for line in lines:
        if "Amount" in line and line["Amount"] < 0:
            raise faults.negative_amount(line["Amount"])


def _balance(kind: str, total: int, former: Row | None) -> Any:
    if kind not in ("Invoice", "CreditMemo"):
        return amount(0)
    applied = minor(former.body["TotalAmt"]) - minor(former.body["Balance"]) if former else 0
    if applied > total:
        raise faults.business("The amount can't be less than what has already been applied to this transaction.")
    return amount(total - applied)


def _reckon(books: Books, given: Json, former: Row | None, kept: taxes.Tax | None) -> Sale:
    numbering = LineIds(former)
    items: list[SaleLine] = []
    shown: list[Json] = []
    discount_line: Json | None = None
    for raw in given["Line"]:
        match raw.get("DetailType"):
            case "SalesItemLineDetail" if item := _item_line(books, given, raw):
                items.append(item)
                shown.append(item.shown)
            case "SalesItemLineDetail" | "DescriptionOnly":
                shown.append(
                    {
                        "Description": raw.get("Description", ""),
                        "DetailType": "DescriptionOnly",
                        "DescriptionLineDetail": {},
                        **({"Id": raw["Id"]} if "Id" in raw else {}),
                    }
                )
            case "DiscountLineDetail" if books.profile.allow_discount:
                discount_line = raw
            case None:
                raise faults.missing("Line.DetailType")
            case _:
                pass
    numbering.assign(shown)
    return _summed(books, given, items, shown, discount_line, kept)


def _summed(
    books: Books,
    given: Json,
    items: list[SaleLine],
    shown: list[Json],
    discount_line: Json | None,
    kept: taxes.Tax | None,
) -> Sale:
    subtotal = sum(item.cents for item in items)
    discount = _discount(discount_line, subtotal) if discount_line else 0
    if kept is not None:
        tax = kept
    elif books.profile.tax_world == "global":
        tax = _outside_us(books, given, items)
        subtotal = sum(item.cents for item in items)
    else:
        base = sum(item.cents for item in items if item.code == "TAX")
        if discount and subtotal and given.get("ApplyTaxAfterDiscount"):
            base -= minor(amount(discount) * base / subtotal)
        tax = taxes.us_tax(books, given.get("TxnTaxDetail"), base)
    if len(shown) > (MOST_TAXED_LINES if tax.entries else MOST_LINES):
        raise faults.business("The transaction has too many lines.", "Line")
    lines = [*shown, {"Amount": amount(subtotal), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}]
    account = books.profile.discount_account
    if discount_line:
        account = discount_line.get("DiscountLineDetail", {}).get("DiscountAccountRef", {}).get("value") or account
        lines.append(_shown_discount(books, discount_line, discount, account))
    return Sale(lines, items, subtotal, discount, account, tax)


def _item_line(books: Books, given: Json, raw: Json) -> SaleLine | None:
    """A line that posts; None for one without an item, which QuickBooks keeps as text only."""
    detail = raw.get("SalesItemLineDetail") or {}
    item_id = detail.get("ItemRef", {}).get("value")
    if item_id is None:
        return None
    cents = _line_amount(raw, detail)
    item, account, label = _target(books, item_id)
    code = _line_code(books, given, detail, item)
    shown_detail = {**detail, "ItemRef": label, "ItemAccountRef": books.named("Account", account)}
    if code is not None:
        shown_detail["TaxCodeRef"] = {"value": code}
    if (label_of_class := shown_detail.pop("ClassRef", None)) and books.profile.class_per_line:
        shown_detail["ClassRef"] = books.named("Class", books.referred("Class", label_of_class["value"], "ClassRef").id)
    shown = {**raw, "Amount": amount(cents), "SalesItemLineDetail": shown_detail}
    return SaleLine(shown, cents, account, code, _cost(books, given, item, detail))


def _line_amount(raw: Json, detail: Json) -> int:
    quantity, price = detail.get("Qty"), detail.get("UnitPrice")
    product = minor(quantity * price) if quantity is not None and price is not None else None
    if "Amount" not in raw:
        if product is None:
            raise faults.missing("Line.Amount")
        return product
    cents = minor(raw["Amount"])
    if product is not None and cents != product:
        raise faults.wrong_product(raw["Amount"])
    return cents


def _target(books: Books, item_id: str) -> tuple[Row | None, str, Json]:
    if item_id == SHIPPING_ITEM and books.profile.allow_shipping:
        return None, books.profile.shipping_account, {"value": SHIPPING_ITEM}
    item = books.referred("Item", item_id, "ItemRef")
    account = item.body.get("IncomeAccountRef", {}).get("value")
    if account is None:
        raise faults.detail_required("The item has no income account.")
    return item, account, books.named("Item", item_id)


def _line_code(books: Books, given: Json, detail: Json, item: Row | None) -> str | None:
    code = detail.get("TaxCodeRef", {}).get("value")
    if books.profile.tax_world != "global":
        return taxes.us_line_code(code, item)
    if given.get("GlobalTaxCalculation") == "NotApplicable":
        return None
    return None if code is None else str(code)


def _cost(books: Books, given: Json, item: Row | None, detail: Json) -> list[Entry]:
    """Cost of goods of a tracked item: out of the asset, into cost, at its purchase cost."""
    if item is None or item.body["Type"] != "Inventory":
        return []
    if given["TxnDate"] < item.body["InvStartDate"]:
        raise faults.dated_before_stock()
    cents = minor(detail.get("Qty", 1) * item.body.get("PurchaseCost", 0))
    expense = item.body.get("ExpenseAccountRef", {}).get("value", books.profile.cost_account)
    return [(expense, cents), (item.body["AssetAccountRef"]["value"], -cents)]


def _discount(line: Json, subtotal: int) -> int:
    detail = line.get("DiscountLineDetail") or {}
    if detail.get("PercentBased") and "DiscountPercent" in detail:
        cents = percent_of(subtotal, detail["DiscountPercent"])
    elif "Amount" in line:
        cents = minor(line["Amount"])
    else:
        raise faults.incomplete_discount()
    if cents > subtotal:
        raise faults.business("The discount amount can't be greater than the subtotal.")
    return cents


def _shown_discount(books: Books, line: Json, cents: int, account: str) -> Json:
    books.referred("Account", account, "DiscountAccountRef")
    detail = {
        "PercentBased": False,
        **line.get("DiscountLineDetail", {}),
        "DiscountAccountRef": books.named("Account", account),
    }
    shown = {"Amount": amount(cents), "DetailType": "DiscountLineDetail", "DiscountLineDetail": detail}
    return {**shown, "Description": line["Description"]} if "Description" in line else shown


def _outside_us(books: Books, given: Json, items: list[SaleLine]) -> taxes.Tax:
    mode = given.get("GlobalTaxCalculation", "TaxExcluded")
    inclusive = mode == "TaxInclusive"
    lines = []
    for item in items:
        gross = item.shown["SalesItemLineDetail"].get("TaxInclusiveAmt")
        lines.append(taxes.GlobalLine(minor(gross) if inclusive and gross is not None else item.cents, item.code))
    tax = taxes.global_tax(books, mode, given.get("TxnTaxDetail"), lines)
    if inclusive:
        for item, line in zip(items, lines, strict=True):
            item.cents = line.cents
            item.shown["Amount"] = amount(line.cents)
            detail = item.shown["SalesItemLineDetail"]
            detail["TaxInclusiveAmt"] = amount(line.gross)
            if quantity := detail.get("Qty"):
                detail["UnitPrice"] = round(amount(line.cents) / quantity, 7)
    return tax


def _headers(books: Books, kind: str, given: Json) -> Json:
    """What QuickBooks fills in by itself."""
    profile = books.profile
    heads: Json = {
        "PrintStatus": given.get("PrintStatus", "NeedToPrint"),
        "EmailStatus": given.get("EmailStatus", "NotSet"),
        "ApplyTaxAfterDiscount": given.get("ApplyTaxAfterDiscount", False),
        "LinkedTxn": given.get("LinkedTxn", []),
        "CustomField": given.get("CustomField", []),
    }
    if profile.tax_world == "global":
        heads["GlobalTaxCalculation"] = given.get("GlobalTaxCalculation", "TaxExcluded")
    if "CustomerRef" in given:
        customer = books.rows["Customer"][given["CustomerRef"]["value"]].body
        for own, source in (("BillAddr", "BillAddr"), ("ShipAddr", "ShipAddr"), ("BillEmail", "PrimaryEmailAddr")):
            if own not in given and source in customer:
                heads[own] = customer[source]
        if kind == "Invoice" and "SalesTermRef" not in given:
            term = customer.get("SalesTermRef", {}).get("value") or profile.default_term
            if term in books.rows["Term"]:
                heads["SalesTermRef"] = books.named("Term", term)
    if heads["EmailStatus"] == "NeedToSend" and not (given.get("BillEmail") or heads.get("BillEmail")):
        raise faults.email_required()
    if kind == "Invoice":
        heads["DueDate"] = given.get("DueDate") or _due(books, given, heads)
    if kind in ("SalesReceipt", "RefundReceipt"):
        heads["DepositToAccountRef"] = money_account(books, given)
    if kind == "RefundReceipt" and heads["PrintStatus"] == "PrintComplete" and "PaymentRefNum" not in given:
        _refuse_unnumbered_cheque(books, heads["DepositToAccountRef"]["value"])
    return heads


def _refuse_unnumbered_cheque(books: Books, account: str) -> None:
    if books.rows["Account"][account].body["AccountType"] == "Bank":
        raise faults.missing("PaymentRefNum")


def _due(books: Books, given: Json, heads: Json) -> str:
    term = (given.get("SalesTermRef") or heads.get("SalesTermRef") or {}).get("value")
    row = books.rows["Term"].get(term or "")
    days = int(row.body.get("DueDays", 0)) if row else 0
    return (date.fromisoformat(given["TxnDate"]) + timedelta(days=days)).isoformat()


def _posted(books: Books, kind: str, body: Json, sale: Sale) -> Draft:
    """Debits and credits of a sale; those of money back are the same with the signs turned."""
    held = body["DepositToAccountRef"]["value"] if "Receipt" in kind else currencies.receivable(books, body)
    sign = -1 if kind in MONEY_BACK else 1
    own: list[Entry] = [(held, sign * sale.total)]
    own += ((item.account, -sign * item.cents) for item in sale.items)
    own += ((account, -sign * cents) for account, cents in sale.tax.entries)
    if sale.discount:
        own.append((sale.discount_account, sign * sale.discount))
    cost = [(account, sign * cents) for item in sale.items for account, cents in item.cost]
    home, foreign = currencies.booked(books, body, _merged(own, held))
    return Draft(body, _merged([*home, *cost]) if cost else home, foreign)


def _merged(entries: list[Entry], kept: str = "") -> tuple[Entry, ...]:
    """One entry an account, in the order of first mention, without those of zero but for the one kept."""
    sums: defaultdict[str, int] = defaultdict(int)
    for account, cents in entries:
        sums[account] += cents
    return tuple((account, cents) for account, cents in sums.items() if cents or account == kept)
