"""What the accounting service promises about documents: sums, tokens, numbers, refusals, and the ledger behind."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intuit_sandbox.harness import US, Company, StandIn, moved, read, sale, token_of

CALIFORNIA = {"TxnTaxCodeRef": {"value": "2"}}


def test_a_sales_receipt_posts_income_tax_discount_and_money(us: Company) -> None:
    lines = sale(
        ("1", 20, "TAX"), ("6", 5.5), CustomerRef={"value": "1"}, TxnTaxDetail={**CALIFORNIA, "TotalTax": 1.61}
    )
    lines["Line"].append({"Amount": 2, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {}})
    shown: dict[str, Any] = {}
    changes = moved(us, lambda: shown.update(us.post("salesreceipt", lines)))
    assert changes == {"4": 2511, "1": -2000, "45": -550, "86": 200, "90": -161}
    assert shown["TotalAmt"] == Decimal("25.11")
    assert [line["DetailType"] for line in shown["Line"]][-2:] == ["SubTotalLineDetail", "DiscountLineDetail"]
    assert shown["DepositToAccountRef"]["name"] == "Undeposited Funds"


def test_a_refund_receipt_is_the_reverse(us: Company) -> None:
    refund = sale(("1", 20, "TAX"), DepositToAccountRef={"value": "35"}, TxnTaxDetail={**CALIFORNIA, "TotalTax": 1.6})
    assert moved(us, lambda: us.post("refundreceipt", refund)) == {"35": -2160, "1": 2000, "90": 160}


def test_an_inventory_sale_posts_cost_of_goods(us: Company) -> None:
    detail = {"ItemRef": {"value": "11"}, "Qty": 2, "UnitPrice": 15, "TaxCodeRef": {"value": "NON"}}
    line = {"Amount": 30, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    changes = moved(us, lambda: us.post("salesreceipt", {"TxnDate": "2026-03-01", "Line": [line]}))
    assert changes == {"4": 3000, "79": -3000, "80": 2000, "81": -2000}


def test_changing_and_deleting_move_the_ledger(us: Company) -> None:
    receipt = us.post("salesreceipt", sale(("1", 20)))
    changed = {**token_of(receipt), "sparse": True, "Line": sale(("1", 15))["Line"]}
    assert moved(us, lambda: us.post("salesreceipt", changed)) == {"4": -500, "1": 500}
    newest = {"Id": receipt["Id"], "SyncToken": "1"}
    assert moved(us, lambda: us.post("salesreceipt", newest, operation="delete")) == {"4": -1500, "1": 1500}
    assert us.call("GET", f"salesreceipt/{receipt['Id']}").json()["Fault"]["Error"][0]["code"] == "610"


def test_a_voided_receipt_keeps_its_number_at_zero(us: Company) -> None:
    receipt = us.post("salesreceipt", sale(("1", 20), DocNumber="VOID-1", PrivateNote="order 7"))
    voided = us.post("salesreceipt", {**token_of(receipt), "sparse": True}, operation="update", include="void")
    assert (voided["TotalAmt"], voided["DocNumber"]) == (0, "VOID-1")
    assert voided["PrivateNote"].startswith("Voided")


def test_refund_receipts_cannot_be_voided(us: Company) -> None:
    refund = us.post("refundreceipt", sale(("1", 1), DepositToAccountRef={"value": "35"}))
    assert us.refused("refundreceipt", token_of(refund), operation="update", include="void")[0] == "500"


def test_a_full_update_drops_what_is_left_out_and_a_sparse_one_keeps_it(us: Company) -> None:
    receipt = us.post("salesreceipt", sale(("1", 20), CustomerRef={"value": "1"}, PrivateNote="kept"))
    sparse = us.post("salesreceipt", {**token_of(receipt), "sparse": True, "DocNumber": "S-1"})
    assert (sparse["PrivateNote"], sparse["CustomerRef"]["value"], sparse["SyncToken"]) == ("kept", "1", "1")
    full = us.post("salesreceipt", {**token_of(sparse), **sale(("1", 20))})
    assert "CustomerRef" not in full
    assert "PrivateNote" not in full


def test_lines_without_ids_get_new_ones(us: Company) -> None:
    receipt = us.post("salesreceipt", sale(("1", 20), ("6", 5)))
    lines = [{**receipt["Line"][1]}, *sale(("1", 1))["Line"]]
    changed = us.post("salesreceipt", {**token_of(receipt), "sparse": True, "Line": lines})
    assert [line.get("Id") for line in changed["Line"]] == ["2", "3", None]


def test_a_stale_sync_token_is_refused_with_5010(us: Company) -> None:
    receipt = us.post("salesreceipt", sale(("1", 20)))
    us.post("salesreceipt", {**token_of(receipt), "sparse": True, "PrivateNote": "x"})
    assert us.refused("salesreceipt", {**token_of(receipt), "sparse": True})[0] == "5010"


REFUSALS = [
    ("2010", {**sale(("1", 1)), "OrderNumber": "1"}),
    ("2020", {"TxnDate": "2026-03-01"}),
    ("2020", {"Line": []}),
    ("2030", {**sale(("1", 1)), "Id": "1.5", "SyncToken": "0"}),
    ("2040", sale(("1", 1), PrivateNote="bell \x07")),
    ("2050", sale(("1", 1), DocNumber="x" * 22)),
    ("2070", sale(("1", 1), TxnDate="2026-02-30")),
    ("2500", sale(("999", 1))),
    ("2500", sale(("1", 1), CustomerRef={"value": "999"})),
    ("6000", sale(("1", -1))),
    (
        "6070",
        {
            "Line": [
                {
                    "Amount": 10,
                    "DetailType": "SalesItemLineDetail",
                    "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "Qty": 3, "UnitPrice": 3},
                }
            ]
        },
    ),
    ("6100", sale(("1", 1, "2"))),
    ("6430", sale(("1", 1), DepositToAccountRef={"value": "79"})),
    ("6420", sale(("1", 1), EmailStatus="NeedToSend")),
    ("2210", sale(("1", 1), BillEmail={"Address": "no address"})),
    ("2220", sale(("1", 1), CurrencyRef={"value": "EUR"})),
]


@pytest.mark.parametrize(("code", "payload"), REFUSALS, ids=[f"{code}-{n}" for n, (code, _) in enumerate(REFUSALS)])
def test_what_quickbooks_refuses_is_refused(us: Company, code: str, payload: dict[str, Any]) -> None:
    count = us.query("select count(*) from SalesReceipt")["totalCount"]
    assert us.refused("salesreceipt", payload)[0] == code
    assert us.query("select count(*) from SalesReceipt")["totalCount"] == count


def test_the_texts_of_2010_and_2050_name_property_and_lengths(us: Company) -> None:
    assert 'Unrecognized field "OrderNumber"' in us.refused("salesreceipt", {"OrderNumber": "1"})[1]
    detail = us.refused("salesreceipt", sale(("1", 1), DocNumber="x" * 22))[1]
    assert "Max: 21, Supplied length: 22" in detail


def test_a_refund_receipt_needs_its_account(us: Company) -> None:
    assert us.refused("refundreceipt", sale(("1", 1)))[0] == "2020"


def test_a_zero_total_is_accepted(us: Company) -> None:
    assert us.post("salesreceipt", sale(("1", 5), ("6", -5)))["TotalAmt"] == 0


def test_own_numbers_stay_null_if_left_out_and_clash_with_6140(us: Company) -> None:
    assert "DocNumber" not in us.post("salesreceipt", sale(("1", 1)))
    us.post("salesreceipt", sale(("1", 1), DocNumber="CLASH"))
    assert us.refused("salesreceipt", sale(("1", 1), DocNumber="CLASH"))[0] == "6140"
    us.post("salesreceipt", sale(("1", 1), DocNumber="CLASH"), include="allowduplicatedocnum")
    us.stand_in.profile(US, warn_duplicate_numbers=False)
    us.post("salesreceipt", sale(("1", 1), DocNumber="CLASH"))


def test_quickbooks_numbers_by_itself_where_it_is_asked_to(automated: Company) -> None:
    first, second = (automated.post("salesreceipt", sale(("1", 1)))["DocNumber"] for _ in range(2))
    assert int(second) == int(first) + 1


def test_closed_books_refuse_old_dates(us: Company) -> None:
    receipt = us.post("salesreceipt", sale(("1", 1)))
    us.stand_in.profile(US, book_close_date="2026-03-31")
    assert us.get("preferences")["Preferences"]["AccountingInfoPrefs"]["BookCloseDate"] == "2026-03-31"
    assert us.refused("salesreceipt", sale(("1", 1)))[0] == "6200"
    assert us.refused("salesreceipt", {**token_of(receipt), "sparse": True, "TxnDate": "2026-05-01"})[0] == "6200"
    assert us.refused("salesreceipt", token_of(receipt), operation="delete")[0] == "6200"
    us.post("salesreceipt", {**sale(("1", 1)), "TxnDate": "2026-04-01"})


def test_a_lapsed_plan_refuses_writes_but_reads(us: Company) -> None:
    us.stand_in.profile(US, subscription="EXPIRED")
    assert us.refused("salesreceipt", sale(("1", 1)))[0] == "6190"
    assert us.get(f"companyinfo/{US}")["CompanyInfo"]["Country"] == "US"


def test_a_deposited_receipt_is_locked(us: Company) -> None:
    receipt = us.post("salesreceipt", sale(("1", 1)))
    edit = {"entity": "SalesReceipt", "id": receipt["Id"], "action": "deposit"}
    us.stand_in.door("POST", f"companies/{US}/edit", edit)
    assert us.refused("salesreceipt", {**token_of(receipt), "sparse": True})[0] == "6540"
    assert us.refused("salesreceipt", token_of(receipt), operation="delete")[0] == "6540"


def test_a_person_edits_behind_the_apps_back(us: Company) -> None:
    receipt = us.post("salesreceipt", sale(("1", 1)))
    edit = {"entity": "SalesReceipt", "id": receipt["Id"], "changes": {"PrivateNote": "mine"}}
    us.stand_in.door("POST", f"companies/{US}/edit", edit)
    assert us.get(f"salesreceipt/{receipt['Id']}")["SalesReceipt"]["PrivateNote"] == "mine"
    assert us.refused("salesreceipt", {**token_of(receipt), "sparse": True})[0] == "5010"


def test_payments_and_credits_move_invoice_balances(us: Company) -> None:
    customer = {"CustomerRef": {"value": "4"}}
    owed_before = us.get("customer/4")["Customer"]["Balance"]
    invoice = us.post("invoice", sale(("1", 50), **customer))
    assert invoice["DueDate"] == "2026-03-31"
    link = {"Amount": 30, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    payment: dict[str, Any] = {}
    paid = moved(us, lambda: payment.update(us.post("payment", {**customer, "TotalAmt": 40, "Line": [link]})))
    assert paid == {"4": 4000, "84": -4000}
    assert payment["UnappliedAmt"] == 10
    after = us.get(f"invoice/{invoice['Id']}")["Invoice"]
    assert (after["Balance"], after["SyncToken"]) == (20, "1")
    memo = us.post("creditmemo", sale(("1", 20), **customer))
    credit = [
        {"Amount": 20, "LinkedTxn": [{"TxnId": one["Id"], "TxnType": kind}]}
        for one, kind in ((memo, "CreditMemo"), (invoice, "Invoice"))
    ]
    us.post("payment", {**customer, "TotalAmt": 0, "Line": credit})
    assert us.get(f"creditmemo/{memo['Id']}")["CreditMemo"]["RemainingCredit"] == 0
    too_much = {**customer, "TotalAmt": 40, "Line": [link]}
    assert us.refused("payment", too_much)[0] == "6000"
    us.post("payment", token_of(payment), operation="delete")
    assert us.get(f"invoice/{invoice['Id']}")["Invoice"]["Balance"] == 30
    voided = us.get(f"invoice/{invoice['Id']}")["Invoice"]
    us.post("invoice", token_of(voided), operation="void")
    owed = us.get("customer/4")["Customer"]["Balance"] - owed_before
    assert owed == -20, "the credit memo is the customer's again"


MONEY = st.integers(-5_000, 50_000).map(lambda cents: Decimal(cents).scaleb(-2))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.tuples(st.sampled_from(["1", "5", "6", "10"]), MONEY, st.sampled_from(["TAX", "NON"])),
        min_size=1,
        max_size=6,
    ),
    tax=st.integers(0, 2_000),
    kind=st.sampled_from(["salesreceipt", "refundreceipt", "invoice", "creditmemo"]),
)
def test_whatever_is_posted_the_books_stay_even(
    us: Company, lines: list[tuple[str, Decimal, str]], tax: int, kind: str
) -> None:
    document = sale(
        *((item, str(money), code) for item, money, code in lines),
        CustomerRef={"value": "2"},
        DepositToAccountRef={"value": "35"},
        TxnTaxDetail={**CALIFORNIA, "TotalTax": f"{tax / 100:.2f}"},
    )
    if kind in ("invoice", "creditmemo"):
        del document["DepositToAccountRef"]
    answer = us.call("POST", kind, document)
    total = sum((money for _, money, _ in lines), Decimal(0))
    if answer.status_code == 200:
        body = next(iter(read(answer).values()))
        assert body["TotalAmt"] == total + Decimal(body["TxnTaxDetail"]["TotalTax"])
    else:
        assert answer.json()["Fault"]["Error"][0]["code"] == "6000"
    us.balances()


def test_the_side_door_shows_the_journal_of_a_document(stand_in: StandIn, us: Company) -> None:
    receipt = us.post("salesreceipt", sale(("1", 20)))
    (entry,) = stand_in.door("GET", f"companies/{US}/journal?id={receipt['Id']}")
    assert [(line["account"], line["debit_minor"], line["credit_minor"]) for line in entry["lines"]] == [
        ("4", 2000, 0),
        ("1", 0, 2000),
    ]
