"""What the accounting service promises about deposits, transfers, purchases and journal entries."""

from __future__ import annotations

from typing import Any

import pytest

from intuit_sandbox.harness import US, Company, moved, sale, token_of

CHECKING, SAVINGS, UNDEPOSITED, FEES, INCOME = "35", "36", "4", "8", "79"


def linked(money: Any, row: dict[str, Any], kind: str = "SalesReceipt", **members: Any) -> dict[str, Any]:
    return {"Amount": money, "LinkedTxn": [{"TxnId": row["Id"], "TxnType": kind, "TxnLineId": "0"}], **members}


def direct(money: Any, account: str = FEES, **detail: Any) -> dict[str, Any]:
    shown = {"AccountRef": {"value": account}, **detail}
    return {"Amount": money, "DetailType": "DepositLineDetail", "DepositLineDetail": shown}


def deposit(*lines: dict[str, Any], into: str = CHECKING, **members: Any) -> dict[str, Any]:
    return {"TxnDate": "2026-03-04", "DepositToAccountRef": {"value": into}, "Line": list(lines), **members}


def spent(*lines: tuple[str, Any], **members: Any) -> dict[str, Any]:
    shown = [
        {
            "Amount": money,
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": {"AccountRef": {"value": account}},
        }
        for account, money in lines
    ]
    head = {"TxnDate": "2026-03-04", "PaymentType": "Cash", "AccountRef": {"value": CHECKING}}
    return {**head, "Line": shown, **members}


def posted(way: str, account: str, money: Any, **detail: Any) -> dict[str, Any]:
    shown = {"PostingType": way, "AccountRef": {"value": account}, **detail}
    return {"Amount": money, "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": shown}


def entry(*lines: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"TxnDate": "2026-03-01", "Line": list(lines), **members}


def named(kind: str, number: str) -> dict[str, Any]:
    return {"Entity": {"Type": kind, "EntityRef": {"value": number}}}


def test_a_deposit_moves_receipts_refunds_and_payments_to_the_bank_and_locks_them(us: Company) -> None:
    receipt = us.post("salesreceipt", sale(("1", 20)))
    refund = us.post("refundreceipt", sale(("1", 5), DepositToAccountRef={"value": UNDEPOSITED}))
    payment = us.post("payment", {"CustomerRef": {"value": "1"}, "TotalAmt": 7})
    lines = [linked(20, receipt), linked(-5, refund, "RefundReceipt"), linked(7, payment, "Payment"), direct(1, "25")]
    made: dict[str, Any] = {}
    assert moved(us, lambda: made.update(us.post("deposit", deposit(*lines)))) == {"35": 2300, "4": -2200, "25": -100}
    assert made["TotalAmt"] == 23
    assert made["Line"][0] == {**linked(20, receipt), "Amount": 20}
    assert (made["Line"][3]["Id"], made["Line"][3]["DepositLineDetail"]["AccountRef"]["name"]) == (
        "1",
        "Interest Earned",
    )
    locked = us.get(f"salesreceipt/{receipt['Id']}")["SalesReceipt"]
    assert locked["LinkedTxn"] == [{"TxnId": made["Id"], "TxnType": "Deposit"}]
    assert us.refused("salesreceipt", {**token_of(locked), "sparse": True})[0] == "6540"
    assert us.refused("salesreceipt", token_of(locked), operation="delete")[0] == "6540"
    held = us.get(f"payment/{payment['Id']}")["Payment"]
    assert us.refused("payment", {**token_of(held), "sparse": True}, operation="update", include="void")[0] == "6540"
    assert us.refused("deposit", deposit(linked(20, receipt)))[0] == "620"


def test_a_deposit_that_changes_or_goes_lets_its_transactions_free(us: Company) -> None:
    one, two = (us.post("salesreceipt", sale(("1", 20))) for _ in range(2))
    made = us.post("deposit", deposit(linked(20, one), linked(20, two)))
    changed = us.post("deposit", {**token_of(made), **deposit(linked(20, one))})
    us.post("salesreceipt", {"Id": two["Id"], "SyncToken": "2", "sparse": True, "PrivateNote": "free again"})
    kept = us.post("deposit", {**token_of(changed), "sparse": True, "PrivateNote": "same lines"})
    assert moved(us, lambda: us.post("deposit", token_of(kept), operation="delete")) == {"35": -2000, "4": 2000}
    us.post("salesreceipt", {"Id": one["Id"], "SyncToken": "2"}, operation="delete")


