"""Golden cases: what a store answers about an order, and the exact documents that it becomes.

Each folder of `golden/` is one case: `case.json` says why it is there and which rule of docs/accounting.md it shows,
`shopify.json` is what Shopify answered each time that delivery looked, `documents.json` what was written to QuickBooks
then, with names instead of Ids, and the balances of all accounts afterwards.
`--update-golden` writes the documents anew; `--record-golden` tells the stories to the stand-in store again, too.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from intuit_sandbox.problems import problems_of
from ledgerport.events.v2 import entity_pb2
from qbo_writer.posting import config as configs
from qbo_writer.posting.amounts import to_bytes
from qbo_writer.posting.verdicts import Booked, Key, Needs, Operation, Problem, Verdict
from qbo_writer_testing.paper import AUTOMATED, BRITISH, CANADIAN, TRADING, US, PaperCompany
from qbo_writer_testing.real_books import CONFIG, RealBooks, Written
from qbo_writer_testing.recording import STORES, record
from shopify_sync.normalise.orders import order as normalised

GOLDEN = Path(__file__).parent / "golden"
RULE_BOOK = Path(__file__).parents[3] / "docs" / "accounting.md"
CASES = sorted(path.parent.name for path in GOLDEN.glob("*/case.json"))
REALMS = {
    "us-manual": US,
    "us-automated": AUTOMATED,
    "british": BRITISH,
    "currencies": TRADING,
    "canadian": CANADIAN,
}
Open = Callable[..., RealBooks]
Verdicts = Mapping[Key, Verdict]


def read(path: Path) -> Any:
    if not path.exists():
        return json.loads(gzip.decompress(path.with_suffix(".json.gz").read_bytes()))
    return json.loads(path.read_text())


def configured(said: Mapping[str, Any], made: Mapping[str, str]) -> configs.SyncConfig:
    """Sync Config with what the case says of it, by the names of its fields; `$Online` is the Id of what was made."""
    changed: dict[str, Any] = {}
    for name, value in said.items():
        known = made.get(value.removeprefix("$")) if isinstance(value, str) else None
        kind = type(getattr(CONFIG, name))
        changed[name] = known or (frozenset(value) if isinstance(value, list) else kind(value))
    return replace(CONFIG, **changed)


class Play:
    """One case in one company: each look of delivery, and what came of it."""

    def __init__(self, case: Mapping[str, Any], books: RealBooks) -> None:
        self._case, self.books = case, books
        self._made = {
            body["Name"]: books.ledger.post(kind, to_bytes(body))["Id"] for kind, body in case.get("made", [])
        }
        codes = {code.name: code.qbo_id for code in books.company.tax_codes}
        books.overlay |= {("tax", key): codes[name] for key, name in case.get("tax_codes", {}).items()}
        rates = books.ledger.query("select * from TaxRate").get("TaxRate", [])
        self._tax_names = {("TaxRateRef", row["Id"]): row["Name"] for row in rates}
        self._tax_names |= {("TaxCodeRef", qbo_id): name for name, qbo_id in codes.items()}

    def look(self, said: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
        """Everything that reached the books by this look, with names in the place of Ids."""
        books = self.books
        if changed := said.get("company"):
            profile = cast("PaperCompany", books.ledger).books.profile
            for name, value in changed.items():
                setattr(profile, name, value)
            books.company = books.read()
        books.config = configured({**self._case.get("config", {}), **said.get("config", {})}, self._made)
        before = len(books.written)
        event = self._event(found)
        first = [("refund", each.id) for each in event.order.refunds] if said.get("refunds_first") else []
        verdicts = books.book(event, first=tuple(first))
        for written in books.written[before:]:
            check_as_sent(written)
        check_sums(books, event.order, verdicts)
        return {
            "documents": [self._told(each) for each in books.written[before:]],
            "records": {_reference(key): shown(verdict) for key, verdict in sorted(verdicts.items())},
            "accounts": {name: str(Decimal(minor).scaleb(-2)) for name, minor in books.balances_by_name().items()},
        }

    def _event(self, found: Mapping[str, Any]) -> entity_pb2.EntityEvent:
        if "gone" in found:
            return entity_pb2.EntityEvent(source_id=found["gone"], gone=entity_pb2.Gone(kind="order"))
        order = normalised(found["order"], found["refunds"], STORES[self._case["store"]].zone)
        return entity_pb2.EntityEvent(source_id=found["order"]["id"], order=order)

    def _told(self, written: Written) -> dict[str, Any]:
        return {
            "record": _reference(written.record),
            "operation": written.document.operation.value,
            "entity": written.document.entity,
            "body": self._named(json.loads(written.sent, parse_float=Decimal)),
            "total": str(Decimal(written.made.get("TotalAmt", 0))),
        }

    def _named(self, part: Any, member: str = "") -> Any:
        if isinstance(part, dict):
            named = {key: self._named(each, key if key.endswith("Ref") else member) for key, each in part.items()}
            if "TxnId" in named:
                named["TxnId"] = self.books.number_of(part["TxnType"], part["TxnId"])
            return named
        if isinstance(part, list):
            return [self._named(each, member) for each in part]
        if isinstance(part, Decimal):
            return str(part)
        return self._name(part, member) if isinstance(part, str) else part

    def _name(self, text: str, member: str) -> str:
        if found := self._tax_names.get((member.removeprefix("Txn"), text)):
            return f"<{found}>"
        kind = next((named for ending, named in _LISTS.items() if ending in member), "")
        known = self.books.company.names.by_id(kind, text) if kind else None
        return f"<{known.name}>" if known else text


_LISTS = {"ItemRef": "Item", "CustomerRef": "Customer", "EntityRef": "Customer", "Account": "Account"}


def shown(verdict: Verdict) -> str:
    match verdict:
        case Booked():
            return "synced"
        case Problem():
            return f"{verdict.status.value} {verdict.reason}: {verdict.sentence}"
        case Needs():
            return f"waits for {', '.join(_reference(key) for key in verdict.keys)}"
    return repr(verdict)


def _reference(key: Key) -> str:
    return f"{key[0]} {key[1].rpartition('/')[2]}"


def check_as_sent(written: Written) -> None:
    """Every document is sound by Intuit's own schema, and goes out as the bytes that were planned."""
    if written.document.operation is not Operation.VOID:
        assert problems_of(written.document.entity, json.loads(written.sent, parse_float=Decimal)) == []
    assert written.sent == to_bytes(written.document.body)


