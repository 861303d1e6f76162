"""Whatever is posted, changed, linked and removed, in whatever order: the books stay even and agree with themselves."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intuit_sandbox.harness import Company, read, sale

RATES = ["1", "1.1", "0.97333", "1.0842"]
SPARSE = {"sparse": True}

Step = tuple[str, int, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["invoice", "creditmemo", "journal", "pay", "pay", "credit", "bank", "change", "smaller", "delete", "void"]
        ),
        st.integers(0, 5),
        st.integers(0, 5),
        st.integers(1, 9_999),
    ),
    min_size=4,
    max_size=14,
)


class Play:
    """Does steps on one company; each may be refused, but never break anything."""

    def __init__(self, company: Company, currency: str, customer: str) -> None:
        self.company = company
        self.head: dict[str, Any] = {"CustomerRef": {"value": customer}, "CurrencyRef": {"value": currency}}
        self.made: list[tuple[str, str]] = []

    def rate(self, number: int) -> dict[str, Any]:
        return {} if self.head["CurrencyRef"]["value"] == "USD" else {"ExchangeRate": RATES[number % len(RATES)]}

    def post(self, resource: str, payload: dict[str, Any], **params: str) -> None:
        answer = self.company.call("POST", resource, payload, **params)
        assert answer.status_code in (200, 400), answer.text
        if answer.status_code == 200 and "Id" not in payload:
            kind = next(name for name in read(answer) if name != "time")
            self.made.append((kind, read(answer)[kind]["Id"]))

    def rows(self, *kinds: str) -> list[tuple[str, dict[str, Any]]]:
        found = []
        for kind, row_id in self.made:
            answer = self.company.call("GET", f"{kind.lower()}/{row_id}")
            if (not kinds or kind in kinds) and answer.status_code == 200:
                found.append((kind, read(answer)[kind]))
        return found

    def do(self, step: Step) -> None:
        verb, first, second, cents = step
        money = str(Decimal(cents).scaleb(-2))
        if verb in ("invoice", "creditmemo"):
            self.post(verb, sale(("1", money), **self.head, **self.rate(first)))
        elif verb == "journal":
            self.post("journalentry", self.journal(money, first))
        elif verb in ("pay", "credit"):
            self.pay(verb, first, second, cents // 8 + 1)
        elif rows := self.rows():
            self.alter(verb, *rows[(first * 6 + second) % len(rows)], cents)

    def journal(self, money: str, number: int) -> dict[str, Any]:
        account = "84"
        if (code := self.head["CurrencyRef"]["value"]) != "USD":
            named = f"select * from Account where Name = 'Accounts Receivable (A/R) - {code}'"  # noqa: S608
            account = self.company.query(named)["Account"][0]["Id"]
        entity = {"Type": "Customer", "EntityRef": self.head["CustomerRef"]}
        ways = ("Debit", "Credit") if number % 2 else ("Credit", "Debit")
        details = [
            {"PostingType": ways[0], "AccountRef": {"value": account}, "Entity": entity},
            {"PostingType": ways[1], "AccountRef": {"value": "79"}},
        ]
        lines = [
            {"Amount": money, "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}
            for detail in details
        ]
        return {"Line": lines, "CurrencyRef": self.head["CurrencyRef"], **self.rate(number)}

    def pay(self, verb: str, first: int, second: int, cents: int) -> None:
        rows = self.rows("Invoice", "CreditMemo", "JournalEntry")
        picked = {rows[number % len(rows)][1]["Id"]: rows[number % len(rows)] for number in (first, second) if rows}
        money = str(Decimal(cents).scaleb(-2))
        lines = [{"Amount": money, "LinkedTxn": [{"TxnId": one, "TxnType": row[0]}]} for one, row in picked.items()]
        total = "0" if verb == "credit" else str(Decimal(cents * len(lines) or cents).scaleb(-2))
        self.post("payment", {"TotalAmt": total, "Line": lines, **self.head, **self.rate(first + 1)})

    def alter(self, verb: str, kind: str, row: dict[str, Any], cents: int) -> None:
        token = {"Id": row["Id"], "SyncToken": row["SyncToken"]}
        if verb == "bank" and kind == "Payment":
            link = {"TxnId": row["Id"], "TxnType": kind, "TxnLineId": "0"}
            line = {"Amount": str(row["TotalAmt"]), "LinkedTxn": [link]}
            head = {"DepositToAccountRef": {"value": "35"}, "CurrencyRef": self.head["CurrencyRef"]}
            self.post("deposit", {"Line": [line], **head, **self.rate(cents)})
        elif verb == "change":
            self.post(kind.lower(), {**token, **SPARSE, "PrivateNote": "changed"})
        elif verb == "smaller" and kind in ("Invoice", "CreditMemo"):
            self.post(kind.lower(), {**token, **SPARSE, "Line": sale(("1", str(Decimal(cents).scaleb(-2))))["Line"]})
        elif verb == "smaller" and kind == "Payment":
            self.post("payment", {**token, **SPARSE, "Line": row["Line"][:1]})
        elif verb == "delete":
            self.post(kind.lower(), token, operation="delete")
        elif verb == "void" and kind == "Invoice":
            self.post("invoice", token, operation="void")
        elif verb == "void" and kind == "Payment":
            self.post("payment", {**token, **SPARSE}, operation="update", include="void")


def agree(company: Company) -> None:
    """Balances of documents follow from the payments, those of receivables from the documents."""
    company.balances()
    door = company.stand_in.door
    applied: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    rows = {
        kind: door("GET", f"companies/{company.realm}/objects/{kind}")
        for kind in ("invoice", "creditmemo", "payment", "journalentry", "customer", "account")
    }
    for payment in rows["payment"]:
        used = Decimal(0)
        for line in payment["Line"]:
            (link,) = line["LinkedTxn"]
            applied[(link["TxnType"], link["TxnId"])] += Decimal(str(line["Amount"]))
            used += signed(rows, link, line)
        assert Decimal(str(payment["TotalAmt"])) - used == Decimal(str(payment["UnappliedAmt"]))
    for kind in ("Invoice", "CreditMemo"):
        for row in rows[kind.lower()]:
            left = Decimal(str(row["TotalAmt"])) - applied[(kind, row["Id"])]
            assert left == Decimal(str(row["Balance"])) >= 0
    owed = sum(Decimal(str(row["Balance"])) for row in rows["customer"])
    receivable = [row for row in rows["account"] if row["AccountType"] == "Accounts Receivable"]
    assert owed == sum(Decimal(str(row["CurrentBalance"])) for row in receivable)


def signed(rows: dict[str, Any], link: dict[str, str], line: dict[str, Any]) -> Decimal:
    money = Decimal(str(line["Amount"]))
    if link["TxnType"] == "JournalEntry":
        entry = next(row for row in rows["journalentry"] if row["Id"] == link["TxnId"])
        detail = next(one["JournalEntryLineDetail"] for one in entry["Line"] if "Entity" in str(one))
        return money if detail["PostingType"] == "Debit" else -money
    return -money if link["TxnType"] == "CreditMemo" else money


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_receivables_of_one_currency_agree_after_any_steps(us: Company, steps: list[Step]) -> None:
    play = Play(us, "USD", "2")
    for step in steps:
        play.do(step)
    agree(us)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_receivables_of_several_currencies_agree_after_any_steps(trading: Company, steps: list[Step]) -> None:
    name = "Any Steps (EUR)"
    found = trading.query(f"select * from Customer where DisplayName = '{name}'")  # noqa: S608
    euro = {"DisplayName": name, "CurrencyRef": {"value": "EUR"}}
    buyer = found["Customer"][0] if found else trading.post("customer", euro)
    play = Play(trading, "EUR", buyer["Id"])
    for step in steps:
        play.do(step)
    agree(trading)
    cleared(trading, play)


def cleared(company: Company, play: Play) -> None:
    """When all is removed again in order, nothing of it is left in the ledger."""
    for kinds in (("Deposit",), ("Payment",), ("Invoice", "CreditMemo", "JournalEntry")):
        for kind, row in play.rows(*kinds):
            company.post(kind.lower(), {"Id": row["Id"], "SyncToken": row["SyncToken"]}, operation="delete")
    named = "select * from Account where Name = 'Accounts Receivable (A/R) - EUR'"
    account = company.query(named)["Account"][0]["Id"]
    left = company.stand_in.door("GET", f"companies/{company.realm}/journal?account={account}")
    made = {row_id for _, row_id in play.made}
    assert not [entry for entry in left if entry["id"] in made]
