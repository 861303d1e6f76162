"""What the accounting service promises about several currencies: who may be paid in which, and the ledger at home."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from intuit_sandbox.harness import TRADING, US, Company, moved, sale, token_of

EURO = {"CurrencyRef": {"value": "EUR"}}


@pytest.fixture
def buyer(trading: Company) -> dict[str, Any]:
    """A customer who pays in euro, made once."""
    found = trading.query("select * from Customer where DisplayName = 'Jane Doe (EUR)'")
    if found:
        return {"CustomerRef": {"value": found["Customer"][0]["Id"]}, **EURO}
    made = trading.post("customer", {"DisplayName": "Jane Doe (EUR)", **EURO})
    return {"CustomerRef": {"value": made["Id"]}, **EURO}


def account(company: Company, name: str) -> str:
    return str(company.query(f"select * from Account where Name = '{name}'")["Account"][0]["Id"])  # noqa: S608


def receivable(company: Company, code: str = "EUR") -> str:
    return account(company, f"Accounts Receivable (A/R) - {code}")


def difference(company: Company) -> str:
    return account(company, "Exchange Gain or Loss")


def euro_bank(company: Company, name: str) -> str:
    made = company.post("account", {"Name": name, "AccountSubType": "Checking", **EURO})
    return str(made["Id"])


def test_a_foreign_sale_is_booked_at_home_at_its_rate(trading: Company, buyer: dict[str, Any]) -> None:
    made: dict[str, Any] = {}
    receipt = sale(("1", "10.01"), ("2", "10.01"), ExchangeRate="1.1", **buyer)
    assert moved(trading, lambda: made.update(trading.post("salesreceipt", receipt))) == {"4": 2202, "1": -2202}
    assert (str(made["TotalAmt"]), str(made["HomeTotalAmt"]), str(made["ExchangeRate"])) == ("20.02", "22.02", "1.1")
    assert made["CurrencyRef"] == {"value": "EUR", "name": "Euro"}


def test_the_rate_is_that_of_the_day_if_none_is_given(trading: Company, buyer: dict[str, Any]) -> None:
    known = trading.get("exchangerate", sourcecurrencycode="EUR", asofdate="2026-02-01")["ExchangeRate"]
    assert (known["TargetCurrencyCode"], known["AsOfDate"]) == ("USD", "2026-02-01")
    assert "Id" not in known
    rate = {"SourceCurrencyCode": "EUR", "AsOfDate": "2026-02-01", "Rate": "1.25", "SyncToken": known["SyncToken"]}
    stored = trading.post("exchangerate", rate)
    assert trading.refused("exchangerate", rate)[0] == "5010"
    assert trading.post("salesreceipt", sale(("1", 10), **buyer))["HomeTotalAmt"] == Decimal("12.5")
    trading.post("exchangerate", {**rate, "Rate": "1.0842", "SyncToken": stored["SyncToken"]})
    found = trading.query("select * from ExchangeRate where SourceCurrencyCode = 'EUR' and AsOfDate = '2026-02-01'")
    assert str(found["ExchangeRate"][0]["Rate"]) == "1.0842"


RATES: list[tuple[str, dict[str, Any]]] = [
    ("2020", {"SourceCurrencyCode": "EUR", "AsOfDate": "2026-01-01", "Rate": 1}),
    ("2020", {"SourceCurrencyCode": "EUR", "AsOfDate": "2026-01-01", "SyncToken": "0"}),
    ("2220", {"SourceCurrencyCode": "JPY", "AsOfDate": "2026-01-01", "Rate": 1, "SyncToken": "0"}),
    ("6000", {"SourceCurrencyCode": "USD", "AsOfDate": "2026-01-01", "Rate": 1, "SyncToken": "0"}),
    ("2090", {"SourceCurrencyCode": "EUR", "AsOfDate": "2026-01-01", "Rate": 0, "SyncToken": "0"}),
    ("2070", {"SourceCurrencyCode": "EUR", "AsOfDate": "soon", "Rate": 1, "SyncToken": "0"}),
]


@pytest.mark.parametrize(("code", "payload"), RATES)
def test_a_wrong_rate_is_refused(trading: Company, code: str, payload: dict[str, Any]) -> None:
    assert trading.refused("exchangerate", payload)[0] == code


def test_a_company_with_one_currency_has_no_rates_and_takes_none(us: Company) -> None:
    answer = us.call("GET", "exchangerate", sourcecurrencycode="EUR")
    assert answer.json()["Fault"]["Error"][0]["code"] == "5030"
    assert us.refused("companycurrency", {"Code": "EUR"})[0] == "5030"
    assert us.refused("customer", {"DisplayName": "Euro buyer", **EURO})[0] == "2220"
    assert us.refused("salesreceipt", sale(("1", 1), **EURO))[0] == "2220"
    assert us.refused("salesreceipt", sale(("1", 1), ExchangeRate=2))[0] == "6000"
    assert us.get("preferences")["Preferences"]["CurrencyPrefs"]["MultiCurrencyEnabled"] is False


def test_the_currency_of_a_document_is_named_and_that_of_its_customer(trading: Company, buyer: dict[str, Any]) -> None:
    customer = {"CustomerRef": buyer["CustomerRef"]}
    assert trading.refused("invoice", sale(("1", 1), **customer))[0] == "2020"
    assert trading.refused("invoice", sale(("1", 1), **customer, CurrencyRef={"value": "USD"}))[0] == "6000"
    assert trading.refused("invoice", sale(("1", 1), **customer, CurrencyRef={"value": "JPY"}))[0] == "2220"
    assert trading.refused("salesreceipt", sale(("1", 1), ExchangeRate=-1, **buyer))[0] == "2090"
    home = sale(("1", 1), CustomerRef={"value": "1"}, CurrencyRef={"value": "USD"})
    assert trading.post("invoice", home)["HomeTotalAmt"] == 1
    assert trading.refused("invoice", {**home, "ExchangeRate": 2})[0] == "6000"
    change = {"Id": customer["CustomerRef"]["value"], "SyncToken": "0", "sparse": True, "CurrencyRef": {"value": "USD"}}
    assert trading.refused("customer", change)[0] == "6000"


def test_each_currency_has_its_own_receivables(trading: Company, buyer: dict[str, Any]) -> None:
    made: dict[str, Any] = {}
    due = sale(("1", 100), ExchangeRate="1.1", **buyer)
    before = trading.get(f"account/{receivable(trading)}")["Account"]["CurrentBalance"]
    assert moved(trading, lambda: made.update(trading.post("invoice", due))) == {
        receivable(trading): 11000,
        "1": -11000,
    }
    assert (made["Balance"], made["HomeBalance"]) == (100, 110)
    shown = trading.get(f"account/{receivable(trading)}")["Account"]
    assert (shown["CurrentBalance"] - before, shown["CurrencyRef"]["value"]) == (100, "EUR")
    another = {"Name": "Receivables of my own", "AccountType": "Accounts Receivable"}
    assert trading.refused("account", another)[0] == "6010"


def test_a_payment_at_another_rate_realises_a_gain_or_loss(trading: Company, buyer: dict[str, Any]) -> None:
    due = trading.post("invoice", sale(("1", 100), ExchangeRate="1.1", **buyer))

    def paid(money: int, rate: str) -> dict[str, Any]:
        line = {"Amount": money, "LinkedTxn": [{"TxnId": due["Id"], "TxnType": "Invoice"}]}
        return {"TotalAmt": money, "ExchangeRate": rate, "Line": [line], "TxnDate": "2026-03-02", **buyer}

    first: dict[str, Any] = {}
    gain = moved(trading, lambda: first.update(trading.post("payment", paid(40, "1.2"))))
    assert gain == {"4": 4800, receivable(trading): -4400, difference(trading): -400}
    loss = moved(trading, lambda: trading.post("payment", paid(60, "1.05")))
    assert loss == {"4": 6300, receivable(trading): -6600, difference(trading): 300}
    newest = trading.get(f"invoice/{due['Id']}")["Invoice"]
    assert (newest["Balance"], newest["HomeBalance"]) == (0, 0)
    assert trading.refused("invoice", {**token_of(newest), "sparse": True, "ExchangeRate": "1.3"})[0] == "6000"
    unlinked = moved(trading, lambda: trading.post("invoice", token_of(newest), operation="void"))
    assert unlinked == {"1": 11000, receivable(trading): -11100, difference(trading): 100}
    assert trading.get(f"payment/{first['Id']}")["Payment"]["UnappliedAmt"] == 40


def test_parts_of_an_invoice_leave_no_cent_of_the_home_currency_behind(trading: Company, buyer: dict[str, Any]) -> None:
    before = trading.balances().get(receivable(trading), 0)
    due = trading.post("invoice", sale(("1", "0.10"), ExchangeRate="1.0555", **buyer))
    for _ in range(10):
        line = {"Amount": "0.01", "LinkedTxn": [{"TxnId": due["Id"], "TxnType": "Invoice"}]}
        trading.post("payment", {"TotalAmt": "0.01", "ExchangeRate": "1.0555", "Line": [line], **buyer})
    assert trading.balances().get(receivable(trading), 0) == before


def test_money_goes_to_an_account_of_home_or_the_same_currency(trading: Company, buyer: dict[str, Any]) -> None:
    bank = euro_bank(trading, "Euro clearing")
    money: dict[str, Any] = {"DepositToAccountRef": {"value": bank}}
    receipt = sale(("1", 10), ExchangeRate="1.5", **buyer, **money)
    assert moved(trading, lambda: trading.post("salesreceipt", receipt)) == {bank: 1500, "1": -1500}
    assert trading.get(f"account/{bank}")["Account"]["CurrentBalance"] == 10
    home = sale(("1", 10), CurrencyRef={"value": "USD"}, **money)
    assert trading.refused("salesreceipt", home)[0] == "6000"
    pound = trading.post("customer", {"DisplayName": "Pounder", "CurrencyRef": {"value": "GBP"}})
    other = {"CustomerRef": {"value": pound["Id"]}, "CurrencyRef": {"value": "GBP"}, **money}
    assert trading.refused("salesreceipt", sale(("1", 10), **other))[0] == "6000"
    assert trading.refused("payment", {"TotalAmt": 5, **other})[0] == "6000"
    income = {"Name": "Euro income", "AccountSubType": "SalesOfProductIncome", **EURO}
    assert trading.refused("account", income)[0] == "6000"


def test_money_moves_between_currencies_at_a_rate(trading: Company) -> None:
    bank = euro_bank(trading, "Euro savings")
    over = {"FromAccountRef": {"value": bank}, "ToAccountRef": {"value": "35"}, "Amount": 10, "ExchangeRate": "1.2"}
    assert moved(trading, lambda: trading.post("transfer", over)) == {bank: -1200, "35": 1200}
    assert trading.get(f"account/{bank}")["Account"]["CurrentBalance"] == -10
    fee = {
        "PaymentType": "Cash",
        "AccountRef": {"value": bank},
        "ExchangeRate": "1.2",
        "Line": [
            {
                "Amount": 1,
                "DetailType": "AccountBasedExpenseLineDetail",
                "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "8"}},
            }
        ],
    }
    assert moved(trading, lambda: trading.post("purchase", fee)) == {bank: -120, "8": 120}


def test_a_deposit_at_another_rate_realises_the_difference(trading: Company, buyer: dict[str, Any]) -> None:
    receipt = trading.post("salesreceipt", sale(("1", 10), ExchangeRate="1.1", **buyer))
    link = {"TxnId": receipt["Id"], "TxnType": "SalesReceipt", "TxnLineId": "0"}
    into: dict[str, Any] = {"DepositToAccountRef": {"value": "35"}, "Line": [{"Amount": 10, "LinkedTxn": [link]}]}
    assert trading.refused("deposit", into)[0] == "6000"
    put = {**into, **EURO, "ExchangeRate": "1.2"}
    assert moved(trading, lambda: trading.post("deposit", put)) == {"35": 1200, "4": -1100, difference(trading): -100}


def test_a_journal_entry_has_one_currency(trading: Company, buyer: dict[str, Any]) -> None:
    def side(way: str, number: str, **entity: Any) -> dict[str, Any]:
        detail = {"PostingType": way, "AccountRef": {"value": number}, **entity}
        return {"Amount": 10, "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}

    owed = side("Debit", receivable(trading), Entity={"Type": "Customer", "EntityRef": buyer["CustomerRef"]})
    entry = {"Line": [owed, side("Credit", "79")], "ExchangeRate": "1.1", **EURO}
    assert moved(trading, lambda: trading.post("journalentry", entry)) == {receivable(trading): 1100, "79": -1100}
    assert trading.refused("journalentry", {"Line": entry["Line"]})[0] == "6000"


def test_currencies_are_added_once_and_known(trading: Company) -> None:
    found = trading.query("select * from CompanyCurrency where Active = true")["CompanyCurrency"]
    assert {"EUR", "GBP", "CAD"} <= {one["Code"] for one in found}
    assert trading.refused("companycurrency", {"Code": "EUR"})[0] == "6240"
    assert trading.refused("companycurrency", {"Code": "USD"})[0] == "2220"
    assert trading.refused("companycurrency", {"Code": "XXX"})[0] == "2220"
    made = trading.post("companycurrency", {"Code": "SEK"})
    assert made["Name"] == "Swedish Krona"
    assert receivable(trading, "SEK")
    off = trading.post("companycurrency", {**token_of(made), "sparse": True, "Active": False})
    assert off["Active"] is False
    assert trading.refused("customer", {"DisplayName": "Too late", "CurrencyRef": {"value": "SEK"}})[0] == "2220"


def test_the_side_door_switches_currencies_on(us: Company) -> None:
    us.stand_in.profile(US, multicurrency=True)
    assert difference(us)
    us.post("companycurrency", {"Code": "EUR"})
    sold = sale(("1", 10), ExchangeRate="1.1", **EURO)
    assert moved(us, lambda: us.post("salesreceipt", sold)) == {"4": 1100, "1": -1100}


def test_canadian_tax_of_two_rates_needs_two_tax_lines(canadian: Company) -> None:
    head = {"CurrencyRef": {"value": "CAD"}}
    computed = canadian.post("salesreceipt", sale(("1", 100, "4"), **head))
    assert [line["Amount"] for line in computed["TxnTaxDetail"]["TaxLine"]] == [5, 7]
    lines = [
        {"Amount": money, "DetailType": "TaxLineDetail", "TaxLineDetail": {"TaxRateRef": {"value": rate}}}
        for rate, money in (("3", "5.01"), ("5", "6.99"))
    ]
    own = sale(("1", 100, "4"), TxnTaxDetail={"TotalTax": 12, "TaxLine": lines}, **head)
    shown = canadian.post("invoice", {**own, "CustomerRef": {"value": "1"}})["TxnTaxDetail"]["TaxLine"]
    assert [str(line["TaxLineDetail"]["OverrideDeltaAmount"]) for line in shown] == ["0.01", "-0.01"]


def test_foreign_tax_is_owed_at_home(canadian: Company) -> None:
    buyer = canadian.post("customer", {"DisplayName": "Sam (USD)", "CurrencyRef": {"value": "USD"}})
    head = {"CustomerRef": {"value": buyer["Id"]}, "CurrencyRef": {"value": "USD"}, "ExchangeRate": "1.4"}
    receipt = sale(("1", 100, "4"), **head)
    assert moved(canadian, lambda: canadian.post("salesreceipt", receipt)) == {"4": 15680, "1": -14000, "90": -1680}


def test_a_restart_keeps_foreign_balances(fresh: Any) -> None:
    first = fresh()
    company = first.connect(TRADING)
    bank = euro_bank(company, "Euro bank")
    receipt = sale(("1", 10), ExchangeRate="1.5", DepositToAccountRef={"value": bank}, **EURO)
    company.post("salesreceipt", receipt)
    renamed = company.get("account/84")["Account"]
    company.post("account", {**token_of(renamed), "sparse": True, "Name": "Debtors"})
    first.stop()
    company.stand_in = fresh()
    assert company.get(f"account/{bank}")["Account"]["CurrentBalance"] == 10
    assert company.balances()[bank] == 1500
