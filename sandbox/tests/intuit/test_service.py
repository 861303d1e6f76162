"""What the API promises beside the documents: request ids, batches, queries, change data, limits and failures."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import requests

from intuit_sandbox.harness import US, Company, StandIn, fault, sale


def count(company: Company) -> int:
    return int(company.query("select count(*) from SalesReceipt")["totalCount"])


def test_a_repeated_request_id_answers_the_first_response_and_creates_once(us: Company) -> None:
    before = count(us)
    first = us.call("POST", "salesreceipt", sale(("1", 1)), requestid="once-1")
    again = us.call("POST", "salesreceipt", sale(("1", 2)), requestid="once-1")
    assert again.content == first.content
    assert count(us) == before + 1
    assert us.refused("customer", {"DisplayName": "Other kind"}, requestid="once-1")[0] == "600"


def test_a_refused_write_is_not_replayed(us: Company) -> None:
    assert us.refused("salesreceipt", sale(("999", 1)), requestid="mended")[0] == "2500"
    us.post("salesreceipt", sale(("1", 1)), requestid="mended")


def test_request_ids_are_each_companys_own_and_at_most_50_long(us: Company, automated: Company) -> None:
    us.post("salesreceipt", sale(("1", 1)), requestid="shared")
    before = count(automated)
    automated.post("salesreceipt", sale(("1", 1)), requestid="shared")
    assert count(automated) == before + 1
    assert us.refused("salesreceipt", sale(("1", 1)), requestid="x" * 51)[0] == "2130"


def test_the_memory_of_request_ids_can_be_lost(us: Company) -> None:
    us.post("salesreceipt", sale(("1", 1)), requestid="forgotten")
    before = count(us)
    us.stand_in.door("POST", "forget-request-ids", {"realm": US})
    us.post("salesreceipt", sale(("1", 1)), requestid="forgotten")
    us.stand_in.knobs(remember_request_ids=False)
    us.post("salesreceipt", sale(("1", 1)), requestid="forgotten")
    assert count(us) == before + 2


def test_a_cut_after_the_write_is_healed_by_the_same_request_id(us: Company) -> None:
    before = count(us)
    us.stand_in.fail("cut_after", resource="salesreceipt")
    with pytest.raises(requests.ConnectionError):
        us.post("salesreceipt", sale(("1", 1)), requestid="cut")
    assert count(us) == before + 1
    us.post("salesreceipt", sale(("1", 1)), requestid="cut")
    assert count(us) == before + 1


@pytest.mark.parametrize(("answer", "status"), [("html_503_after", 503), ("garbled_after", 200)])
def test_an_answer_that_says_nothing_may_hide_a_write(us: Company, answer: str, status: int) -> None:
    before = count(us)
    us.stand_in.fail(answer, resource="salesreceipt")
    said = us.call("POST", "salesreceipt", sale(("1", 1)), requestid=answer)
    assert said.status_code == status
    with pytest.raises(requests.JSONDecodeError):
        said.json()
    us.post("salesreceipt", sale(("1", 1)), requestid=answer)
    assert count(us) == before + 1


def test_a_clock_that_is_ahead_lets_tokens_expire_and_behind_lets_nobody_wait(fresh: Callable[..., StandIn]) -> None:
    company = fresh().connect(US)
    company.stand_in.door("POST", "clock", {"ahead": 3700})
    assert company.call("GET", "companyinfo/1").status_code == 401
    company.stand_in.door("POST", "clock", {"ahead": -3700})
    assert company.call("GET", "companyinfo/1").status_code == 200


def test_a_cut_before_the_write_leaves_nothing(us: Company) -> None:
    before = count(us)
    us.stand_in.fail("cut_before", method="POST")
    with pytest.raises(requests.ConnectionError):
        us.post("salesreceipt", sale(("1", 1)))
    assert count(us) == before


def items(*payloads: object) -> dict[str, object]:
    requests_ = [{"bId": str(n), "operation": "create", "SalesReceipt": one} for n, one in enumerate(payloads)]
    return {"BatchItemRequest": requests_}


def test_a_batch_carries_faults_per_item_and_replays_each(us: Company) -> None:
    before = count(us)
    batch = items(sale(("1", 1)), sale(("999", 1)), sale(("1", 2)))
    first = us.post("batch", batch, requestid="b1")
    assert [("Fault" in one, one["bId"]) for one in first] == [(False, "0"), (True, "1"), (False, "2")]
    again = us.post("batch", batch, requestid="b1")
    assert [one.get("SalesReceipt") for one in again] == [one.get("SalesReceipt") for one in first]
    assert count(us) == before + 2


def test_a_batch_above_the_limit_is_refused_whole(us: Company) -> None:
    assert us.refused("batch", items(*[sale(("1", 1))] * 31))[0] == "1040"


def test_batches_query_delete_and_void(us: Company) -> None:
    one, two = (us.post("salesreceipt", sale(("1", 1))) for _ in range(2))
    answers = us.post(
        "batch",
        {
            "BatchItemRequest": [
                {"bId": "q", "Query": "".join(("select * from SalesReceipt where Id = '", one["Id"], "'"))},
                {"bId": "d", "operation": "delete", "SalesReceipt": {"Id": one["Id"], "SyncToken": "0"}},
                {
                    "bId": "v",
                    "operation": "update",
                    "optionsData": "void",
                    "SalesReceipt": {"Id": two["Id"], "SyncToken": "0", "sparse": True},
                },
            ]
        },
    )
    found = {answer["bId"]: answer for answer in answers}
    assert found["q"]["QueryResponse"]["SalesReceipt"][0]["Id"] == one["Id"]
    assert found["d"]["SalesReceipt"]["status"] == "Deleted"
    assert found["v"]["SalesReceipt"]["TotalAmt"] == 0


def test_queries_escape_page_order_and_count(us: Company) -> None:
    assert us.query(r"select * from Customer where DisplayName = 'Amy\'s Bird Sanctuary'")["Customer"][0]["Id"] == "1"
    assert us.query("select * from Vendor where DisplayName = 'Robertson & Associates'")["Vendor"][0]["Id"] == "49"
    page = us.query("select Id, DisplayName from Customer orderby Id startposition 3 maxresults 2")
    assert [one["Id"] for one in page["Customer"]] == ["3", "4"]
    assert (page["startPosition"], page["maxResults"]) == (3, 2)
    assert us.query("select * from Customer where DisplayName = 'nobody at all'") == {}
    mail = us.query("select * from Customer where PrimaryEmailAddr = 'Birds@Intuit.com'")
    assert mail["Customer"][0]["Id"] == "1"
    posted = us.call("POST", "query", b"select * from Account where AccountSubType = 'UndepositedFunds'")
    assert posted.json()["QueryResponse"]["Account"][0]["Id"] == "4"


@pytest.mark.parametrize(
    ("code", "statement"),
    [
        ("4000", "select * from Customer where Id = 1"),
        ("4000", "select * from Customer where Id = '1' or Id = '2'"),
        ("4000", "delete from Customer"),
        ("4000", "select * from Customer where DisplayName = 'Amy's'"),
        ("4001", "select * from Custmoer"),
        ("4001", "select * from SalesReceipt where PrivateNote = 'x'"),
    ],
)
def test_bad_queries_are_refused(us: Company, code: str, statement: str) -> None:
    answer = us.call("GET", "query", query=statement)
    assert (answer.status_code, fault(answer)[0]) == (400, code)


def test_change_data_shows_changes_and_stubs_of_the_deleted(us: Company) -> None:
    since = datetime.fromtimestamp(int(time.time()), UTC).isoformat()
    kept, gone = (us.post("salesreceipt", sale(("1", 1))) for _ in range(2))
    us.post("salesreceipt", {"Id": gone["Id"], "SyncToken": "0"}, operation="delete")
    answer = us.get("cdc", entities="SalesReceipt,Department", changedSince=since)["CDCResponse"][0]["QueryResponse"]
    by_id = {one["Id"]: one for one in answer[0]["SalesReceipt"]}
    assert by_id[kept["Id"]]["TotalAmt"] == 1
    assert by_id[gone["Id"]]["status"] == "Deleted"
    assert answer[1] == {}


def test_us_tax_by_hand_computes_or_keeps_what_is_given(us: Company) -> None:
    code = {"TxnTaxCodeRef": {"value": "2"}}
    assert (
        us.post("salesreceipt", sale(("1", "28.88", "TAX"), TxnTaxDetail=code))["TxnTaxDetail"]["TotalTax"] * 100 == 231
    )
    two = {"TxnTaxCodeRef": {"value": "3"}, "TotalTax": 9}
    assert us.refused("salesreceipt", sale(("1", 100, "TAX"), TxnTaxDetail=two))[0] == "6000"
    rates = [
        {"Amount": money, "DetailType": "TaxLineDetail", "TaxLineDetail": {"TaxRateRef": {"value": rate}}}
        for rate, money in (("1", 7), ("2", 2))
    ]
    assert us.post("salesreceipt", sale(("1", 100, "TAX"), TxnTaxDetail={**two, "TaxLine": rates}))["TotalAmt"] == 109
    us.stand_in.profile(US, using_sales_tax=False)
    assert us.post("salesreceipt", sale(("1", 100, "TAX"), TxnTaxDetail={**code, "TotalTax": 8}))["TotalAmt"] == 100


@pytest.mark.parametrize(("mode", "cents"), [("honoured", 700), ("ignored", 825), ("shifted", 701)])
def test_automated_tax_keeps_ignores_or_shifts_the_total(automated: Company, mode: str, cents: int) -> None:
    automated.stand_in.profile(automated.realm, automated_total=mode)
    shown = automated.post("salesreceipt", sale(("1", 100, "TAX"), TxnTaxDetail={"TotalTax": 7}))
    assert shown["TxnTaxDetail"]["TotalTax"] * 100 == cents
    assert automated.get("preferences")["Preferences"]["TaxPrefs"]["PartnerTaxEnabled"] is True


def test_vat_is_reckoned_per_rate_and_needs_a_code_on_each_line(british: Company) -> None:
    assert british.post("salesreceipt", sale(("1", "20.83", "6")))["TotalAmt"] * 100 == 2500
    line = {"Amount": 4.18, "DetailType": "TaxLineDetail", "TaxLineDetail": {"TaxRateRef": {"value": "12"}}}
    own = british.post("salesreceipt", sale(("1", "20.83", "6"), TxnTaxDetail={"TotalTax": 4.18, "TaxLine": [line]}))
    assert own["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]["OverrideDeltaAmount"] * 100 == 1
    gross = british.post("salesreceipt", sale(("1", "25.00", "6"), GlobalTaxCalculation="TaxInclusive"))
    assert (gross["TotalAmt"], gross["Line"][0]["Amount"] * 100) == (25, 2083)
    bare = sale(("1", 1))
    del bare["Line"][0]["SalesItemLineDetail"]["TaxCodeRef"]
    assert british.refused("salesreceipt", bare)[0] == "6000"
    none = {"GlobalTaxCalculation": "NotApplicable", "TxnTaxDetail": {"TotalTax": 1}}
    assert british.refused("salesreceipt", sale(("1", 1, "6"), **none))[0] == "6170"


def test_the_limits_answer_429_as_xml(us: Company) -> None:
    us.stand_in.knobs(requests_per_minute=3)
    answers = [us.call("GET", "preferences") for _ in range(5)]
    throttled = answers[-1]
    assert throttled.status_code == 429
    assert "errorCode=003001" in throttled.text
    us.stand_in.knobs(requests_per_minute=0, batches_per_minute=1)
    assert [us.call("POST", "batch", items()).status_code for _ in range(2)] == [200, 429]


def test_too_many_at_once_are_throttled(us: Company) -> None:
    us.stand_in.knobs(concurrent_requests=2, latency_ms=200)
    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda _: us.call("GET", "preferences").status_code, range(6)))
    assert {200, 429} == set(statuses)


def test_ordered_failures_come_in_their_shapes(us: Company) -> None:
    us.stand_in.fail("html_503")
    us.stand_in.fail("fault_200", code="10000", resource="preferences")
    first, second, third = (us.call("GET", "preferences") for _ in range(3))
    assert (first.status_code, first.headers["content-type"].split(";")[0]) == (503, "text/html")
    assert second.status_code == 200
    assert fault(second)[0] == "10000"
    assert third.status_code == 200
    assert all(one.headers["intuit_tid"] for one in (first, second, third))


def test_without_asking_for_json_the_answer_is_xml(us: Company) -> None:
    answer = us.call("GET", "salesreceipt/999999", accept="*/*")
    assert answer.status_code == 400
    assert '<Error code="610"' in answer.text


def test_the_logbook_counts_writes(us: Company) -> None:
    us.stand_in.door("DELETE", "requests")
    us.post("salesreceipt", sale(("1", 1)), requestid="counted")
    us.query("select * from Customer maxresults 1")
    seen = us.stand_in.door("GET", f"requests?realm={US}")
    assert (seen["by_realm"][US], seen["write_count"]) == (2, 1)
    assert seen["writes"][0]["requestid"] == "counted"


def test_the_pages_show_what_is_in_the_books(stand_in: StandIn, us: Company) -> None:
    us.post("salesreceipt", sale(("1", 77), DocNumber="SEEN-1", CustomerRef={"value": "3"}))
    company = f"{stand_in.url}/companies/{US}"
    assert "Craig" in stand_in.session.get(stand_in.url, timeout=10).text
    assert "SEEN-1" in stand_in.session.get(f"{company}/salesreceipts?q=cool+cars", timeout=10).text
    assert "SEEN-1" not in stand_in.session.get(f"{company}/salesreceipts?q=nobody", timeout=10).text
    assert "Undeposited Funds" in stand_in.session.get(f"{company}/trial-balance", timeout=10).text


@pytest.mark.parametrize("kill", [False, True], ids=["SIGTERM", "SIGKILL"])
def test_a_restart_keeps_books_tokens_and_request_ids(fresh: Callable[..., StandIn], kill: bool) -> None:
    first = fresh()
    company = first.connect(US)
    receipt = company.post("salesreceipt", sale(("1", 5)), requestid="kept")
    balances = company.balances()
    code = first.stop(kill=kill)
    assert kill or code == 0
    second = fresh()
    company.stand_in = second
    assert (second.folder / "port").read_text().strip() == second.url.rsplit(":", 1)[1]
    assert company.balances() == balances
    assert company.post("salesreceipt", {}, requestid="kept") == receipt
    assert company.post("salesreceipt", sale(("1", 5)))["Id"] == str(int(receipt["Id"]) + 1)
    again = second.token(grant_type="refresh_token", refresh_token=company.tokens["refresh_token"])
    assert again.status_code == 200


BROKEN = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe",
    b'{"Line":5}',
    b'{"Line":[5]}',
    b'{"Line":[{}]}',
    b'{"CustomerRef":5}',
    b'{"Line":[{"DetailType":"SalesItemLineDetail","Amount":1e400}]}',
    b'{"Id":{"a":1},"SyncToken":"0"}',
    b'{"DisplayName":["x"]}',
    b'{"BatchItemRequest":[5,{},{"bId":"1","operation":"create","Customer":7},{"Query":5}]}',
    b'{"TaxCode":"x","TaxRateDetails":{"a":5}}',
    b'{"TaxCode":5,"TaxRateDetails":[{}]}',
    b'{"CustomerRef":{},"TotalAmt":0,"Line":[{"Amount":1,"LinkedTxn":[{}]}]}',
    b'{"CustomerRef":{"value":"1"},"TotalAmt":1,"Line":[{"Amount":1,"LinkedTxn":[{"TxnType":"Invoice"}]}]}',
    b'{"CustomerRef":{"value":"1"},"Line":[],"LinkedTxn":[{}]}',
    b'{"DepositToAccountRef":{},"Line":[{"LinkedTxn":[{}]}]}',
    b'{"DepositToAccountRef":{"value":"35"},"Line":[{"LinkedTxn":[{"TxnType":"Payment"}]}],"CashBack":{}}',
    b'{"DepositToAccountRef":{"value":"35"},"Line":[{"Amount":1}],"CashBack":{"Amount":1}}',
    b'{"Line":[{"Amount":1,"DetailType":"JournalEntryLineDetail","JournalEntryLineDetail":{"Entity":{}}}]}',
    b'{"Line":[{"Amount":1,"DetailType":"JournalEntryLineDetail","JournalEntryLineDetail":'
    b'{"PostingType":"Debit","AccountRef":{"value":"35"},"Entity":{"Type":"Other","EntityRef":{}}}}]}',
    b'{"FromAccountRef":{},"ToAccountRef":{"value":"35"},"Amount":1}',
    b'{"PaymentType":"Cash","AccountRef":{"value":"35"},"EntityRef":{},"Line":[{"DetailType":'
    b'"AccountBasedExpenseLineDetail","AccountBasedExpenseLineDetail":{"AccountRef":{}}}]}',
    b'{"Code":5}',
    b'{"SourceCurrencyCode":{"a":1},"Rate":"x","AsOfDate":5,"SyncToken":0}',
]


@pytest.mark.parametrize(
    "resource",
    [
        *("salesreceipt", "invoice", "estimate", "payment", "deposit", "journalentry", "transfer", "purchase"),
        *("customer", "item", "companycurrency", "exchangerate", "batch", "taxservice/taxcode"),
    ],
)
def test_no_body_however_broken_is_a_failure_of_ours(us: Company, resource: str) -> None:
    for body in BROKEN:
        answer = us.call("POST", resource, body)
        assert answer.status_code in (200, 400), (body, answer.text)
