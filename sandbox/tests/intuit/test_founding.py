"""More companies can be founded as copies, and from then on each has books of its own."""

from __future__ import annotations

from collections.abc import Callable

from intuit_sandbox.harness import BRITISH, US, StandIn, sale

Fresh = Callable[..., StandIn]


def test_a_founded_company_begins_with_all_that_the_other_holds_and_goes_its_own_way(fresh: Fresh) -> None:
    running = fresh()
    running.connect(US).post("salesreceipt", sale(("1", 7)))
    founded = running.door("POST", "companies", {"like": US, "realm_id": "9341450000000101", "name": "Second"})
    assert founded["name"] == "Second"
    sold = running.door("GET", f"companies/{US}/objects/SalesReceipt")
    assert running.door("GET", "companies/9341450000000101/objects/SalesReceipt") == sold
    made = running.connect("9341450000000101").post("salesreceipt", sale(("1", 5)))
    counted = [running.door("GET", f"companies/{realm}/counts") for realm in (US, "9341450000000101")]
    assert counted[1]["SalesReceipt"] == counted[0]["SalesReceipt"] + 1
    assert made["Id"] not in {one["Id"] for one in running.door("GET", f"companies/{US}/objects/SalesReceipt")}
    trial = running.door("GET", "companies/9341450000000101/trial-balance")
    assert trial["debit_minor"] == trial["credit_minor"]


def test_a_founded_company_is_there_after_a_restart(fresh: Fresh) -> None:
    running = fresh()
    running.door("POST", "companies", {"like": BRITISH, "realm_id": "9341450000000102", "name": "Third"})
    before = running.door("GET", "companies/9341450000000102/objects/Account")
    running.stop(kill=True)
    again = fresh()
    assert again.door("GET", "companies/9341450000000102/objects/Account") == before


def test_a_realm_is_given_once_and_a_copy_needs_its_original(fresh: Fresh) -> None:
    running = fresh()
    for asked, status in (({"like": US, "realm_id": US}, 422), ({"like": "1", "realm_id": "2"}, 404)):
        answer = running.session.post(f"{running.url}/_sandbox/companies", json={"name": "N", **asked}, timeout=10)
        assert answer.status_code == status