def check_sums(books: RealBooks, order: entity_pb2.Order, verdicts: Verdicts) -> None:
    """Once all is booked: clearing holds what moved at gateways, customers owe what is outstanding, and what can be
    set off against each other is.
    """
    settled = all(isinstance(each, Booked) or getattr(each, "reason", "") == "NO_MONEY" for each in verdicts.values())
    if not settled or books.config.presentment_currency:
        return
    moved = {"SALE": 1, "CAPTURE": 1, "REFUND": -1, "CHANGE": -1}
    money = [each for each in order.transactions if each.status == "SUCCESS" and each.gateway not in _TENDERS]
    assert books.cleared() == sum(moved.get(each.kind, 0) * each.amount.shop for each in money)
    if order.currency == order.presentment_currency:
        assert books.owed() == order.totals.outstanding.shop
    assert min(books.open_credits(), books.open_debits()) == 0


_TENDERS = ("gift_card", "shopify_store_credit")


@pytest.mark.parametrize("name", CASES)
def test_a_golden_case_becomes_exactly_its_documents(
    opened: Open, request: pytest.FixtureRequest, tmp_path: Path, name: str
) -> None:
    folder = GOLDEN / name
    case = read(folder / "case.json")
    if request.config.getoption("--record-golden", False):
        write(folder / "shopify.json", record(case, tmp_path), packed=case.get("packed", False))
    play = Play(case, opened(realm=REALMS[case["company"]], **case.get("profile", {})))
    looks = [step["look"] for step in case["story"] if "look" in step]
    answers = read(folder / "shopify.json")
    found = [play.look(said, answer) for said, answer in zip(looks, answers, strict=True)]
    if any(request.config.getoption(option, False) for option in ("--update-golden", "--record-golden")):
        write(folder / "documents.json", found, packed=case.get("packed", False))
    assert found == read(folder / "documents.json")


def write(path: Path, content: Any, *, packed: bool) -> None:
    """`packed`: an order with hundreds of lines is kept compressed."""
    text = laid_out(content) + "\n"
    if packed:
        path.with_suffix(".json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    else:
        path.write_text(text)


def laid_out(part: Any, indent: str = "") -> str:
    """JSON for people: whatever fits on a line stands on one."""
    flat = json.dumps(part, ensure_ascii=False, sort_keys=True)
    if len(indent) + len(flat) <= _WIDTH or not isinstance(part, dict | list):
        return flat
    inner = indent + " "
    if isinstance(part, list):
        rows: Iterable[str] = (laid_out(each, inner) for each in part)
        return "[\n" + ",\n".join(inner + row for row in rows) + f"\n{indent}]"
    rows = (f"{json.dumps(key, ensure_ascii=False)}: {laid_out(part[key], inner)}" for key in sorted(part))
    return "{\n" + ",\n".join(inner + row for row in rows) + f"\n{indent}}}"


_WIDTH = 200


def rules() -> dict[str, str]:
    """The text under each heading of the rule book; skips where the documents are not at hand."""
    if not RULE_BOOK.exists():
        pytest.skip("docs/accounting.md is not here")
    parts = re.split(r"^#+ (.+)$", RULE_BOOK.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_case_says_why_it_is_there_and_which_rule_it_shows() -> None:
    assert len(CASES) >= 66
    for name in CASES:
        case = read(GOLDEN / name / "case.json")
        assert case["why"].strip()
        assert case["rule"].strip()


def test_every_case_is_named_under_its_rule_in_the_rule_book() -> None:
    named = rules()
    for name in CASES:
        rule = read(GOLDEN / name / "case.json")["rule"]
        assert rule in named, f"{name} shows a rule that is no heading: {rule}"
        assert f"`{name}`" in named[rule], f"“{rule}” does not name {name}"


def test_every_case_that_the_rule_book_names_is_there() -> None:
    for rule, text in rules().items():
        for name in re.findall(r"`(\d{3}-[a-z0-9-]+)`", text):
            assert name in CASES, f"“{rule}” names {name}"
