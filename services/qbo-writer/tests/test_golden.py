"""Golden cases: what a store answers about an order, and the exact documents that it becomes.

Each folder of `golden/` is one case: `case.json` says why it is there and which rule of docs/accounting.md it shows,
`shopify.json` is what Shopify answered, `documents.json` what is written to QuickBooks, with names instead of Ids.
`--update-golden` writes the documents anew; `--record-golden` tells the stories to the stand-in store again, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from intuit_sandbox.problems import problems_of
from ledgerport.events.v1 import entity_pb2
from qbo_writer.posting import config as configs
from qbo_writer.posting.amounts import to_bytes
from qbo_writer.posting.verdicts import Booked, Needs, Problem, Verdict
from qbo_writer_testing.paper import AUTOMATED, BRITISH, CANADIAN, TRADING, US
from qbo_writer_testing.real_books import CONFIG, RealBooks
from qbo_writer_testing.recording import record
from shopify_sync.normalise.orders import order as normalised

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.parent.name for path in GOLDEN.glob("*/case.json"))
REALMS = {
    "us-manual": US,
    "us-automated": AUTOMATED,
    "british": BRITISH,
    "currencies": TRADING,
    "canadian": CANADIAN,
}
ZONES = {"us": "America/Chicago", "uk": "Europe/London"}
Open = Callable[..., RealBooks]


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def configured(said: Mapping[str, Any]) -> configs.SyncConfig:
    """Sync Config with what the case says of it, by the names of its fields."""
    changed: dict[str, Any] = {}
    for name, value in said.items():
        changed[name] = frozenset(value) if isinstance(value, list) else type(getattr(CONFIG, name))(value)
    return replace(CONFIG, **changed)


def shown(verdict: Verdict) -> str:
    match verdict:
        case Booked():
            return "synced"
        case Problem():
            return f"{verdict.status.value} {verdict.reason}: {verdict.sentence}"
        case Needs():
            return f"waits for {verdict.keys}"
    return repr(verdict)


def told(books: RealBooks, verdicts: Mapping[Any, Verdict]) -> dict[str, Any]:
    """Everything that reached the books, with names in the place of Ids."""
    return {
        "documents": [
            {
                "record": " ".join(written.record),
                "operation": written.document.operation.value,
                "entity": written.document.entity,
                "body": _named(json.loads(written.sent, parse_float=Decimal), books),
            }
            for written in books.written
        ],
        "records": {" ".join(key): shown(verdict) for key, verdict in sorted(verdicts.items())},
        "accounts": {name: str(Decimal(minor).scaleb(-2)) for name, minor in books.balances_by_name().items()},
    }


_LISTS = {"ItemRef": "Item", "CustomerRef": "Customer", "EntityRef": "Customer", "Account": "Account"}


def _named(part: Any, books: RealBooks, member: str = "") -> Any:
    if isinstance(part, dict):
        found = {name: _named(value, books, name if name.endswith("Ref") else member) for name, value in part.items()}
        if "TxnId" in found:
            found["TxnId"] = books.number_of(part["TxnType"], part["TxnId"])
        return found
    if isinstance(part, list):
        return [_named(each, books, member) for each in part]
    if isinstance(part, Decimal):
        return str(part)
    kind = next((named for ending, named in _LISTS.items() if ending in member), "")
    known = books.company.names.by_id(kind, part) if kind and isinstance(part, str) else None
    return f"<{known.name}>" if known else part


@pytest.mark.parametrize("name", CASES)
def test_a_golden_case_becomes_exactly_its_documents(
    opened: Open, request: pytest.FixtureRequest, tmp_path: Path, name: str
) -> None:
    folder = GOLDEN / name
    case = read(folder / "case.json")
    if request.config.getoption("--record-golden", False):
        _write(folder / "shopify.json", record(case, tmp_path))
    books = opened(realm=REALMS[case["company"]], config=configured(case.get("config", {})), **case.get("profile", {}))
    verdicts: dict[Any, Verdict] = {}
    for look in read(folder / "shopify.json"):
        entity = normalised(look["order"], look["refunds"], ZONES[case["store"]])
        verdicts |= books.book(entity_pb2.EntityEvent(source_id=look["order"]["id"], order=entity))
    for written in books.written:
        assert problems_of(written.document.entity, json.loads(written.sent, parse_float=Decimal)) == []
        assert written.sent == to_bytes(written.document.body)
    found = told(books, verdicts)
    if any(request.config.getoption(option, False) for option in ("--update-golden", "--record-golden")):
        _write(folder / "documents.json", found)
    assert found == read(folder / "documents.json")


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


def test_every_case_says_why_it_is_there_and_which_rule_it_shows() -> None:
    assert len(CASES) >= 60
    for name in CASES:
        case = read(GOLDEN / name / "case.json")
        assert case["why"].strip()
        assert case["rule"].strip()