def test_an_invoice_whose_payment_is_deposited_cannot_go(us: Company) -> None:
    due = us.post("invoice", sale(("1", 20), CustomerRef={"value": "1"}))
    link = {"Amount": 20, "LinkedTxn": [{"TxnId": due["Id"], "TxnType": "Invoice"}]}
    payment = us.post("payment", {"CustomerRef": {"value": "1"}, "TotalAmt": 20, "Line": [link]})
    us.post("deposit", deposit(linked(20, payment, "Payment")))
    assert us.refused("invoice", {"Id": due["Id"], "SyncToken": "1"}, operation="void")[0] == "6540"


def test_journal_entries_and_transfers_in_undeposited_funds_are_deposited_too(us: Company) -> None:
    own = us.post("journalentry", entry(posted("Debit", UNDEPOSITED, 6), posted("Credit", INCOME, 6)))
    put = {"FromAccountRef": {"value": SAVINGS}, "ToAccountRef": {"value": UNDEPOSITED}, "Amount": 3}
    transfer = us.post("transfer", put)
    both = deposit(linked(6, own, "JournalEntry"), linked(3, transfer, "Transfer"))
    assert moved(us, lambda: us.post("deposit", both)) == {"35": 900, "4": -900}


def test_cash_back_leaves_less_for_the_bank(us: Company) -> None:
    receipt = us.post("salesreceipt", sale(("1", 20)))
    back = {"AccountRef": {"value": SAVINGS}, "Amount": 5, "Memo": "till"}
    made: dict[str, Any] = {}
    paid_in = deposit(linked(20, receipt), CashBack=back)
    assert moved(us, lambda: made.update(us.post("deposit", paid_in))) == {"35": 1500, "36": 500, "4": -2000}
    assert made["TotalAmt"] == 15


def test_negative_direct_lines_depend_on_the_company(us: Company) -> None:
    receipt = us.post("salesreceipt", sale(("1", 20)))
    net = deposit(linked(20, receipt), direct("-2.10"))
    assert us.refused("deposit", net)[0] == "2290"
    us.stand_in.profile(US, negative_deposit_lines=True)
    assert us.refused("deposit", deposit(direct(-1)))[0] == "6000"
    assert moved(us, lambda: us.post("deposit", net)) == {"35": 1790, "8": 210, "4": -2000}


DEPOSITS: list[tuple[str, str, Any]] = [
    ("620", "a receipt that went to the bank by itself", lambda row: deposit(linked(9, row["banked"]))),
    ("620", "an invoice", lambda row: deposit(linked(9, row["receipt"], "Invoice"))),
    ("620", "the same receipt twice", lambda row: deposit(linked(9, row["receipt"]), linked(9, row["receipt"]))),
    ("610", "an unknown receipt", lambda row: deposit(linked(9, {"Id": "999999"}))),
    ("6000", "a part of it", lambda row: deposit(linked(8, row["receipt"]))),
    (
        "2020",
        "a detail beside the link",
        lambda row: deposit(linked(9, row["receipt"], DetailType="DepositLineDetail")),
    ),
    ("2600", "an account beside the link", lambda row: deposit({**direct(9), **linked(9, row["receipt"])})),
    (
        "2020",
        "no line number of the linked",
        lambda row: deposit({"Amount": 9, "LinkedTxn": [{"TxnId": row["receipt"]["Id"], "TxnType": "SalesReceipt"}]}),
    ),
    ("2020", "no account", lambda row: deposit({"Amount": 9, "DetailType": "DepositLineDetail"})),
    ("6000", "Undeposited Funds by name", lambda row: deposit(direct(9, UNDEPOSITED))),
    ("6000", "into Undeposited Funds", lambda row: deposit(direct(9), into=UNDEPOSITED)),
    ("6430", "into an income account", lambda row: deposit(direct(9), into=INCOME)),
    ("6430", "from a liability", lambda row: deposit(direct(9, "43"))),
    ("6430", "from another bank account", lambda row: deposit(direct(9, SAVINGS))),
    ("2500", "from no account", lambda row: deposit(direct(9, "9999"))),
    ("2500", "from nobody", lambda row: deposit(direct(9, Entity={"value": "999", "type": "VENDOR"}))),
    ("2170", "from somebody unheard of", lambda row: deposit(direct(9, Entity={"value": "33", "type": "PIRATE"}))),
    ("2020", "without lines", lambda row: deposit()),
    ("2010", "an unknown property", lambda row: deposit(direct(9, Acount="8"))),
]


