"""What the accounting service promises about invoices, estimates, credits and the payments applied to them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from intuit_sandbox.harness import US, Company, moved, sale, token_of

CUSTOMER = {"CustomerRef": {"value": "4"}}
OTHER = {"CustomerRef": {"value": "5"}}


def line(money: Any, row: dict[str, Any], kind: str = "Invoice") -> dict[str, Any]:
    return {"Amount": money, "LinkedTxn": [{"TxnId": row["Id"], "TxnType": kind}]}


def paid(money: Any, *lines: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {**CUSTOMER, "TxnDate": "2026-03-02", "TotalAmt": money, "Line": list(lines), **members}


def invoice(company: Company, money: Any = 50, **members: Any) -> dict[str, Any]:
    made: dict[str, Any] = company.post("invoice", sale(("1", money), **{**CUSTOMER, **members}))
    return made


def read(company: Company, kind: str, row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = company.get(f"{kind.lower()}/{row['Id']}")[kind]
    return found


def journal(account: str, money: Any, posting: str = "Debit", customer: str = "4", other: str = "1") -> dict[str, Any]:
    def side(number: str, way: str, **entity: Any) -> dict[str, Any]:
        detail = {"PostingType": way, "AccountRef": {"value": number}, **entity}
        return {"Amount": money, "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}

    named = {"Entity": {"Type": "Customer", "EntityRef": {"value": customer}}}
    opposite = "Credit" if posting == "Debit" else "Debit"
    return {"TxnDate": "2026-03-01", "Line": [side(account, posting, **named), side(other, opposite)]}


def test_a_payment_without_lines_stays_unapplied(us: Company) -> None:
    assert moved(us, lambda: us.post("payment", paid(12))) == {"4": 1200, "84": -1200}
    made = us.post("payment", paid(12, DepositToAccountRef={"value": "35"}))
    assert (made["UnappliedAmt"], made["DepositToAccountRef"]["name"]) == (12, "Checking")


def test_a_payment_shows_what_was_open_on_each_line(us: Company) -> None:
    due = invoice(us)
    made = us.post("payment", paid(20, line(20, due)))
    (shown,) = made["Line"]
    assert shown["LineEx"]["any"][0]["value"] == {"Name": "txnOpenBalance", "Value": "50.00"}
    again = {**token_of(made), "sparse": True, "Line": [shown], "PrivateNote": "echoed"}
    assert us.post("payment", again)["Line"][0]["Amount"] == 20


PAYMENTS: list[tuple[str, str, Any]] = [
    ("6000", "more than the invoice is open for", lambda due: paid(60, line(51, due))),
    ("6000", "more than the payment", lambda due: paid(10, line(20, due))),
    ("6000", "twice the same invoice", lambda due: paid(80, line(40, due), line(40, due))),
    ("6000", "another customer's", lambda due: paid(50, line(50, due), **OTHER)),
    ("6000", "nothing at all", lambda due: {**CUSTOMER, "TotalAmt": 0}),
    ("6000", "below zero", lambda due: {**CUSTOMER, "TotalAmt": -1}),
    ("2290", "a negative line", lambda due: paid(50, line(-1, due))),
    ("620", "a type that is not paid", lambda due: paid(50, line(50, due, "SalesReceipt"))),
    ("620", "no link", lambda due: paid(50, {"Amount": 1})),
    ("610", "an unknown invoice", lambda due: paid(50, line(50, {"Id": "999999"}))),
    ("2020", "no amount", lambda due: paid(50, {"LinkedTxn": [{"TxnId": due["Id"], "TxnType": "Invoice"}]})),
    ("2020", "no customer", lambda due: {"TotalAmt": 5}),
    ("6430", "into an income account", lambda due: paid(5, DepositToAccountRef={"value": "79"})),
    ("6430", "against an income account", lambda due: paid(5, ARAccountRef={"value": "79"})),
    ("2500", "into no account", lambda due: paid(5, DepositToAccountRef={"value": "9999"})),
]


@pytest.mark.parametrize(("code", "why", "payload"), PAYMENTS, ids=[why for _, why, _ in PAYMENTS])
def test_a_wrong_payment_is_refused(us: Company, code: str, why: str, payload: Any) -> None:
    due = invoice(us)
    assert us.refused("payment", payload(due))[0] == code
    assert read(us, "Invoice", due) == due


def test_a_parent_pays_for_its_jobs_but_not_the_other_way(us: Company) -> None:
    job = invoice(us, CustomerRef={"value": "8"})
    us.post("payment", paid(50, line(50, job), CustomerRef={"value": "7"}))
    assert read(us, "Invoice", job)["Balance"] == 0
    above = invoice(us, CustomerRef={"value": "7"})
    assert us.refused("payment", paid(50, line(50, above), CustomerRef={"value": "8"}))[0] == "6000"


def test_a_payment_of_zero_applies_a_credit_to_an_invoice(us: Company) -> None:
    due, memo = invoice(us), us.post("creditmemo", sale(("1", 30), **CUSTOMER))
    assert memo["RemainingCredit"] == memo["Balance"] == 30
    both = paid(0, line(30, due), line(30, memo, "CreditMemo"))
    assert moved(us, lambda: us.post("payment", both)) == {}
    assert read(us, "Invoice", due)["Balance"] == 20
    assert read(us, "CreditMemo", memo)["RemainingCredit"] == 0
    assert us.refused("payment", paid(0, line(10, due)))[0] == "6000", "no credit stands against it"
    rest = us.post("creditmemo", sale(("1", 30), **CUSTOMER))
    assert us.refused("payment", paid(0, line(10, due), line(30, rest, "CreditMemo")))[0] == "6000"


def test_a_journal_entry_on_receivables_is_paid_like_an_invoice(us: Company) -> None:
    entry = us.post("journalentry", journal("84", 40))
    assert us.refused("payment", paid(41, line(41, entry, "JournalEntry")))[0] == "6000"
    first = us.post("payment", paid(25, line(25, entry, "JournalEntry")))
    assert us.refused("payment", paid(16, line(16, entry, "JournalEntry")))[0] == "6000"
    us.post("payment", paid(15, line(15, entry, "JournalEntry")))
    assert read(us, "JournalEntry", entry)["SyncToken"] == "2"
    us.post("payment", token_of(first), operation="delete")
    us.post("payment", paid(25, line(25, entry, "JournalEntry")))


def test_a_credit_by_journal_entry_pays_an_invoice(us: Company) -> None:
    due, credit = invoice(us), us.post("journalentry", journal("84", 10, "Credit"))
    us.post("payment", paid(0, line(10, due), line(10, credit, "JournalEntry")))
    assert read(us, "Invoice", due)["Balance"] == 40
    plain = us.post("journalentry", journal("35", 10))
    assert us.refused("payment", paid(10, line(10, plain, "JournalEntry")))[0] == "620"


def test_an_expense_on_receivables_takes_back_a_credit(us: Company) -> None:
    before = us.get("customer/4")["Customer"]["Balance"]
    detail = {"AccountRef": {"value": "84"}}
    spent = {
        "PaymentType": "Cash",
        "AccountRef": {"value": "35"},
        "EntityRef": {"value": "4", "type": "Customer"},
        "Line": [{"Amount": 9, "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": detail}],
    }
    memo, expense = us.post("creditmemo", sale(("1", 9), **CUSTOMER)), us.post("purchase", spent)
    assert us.refused("payment", paid(0, line(9, memo, "CreditMemo"), line(9, expense, "Check")))[0] == "620"
    us.post("payment", paid(0, line(9, memo, "CreditMemo"), line(9, expense, "Expense")))
    assert read(us, "CreditMemo", memo)["RemainingCredit"] == 0
    assert us.get("customer/4")["Customer"]["Balance"] == before


def test_an_update_of_a_payment_replaces_all_lines_or_none(us: Company) -> None:
    one, two = invoice(us), invoice(us)
    made = us.post("payment", paid(60, line(50, one), line(10, two)))
    kept = us.post("payment", {**token_of(made), "sparse": True, "PrivateNote": "kept"})
    assert [shown["Amount"] for shown in kept["Line"]] == [50, 10]
    assert read(us, "Invoice", one)["SyncToken"] == "1", "an untouched link is no change of the invoice"
    us.post("payment", {**token_of(kept), "sparse": True, "Line": [line(20, two)]})
    assert (read(us, "Invoice", one)["Balance"], read(us, "Invoice", two)["Balance"]) == (50, 30)
    newest = read(us, "Payment", made)
    bare = us.post("payment", {**token_of(newest), **CUSTOMER, "TotalAmt": 60})
    assert (bare["UnappliedAmt"], read(us, "Invoice", two)["Balance"]) == (60, 50)


@pytest.mark.parametrize("operation", [{"operation": "delete"}, {"operation": "update", "include": "void"}])
def test_a_payment_that_goes_reopens_what_it_paid(us: Company, operation: dict[str, str]) -> None:
    due = invoice(us)
    made = us.post("payment", paid(50, line(50, due)))
    assert read(us, "Invoice", due)["Balance"] == 0
    change = moved(us, lambda: us.post("payment", {**token_of(made), "sparse": True}, **operation))
    assert change == {"4": -5000, "84": 5000}
    after = read(us, "Invoice", due)
    assert (after["Balance"], after["LinkedTxn"], after["SyncToken"]) == (50, [], "2")


@pytest.mark.parametrize("operation", ["delete", "void"])
def test_an_invoice_that_goes_leaves_its_payment_unapplied(us: Company, operation: str) -> None:
    due = invoice(us, DocNumber=f"GOES-{operation}")
    made = us.post("payment", paid(50, line(50, due)))
    change = moved(us, lambda: us.post("invoice", token_of(read(us, "Invoice", due)), operation=operation))
    assert change == {"1": 5000, "84": -5000}
    after = read(us, "Payment", made)
    assert (after["UnappliedAmt"], after["Line"], after["SyncToken"]) == (50, [], "1")
    if operation == "void":
        voided = read(us, "Invoice", due)
        assert (voided["DocNumber"], voided["TotalAmt"], voided["Balance"]) == ("GOES-void", 0, 0)
        assert (voided["PrivateNote"], voided["LinkedTxn"]) == ("Voided", [])


def test_a_voided_payment_can_still_be_annotated_but_not_emptied_again(us: Company) -> None:
    made = us.post("payment", paid(50))
    voided = us.post("payment", {**token_of(made), "sparse": True}, operation="update", include="void")
    noted = us.post("payment", {**token_of(voided), "sparse": True, "PrivateNote": "by mistake"})
    assert (noted["TotalAmt"], noted["PrivateNote"]) == (0, "by mistake")
    other = us.post("payment", paid(50))
    assert us.refused("payment", {**token_of(other), "sparse": True, "TotalAmt": 0})[0] == "6000"


def test_a_deposit_on_an_invoice_is_dropped_where_the_company_does_not_take_it(us: Company) -> None:
    made = invoice(us, Deposit=10, DepositToAccountRef={"value": "35"})
    assert (made["Balance"], "Deposit" in made) == (50, False)


def test_an_invoice_that_goes_gives_back_the_credits_applied_to_it(us: Company) -> None:
    due = invoice(us)
    memos = [us.post("creditmemo", sale(("1", money), **CUSTOMER)) for money in (20, 10)]
    for memo, money in zip(memos, (20, 10), strict=True):
        us.post("payment", paid(0, line(money, due), line(money, memo, "CreditMemo")))
    us.post("invoice", token_of(read(us, "Invoice", due)), operation="delete")
    assert [read(us, "CreditMemo", memo)["RemainingCredit"] for memo in memos] == [20, 10]


def test_a_full_update_of_an_invoice_drops_what_is_not_sent(us: Company) -> None:
    due = invoice(us, PrivateNote="gone", DueDate="2026-05-05", CustomerMemo={"value": "thanks"})
    full = us.post("invoice", {**token_of(due), **sale(("1", 40), **CUSTOMER)})
    assert (full["TotalAmt"], full["DueDate"]) == (40, "2026-03-31")
    assert full.keys().isdisjoint({"PrivateNote", "CustomerMemo"})
    nameless = {**token_of(full), **sale(("1", 40))}
    assert us.refused("invoice", nameless)[0] == "2020"


def test_a_sparse_update_of_an_invoice_keeps_and_replaces_lines_whole(us: Company) -> None:
    due = us.post("invoice", sale(("1", 20), ("6", 5), PrivateNote="kept", **CUSTOMER))
    lines = [due["Line"][1], *sale(("1", 7))["Line"]]
    after = us.post("invoice", {**token_of(due), "sparse": True, "Line": lines})
    assert (after["TotalAmt"], after["Balance"], after["PrivateNote"]) == (12, 12, "kept")
    assert [shown.get("Id") for shown in after["Line"]] == ["2", "3", None]
    assert us.refused("invoice", {**token_of(due), "sparse": True})[0] == "5010"


def test_an_invoice_stays_above_what_is_paid_and_with_its_customer(us: Company) -> None:
    due = invoice(us)
    us.post("payment", paid(30, line(30, due)))
    newest = read(us, "Invoice", due)
    smaller = {**token_of(newest), "sparse": True, "Line": sale(("1", "29.99"))["Line"]}
    assert us.refused("invoice", smaller)[0] == "6000"
    assert us.refused("invoice", {**token_of(newest), "sparse": True, **OTHER})[0] == "6000"
    exact = us.post("invoice", {**token_of(newest), "sparse": True, "Line": sale(("1", 30))["Line"]})
    assert (exact["Balance"], [link["TxnType"] for link in exact["LinkedTxn"]]) == (0, ["Payment"])


def test_a_journal_entry_stays_as_large_as_what_is_paid(us: Company) -> None:
    entry = us.post("journalentry", journal("84", 40))
    us.post("payment", paid(30, line(30, entry, "JournalEntry")))
    token = token_of(read(us, "JournalEntry", entry))
    assert us.refused("journalentry", {**token, **journal("84", 29)})[0] == "6000"
    assert us.refused("journalentry", {**token, **journal("84", 40, customer="5")})[0] == "6000"
    us.post("journalentry", {**token, **journal("84", 30)})


def test_an_estimate_posts_nothing_and_is_closed_by_its_invoice(us: Company) -> None:
    offer: dict[str, Any] = {}
    made = sale(("1", 25), DocNumber="OFFER-1", **CUSTOMER)
    assert moved(us, lambda: offer.update(us.post("estimate", made))) == {}
    assert (offer["TxnStatus"], offer["TotalAmt"]) == ("Pending", 25)
    assert "Balance" not in offer
    linked = {"LinkedTxn": [{"TxnId": offer["Id"], "TxnType": "Estimate"}]}
    due = invoice(us, 25, **linked)
    closed = read(us, "Estimate", offer)
    assert (closed["TxnStatus"], closed["LinkedTxn"]) == ("Closed", [{"TxnId": due["Id"], "TxnType": "Invoice"}])
    assert us.refused("invoice", sale(("1", 25), **CUSTOMER, **linked))[0] == "620"
    assert us.refused("estimate", token_of(closed), operation="delete")[0] == "800"
    sparse = us.post("invoice", {**token_of(due), "sparse": True, "PrivateNote": "still linked"})
    assert sparse["LinkedTxn"] == linked["LinkedTxn"]
    us.post("payment", paid(25, line(25, due)))
    both = read(us, "Invoice", due)
    assert [link["TxnType"] for link in both["LinkedTxn"]] == ["Estimate", "Payment"]
    us.post("invoice", token_of(both), operation="void")
    assert read(us, "Estimate", offer)["TxnStatus"] == "Pending"
    us.post("estimate", token_of(read(us, "Estimate", offer)), operation="delete")


def test_a_full_update_without_the_estimate_opens_it_again(us: Company) -> None:
    offer = us.post("estimate", sale(("1", 25), **CUSTOMER))
    due = invoice(us, 25, LinkedTxn=[{"TxnId": offer["Id"], "TxnType": "Estimate"}])
    assert us.post("invoice", {**token_of(due), **sale(("1", 25), **CUSTOMER)})["LinkedTxn"] == []
    assert read(us, "Estimate", offer)["TxnStatus"] == "Pending"


def test_an_invoice_is_made_from_one_estimate_of_its_own_customer(us: Company) -> None:
    one, two = (us.post("estimate", sale(("1", 25), **CUSTOMER)) for _ in range(2))
    links = [{"TxnId": offer["Id"], "TxnType": "Estimate"} for offer in (one, two)]
    assert us.refused("invoice", sale(("1", 25), LinkedTxn=links, **CUSTOMER))[0] == "620"
    assert us.refused("invoice", sale(("1", 25), LinkedTxn=links[:1], **OTHER))[0] == "620"
    assert us.refused("invoice", sale(("1", 1), LinkedTxn=[{"TxnId": "1", "TxnType": "Bill"}], **CUSTOMER))[0] == "620"
    unknown = [{"TxnId": "999999", "TxnType": "Estimate"}]
    assert us.refused("invoice", sale(("1", 25), LinkedTxn=unknown, **CUSTOMER))[0] == "2500"
    assert us.refused("estimate", token_of(one), operation="void")[0] == "500"


def test_a_person_edits_and_voids_invoices_and_payments(us: Company) -> None:
    due = invoice(us)
    made = us.post("payment", paid(50, line(50, due)))

    def edit(entity: str, row: dict[str, Any], **edit: Any) -> None:
        us.stand_in.door("POST", f"companies/{US}/edit", {"entity": entity, "id": row["Id"], **edit})

    edit("Payment", made, changes={"PrivateNote": "by hand"})
    assert us.refused("payment", {**token_of(made), "sparse": True})[0] == "5010"
    edit("Payment", made, action="void")
    assert read(us, "Invoice", due)["Balance"] == 50
    edit("Invoice", due, changes={"Line": sale(("1", 55))["Line"]})
    assert read(us, "Invoice", due)["Balance"] == 55
    edit("Invoice", due, action="delete")
    kinds = {kind: us.stand_in.door("GET", f"companies/{US}/objects/{kind}") for kind in ("estimate", "journalentry")}
    assert all(isinstance(rows, list) for rows in kinds.values())


def test_zero_documents_are_accepted(us: Company) -> None:
    assert us.post("refundreceipt", sale(("1", 0), DepositToAccountRef={"value": "35"}))["TotalAmt"] == 0
    assert invoice(us, 0)["Balance"] == Decimal(0)
