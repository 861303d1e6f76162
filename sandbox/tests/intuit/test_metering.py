"""What the API promises about change data, and how reads are counted beside writes."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from intuit_sandbox.harness import US, Company, fault, sale


def since(**ago: float) -> str:
    return (datetime.fromtimestamp(int(time.time()), UTC) - timedelta(**ago)).isoformat()


def changes(company: Company, entities: str, moment: str) -> list[dict[str, Any]]:
    answer = company.get("cdc", entities=entities, changedSince=moment)
    found: list[dict[str, Any]] = answer["CDCResponse"][0]["QueryResponse"]
    return found


def test_change_data_answers_each_kind_in_the_order_asked(us: Company) -> None:
    moment = since()
    entry = us.post("estimate", sale(("1", 1), CustomerRef={"value": "1"}))
    answer = changes(us, "Department,Estimate", moment)
    assert [list(one) for one in answer] == [[], ["Estimate", "startPosition", "maxResults"]]
    assert entry["Id"] in {one["Id"] for one in answer[1]["Estimate"]}


def test_a_document_changed_twice_is_there_once_as_it_is_now(us: Company) -> None:
    moment = since()
    made = us.post("invoice", sale(("1", 1), CustomerRef={"value": "1"}))
    us.post("invoice", {"Id": made["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "newest"})
    found = [one for one in changes(us, "Invoice", moment)[0]["Invoice"] if one["Id"] == made["Id"]]
    assert [(one["SyncToken"], one["PrivateNote"]) for one in found] == [("1", "newest")]


def test_an_invoice_that_a_payment_changed_shows_as_changed(us: Company) -> None:
    made = us.post("invoice", sale(("1", 5), CustomerRef={"value": "1"}))
    moment = since()
    link = {"Amount": 5, "LinkedTxn": [{"TxnId": made["Id"], "TxnType": "Invoice"}]}
    us.post("payment", {"CustomerRef": {"value": "1"}, "TotalAmt": 5, "Line": [link]})
    found = {one["Id"]: one for one in changes(us, "Invoice,Payment", moment)[0]["Invoice"]}
    assert found[made["Id"]]["Balance"] == 0


def test_change_data_ends_at_a_thousand_objects_in_total(us: Company) -> None:
    moment = since()
    for _ in range(41):
        items = [{"bId": str(n), "operation": "create", "SalesReceipt": sale(("1", 1))} for n in range(25)]
        us.post("batch", {"BatchItemRequest": items})
    us.post("estimate", sale(("1", 1), CustomerRef={"value": "1"}))
    receipts, estimates = changes(us, "SalesReceipt,Estimate", moment)
    assert len(receipts["SalesReceipt"]) + len(estimates.get("Estimate", [])) == 1000


def test_change_data_looks_back_thirty_days_and_knows_its_kinds(us: Company) -> None:
    def code(entities: str, moment: str) -> str:
        return fault(us.call("GET", "cdc", entities=entities, changedSince=moment))[0]

    assert code("Invoice", since(days=31)) == "6000"
    assert code("Invoice", "yesterday") == "2070"
    assert code("TaxCode", since()) == "4001"
    assert code("Orders", since()) == "4001"
    assert code("", since()) == "2020"
    changes(us, "invoice,PAYMENT,CompanyCurrency", since(days=29))


def test_reads_are_counted_apart_from_writes(us: Company) -> None:
    us.stand_in.door("DELETE", "requests")
    made = us.post("salesreceipt", sale(("1", 1)))
    seen = us.stand_in.door("GET", f"requests?realm={US}")
    assert (seen["reads_by_realm"], seen["writes_by_realm"]) == ({}, {US: 1})
    us.get(f"salesreceipt/{made['Id']}")
    us.query("select * from Term")
    us.call("POST", "query", b"select * from Term")
    us.get("cdc", entities="Invoice", changedSince=since())
    us.get("preferences")
    queries = [{"bId": str(n), "Query": "select * from Term"} for n in range(3)]
    create = {"bId": "c", "operation": "create", "SalesReceipt": sale(("1", 1))}
    us.post("batch", {"BatchItemRequest": [*queries, create]})
    seen = us.stand_in.door("GET", f"requests?realm={US}")
    assert seen["reads_by_realm"] == {US: 8}
    assert seen["reads_by_resource"] == {
        f"{US}/salesreceipt": 1,
        f"{US}/query": 2,
        f"{US}/cdc": 1,
        f"{US}/preferences": 1,
        f"{US}/batch": 3,
    }
    assert seen["write_count"] == 2


def test_what_was_throttled_is_not_metered(us: Company) -> None:
    us.stand_in.door("DELETE", "requests")
    us.stand_in.knobs(requests_per_minute=1)
    for _ in range(3):
        us.call("GET", "preferences")
    assert us.stand_in.door("GET", "requests")["reads_by_realm"] in ({US: 1}, {})