@pytest.mark.parametrize(("code", "why", "payload"), DEPOSITS, ids=[why for _, why, _ in DEPOSITS])
def test_a_wrong_deposit_is_refused(us: Company, code: str, why: str, payload: Any) -> None:
    rows = {
        "receipt": us.post("salesreceipt", sale(("1", 9))),
        "banked": us.post("salesreceipt", sale(("1", 9), DepositToAccountRef={"value": CHECKING})),
    }
    assert moved(us, lambda: us.refused("deposit", payload(rows))) == {}
    assert us.refused("deposit", payload(rows))[0] == code


def test_a_direct_line_shows_who_it_came_from(us: Company) -> None:
    made = us.post("deposit", deposit(direct(9, Entity={"value": "33", "type": "VENDOR"})))
    shown = made["Line"][0]["DepositLineDetail"]["Entity"]
    assert shown == {"value": "33", "name": "Chin's Gas and Oil", "type": "VENDOR"}


def test_a_transfer_moves_money_between_assets(us: Company) -> None:
    between = {"FromAccountRef": {"value": CHECKING}, "ToAccountRef": {"value": SAVINGS}, "Amount": "59.90"}
    made: dict[str, Any] = {}
    assert moved(us, lambda: made.update(us.post("transfer", {**between, "DocNumber": "dropped"}))) == {
        "35": -5990,
        "36": 5990,
    }
    assert "DocNumber" not in made
    changed = {**token_of(made), "sparse": True, "Amount": 60}
    assert moved(us, lambda: us.post("transfer", changed)) == {"35": -10, "36": 10}
    assert us.refused("transfer", {**between, "Amount": -1})[0] == "2290"
    assert us.refused("transfer", {**between, "Amount": 0})[0] == "6000"
    assert us.refused("transfer", {**between, "ToAccountRef": {"value": CHECKING}})[0] == "6000"
    assert us.refused("transfer", {**between, "ToAccountRef": {"value": FEES}})[0] == "6430"
    assert us.refused("transfer", {**between, "ToAccountRef": {"value": "84"}})[0] == "6430"
    assert us.refused("transfer", {"FromAccountRef": {"value": CHECKING}, "Amount": 1})[0] == "2020"


def test_a_purchase_books_fees_out_of_a_bank_account(us: Company) -> None:
    made: dict[str, Any] = {}
    fees = spent((FEES, "2.10"), ("9", 1), EntityRef={"value": "33", "type": "Vendor"})
    assert moved(us, lambda: made.update(us.post("purchase", fees))) == {"35": -310, "8": 210, "9": 100}
    assert str(made["TotalAmt"]) == "3.10"
    assert made["EntityRef"] == {"value": "33", "name": "Chin's Gas and Oil", "type": "Vendor"}
    shown = made["Line"][0]["AccountBasedExpenseLineDetail"]
    assert (shown["BillableStatus"], shown["TaxCodeRef"]) == ("NotBillable", {"value": "NON"})
    assert moved(us, lambda: us.post("purchase", token_of(made), operation="delete"))["35"] == 310


def test_a_card_is_charged_and_credited(us: Company) -> None:
    card = {"PaymentType": "CreditCard", "AccountRef": {"value": "41"}}
    assert moved(us, lambda: us.post("purchase", spent((FEES, 5), **card))) == {"41": -500, "8": 500}
    assert moved(us, lambda: us.post("purchase", spent((FEES, 5), Credit=True, **card))) == {"41": 500, "8": -500}


PURCHASES: list[tuple[str, str, dict[str, Any]]] = [
    ("6430", "cash from a card", spent((FEES, 1), AccountRef={"value": "41"})),
    ("6430", "a card from the bank", spent((FEES, 1), PaymentType="CreditCard")),
    ("6430", "cash from Undeposited Funds", spent((FEES, 1), AccountRef={"value": UNDEPOSITED})),
    ("6000", "a credit in cash", spent((FEES, 1), Credit=True)),
    ("6000", "nothing spent", spent((FEES, 0))),
    ("2290", "a negative line", spent((FEES, -1))),
    ("2170", "an unknown way to pay", spent((FEES, 1), PaymentType="Barter")),
    ("2020", "no way to pay", {"AccountRef": {"value": CHECKING}, "Line": spent((FEES, 1))["Line"]}),
    ("2020", "no lines", spent()),
    ("2250", "only words", spent(Line=[{"DetailType": "DescriptionOnly", "Description": "x"}])),
    ("6440", "a line without an account", spent(Line=[{"Amount": 1, "DetailType": "AccountBasedExpenseLineDetail"}])),
    ("6000", "receivables without a customer", spent(("84", 1))),
    ("6000", "receivables for a vendor", spent(("84", 1), EntityRef={"value": "33", "type": "Vendor"})),
    ("6000", "payables for a customer", spent(("33", 1), EntityRef={"value": "1", "type": "Customer"})),
    ("2500", "for nobody", spent((FEES, 1), EntityRef={"value": "999"})),
    ("2220", "another currency", spent((FEES, 1), CurrencyRef={"value": "EUR"})),
]


@pytest.mark.parametrize(("code", "why", "payload"), PURCHASES, ids=[why for _, why, _ in PURCHASES])
def test_a_wrong_purchase_is_refused(us: Company, code: str, why: str, payload: dict[str, Any]) -> None:
    assert us.refused("purchase", payload)[0] == code


def test_the_numbers_of_cheques_clash_but_not_those_of_expenses(us: Company) -> None:
    us.post("purchase", spent((FEES, 1), DocNumber="77"))
    us.post("purchase", spent((FEES, 1), DocNumber="77"))
    us.post("purchase", spent((FEES, 1), DocNumber="77", PaymentType="Check"))
    assert us.refused("purchase", spent((FEES, 1), DocNumber="77", PaymentType="Check"))[0] == "6140"


def test_vat_on_a_purchase_is_that_of_the_codes_purchase_rate(british: Company) -> None:
    def fee(code: str | None, **members: Any) -> dict[str, Any]:
        made = spent((FEES, 10), **members)
        if code:
            made["Line"][0]["AccountBasedExpenseLineDetail"]["TaxCodeRef"] = {"value": code}
        return made

    assert moved(british, lambda: british.post("purchase", fee("6"))) == {"35": -1200, "8": 1000, "90": 200}
    gross = fee("6", GlobalTaxCalculation="TaxInclusive")
    assert moved(british, lambda: british.post("purchase", gross)) == {"35": -1000, "8": 833, "90": 167}
    none = fee(None, GlobalTaxCalculation="NotApplicable")
    assert moved(british, lambda: british.post("purchase", none)) == {"35": -1000, "8": 1000}
    assert british.refused("purchase", fee(None))[0] == "6000"
    assert british.refused("purchase", fee("6", GlobalTaxCalculation="NotApplicable"))[0] == "6170"


def test_a_journal_entry_posts_both_sides_and_shows_a_total_of_zero(us: Company) -> None:
    made: dict[str, Any] = {}
    summary = entry(
        posted("Debit", CHECKING, 62),
        posted("Credit", INCOME, 58),
        posted("Credit", "43", 4),
        {"DetailType": "DescriptionOnly", "Description": "12 orders"},
        DocNumber="SUM-1",
    )
    assert moved(us, lambda: made.update(us.post("journalentry", summary))) == {"35": 6200, "79": -5800, "43": -400}
    assert (made["TotalAmt"], made["Adjustment"], made["TxnTaxDetail"]) == (0, False, {})
    assert [(line["Id"], line["LineNum"]) for line in made["Line"]] == [("0", 1), ("1", 2), ("2", 3), ("3", 4)]
    assert us.refused("journalentry", summary)[0] == "6140"
    us.stand_in.profile(US, warn_duplicate_journal_numbers=False)
    us.post("journalentry", summary)
    assert us.refused("journalentry", token_of(made), operation="void")[0] == "500"


def test_journal_entries_are_numbered_only_if_asked(us: Company) -> None:
    plain = entry(posted("Debit", CHECKING, 1), posted("Credit", INCOME, 1))
    assert "DocNumber" not in us.post("journalentry", plain)
    first, second = (us.post("journalentry", plain, include="allowautodocnum")["DocNumber"] for _ in range(2))
    assert int(second) == int(first) + 1


ENTRIES: list[tuple[str, str, dict[str, Any]]] = [
    ("2300", "unequal sides", entry(posted("Debit", CHECKING, 2), posted("Credit", INCOME, 1))),
    ("2300", "one side", entry(posted("Debit", CHECKING, 2))),
    ("2290", "a negative amount", entry(posted("Debit", CHECKING, -2), posted("Credit", INCOME, -2))),
    ("6000", "no amount", entry(posted("Debit", CHECKING, 0), posted("Credit", INCOME, 0))),
    ("2250", "only words", entry({"DetailType": "DescriptionOnly", "Description": "x"})),
    ("2020", "no lines", entry()),
    ("2170", "an unknown side", entry(posted("Up", CHECKING, 1), posted("Credit", INCOME, 1))),
    (
        "2260",
        "no side",
        entry({"Amount": 1, "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": {}}),
    ),
    (
        "6440",
        "no account",
        entry(
            {"Amount": 1, "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": {"PostingType": "Debit"}}
        ),
    ),
    ("2500", "an unknown account", entry(posted("Debit", "9999", 1), posted("Credit", INCOME, 1))),
    ("6000", "receivables without a customer", entry(posted("Debit", "84", 1), posted("Credit", INCOME, 1))),
    (
        "6000",
        "receivables for a vendor",
        entry(posted("Debit", "84", 1, **named("Vendor", "33")), posted("Credit", INCOME, 1)),
    ),
    ("6000", "payables without a vendor", entry(posted("Debit", INCOME, 1), posted("Credit", "33", 1))),
    (
        "6000",
        "two lines on receivables",
        entry(
            posted("Debit", "84", 1, **named("Customer", "1")),
            posted("Debit", "84", 1, **named("Customer", "2")),
            posted("Credit", INCOME, 2),
        ),
    ),
    ("2050", "too long a number", entry(posted("Debit", CHECKING, 1), posted("Credit", INCOME, 1), DocNumber="x" * 22)),
    ("5030", "a tax code", entry(posted("Debit", CHECKING, 1, TaxCodeRef={"value": "TAX"}))),
]


@pytest.mark.parametrize(("code", "why", "payload"), ENTRIES, ids=[why for _, why, _ in ENTRIES])
def test_a_wrong_journal_entry_is_refused(us: Company, code: str, why: str, payload: dict[str, Any]) -> None:
    assert us.refused("journalentry", payload)[0] == code


def test_payables_take_a_vendor_and_receivables_count_for_the_customer(us: Company) -> None:
    owed = us.get("customer/6")["Customer"]["Balance"]
    us.post("journalentry", entry(posted("Debit", "84", 8, **named("Customer", "6")), posted("Credit", INCOME, 8)))
    assert us.get("customer/6")["Customer"]["Balance"] == owed + 8
    us.post("journalentry", entry(posted("Debit", FEES, 8), posted("Credit", "33", 8, **named("Vendor", "33"))))


def test_the_liability_of_automated_tax_takes_nothing_by_hand(automated: Company) -> None:
    by_hand = entry(posted("Debit", CHECKING, 1), posted("Credit", "90", 1))
    assert automated.refused("journalentry", by_hand)[0] == "6470"


def test_closed_books_refuse_every_kind(us: Company) -> None:
    made = us.post("transfer", {"FromAccountRef": {"value": "35"}, "ToAccountRef": {"value": "36"}, "Amount": 1})
    us.stand_in.profile(US, book_close_date="2099-12-31")
    assert us.refused("purchase", spent((FEES, 1)))[0] == "6200"
    assert us.refused("deposit", deposit(direct(1)))[0] == "6200"
    assert us.refused("transfer", token_of(made), operation="delete")[0] == "6200"
    us.stand_in.profile(US, book_close_password=True)
    assert us.refused("journalentry", entry(posted("Debit", CHECKING, 1), posted("Credit", INCOME, 1)))[0] == "6210"


def test_the_pages_list_every_kind(us: Company) -> None:
    us.post("transfer", {"FromAccountRef": {"value": "35"}, "ToAccountRef": {"value": "36"}, "Amount": "12.34"})
    made = us.post("journalentry", entry(posted("Debit", CHECKING, 1), posted("Credit", INCOME, 1)))
    company = f"{us.stand_in.url}/companies/{US}"
    for tab in ("estimates", "deposits", "transfers", "purchases", "journalentries"):
        assert us.stand_in.session.get(f"{company}/{tab}", timeout=10).status_code == 200
    assert "12.34" in us.stand_in.session.get(f"{company}/transfers?q=savings", timeout=10).text
    shown = us.stand_in.session.get(f"{company}/journalentries/{made['Id']}", timeout=10).text
    assert "Sales of Product Income" in shown
