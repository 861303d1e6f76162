"""Every answer of QuickBooks is understood in one place, whatever shape it has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qbo_writer.answers import BY_CODE, Action, Answer, read, read_rows

XML_429 = (
    b'<?xml version="1.0" encoding="UTF-8"?><IntuitResponse xmlns="http://schema.intuit.com/finance/v3">'
    b'<Fault type="THROTTLE"><Error code="3001"><Message>message=ThrottleExceeded</Message>'
    b"<Detail>slow down</Detail></Error></Fault></IntuitResponse>"
)


def encoded(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def said(status: int, body: Any) -> Action:
    return read(Answer(status, encoded(body)), "SalesReceipt").action


def fault(code: str, message: str = "m", detail: str = "d") -> dict[str, Any]:
    error = {"Message": message, "Detail": detail, "code": code}
    return {"Fault": {"Error": [error], "type": "ValidationFault"}, "time": "t"}


LOWER = {
    "fault": {
        "error": [{"message": "AuthenticationFailed", "detail": "Token expired", "code": "3200"}],
        "type": "AUTHENTICATION",
    }
}

TABLE: list[tuple[str, int, Any, Action]] = [
    ("the document", 200, {"SalesReceipt": {"Id": "1"}, "time": "t"}, Action.DONE),
    ("200 with a fault", 200, fault("6240"), Action.NAME_TAKEN),
    ("200 with something else", 200, {"Customer": {"Id": "1"}}, Action.SAME_AGAIN),
    ("200 that is no JSON", 200, b"<html>maintenance</html>", Action.SAME_AGAIN),
    ("the gateway's lower-case 401", 401, LOWER, Action.REFRESH),
    ("a bare 401", 401, b"", Action.REFRESH),
    ("429 in XML", 429, XML_429, Action.WAIT),
    ("a bare 429", 429, b"", Action.WAIT),
    ("429 with an unknown code", 429, fault("99"), Action.WAIT),
    ("throttled with zeros before the code", 429, fault("003001"), Action.WAIT),
    ("HTML 503", 503, b"<html>Service Unavailable</html>", Action.SAME_AGAIN),
    ("500 with a fault", 500, fault("10000"), Action.SAME_AGAIN),
    ("500 with an unknown fault", 500, fault("424242"), Action.SAME_AGAIN),
    ("nothing came back", 0, b"", Action.SAME_AGAIN),
    ("duplicate name", 400, fault("6240"), Action.NAME_TAKEN),
    ("duplicate number", 400, fault("6140"), Action.NUMBER_TAKEN),
    ("unknown reference", 400, fault("2500"), Action.RELOAD),
    ("object gone", 400, fault("610"), Action.RELOAD),
    ("closed books", 400, fault("6200"), Action.HOLD_PERIOD),
    ("closed books, with a warning", 400, fault("6210"), Action.HOLD_PERIOD),
    ("plan lapsed", 400, fault("6190"), Action.COMPANY),
    ("wrong company for this token", 403, fault("3100"), Action.REFRESH),
    ("a bare 403", 403, b"", Action.COMPANY),
    ("unknown code", 400, fault("77777"), Action.ASK),
    ("a bare 400", 400, b"odd", Action.ASK),
    ("stale token of an object", 400, fault("5010"), Action.STALE),
    ("signature not understood", 400, fault("100"), Action.REFRESH),
    ("no token", 401, fault("110"), Action.REFRESH),
    ("this app may not", 403, fault("120"), Action.COMPANY),
    ("sent to the wrong cluster", 500, fault("130"), Action.SAME_AGAIN),
    ("the company is locked out", 403, fault("140"), Action.COMPANY),
    ("under maintenance", 400, fault("150"), Action.SAME_AGAIN),
    ("a request id that was used", 400, fault("600"), Action.SEEN_BEFORE),
    ("a limit in JSON", 403, fault("3001"), Action.WAIT),
    ("expired", 401, fault("3200"), Action.REFRESH),
    ("a customer that is gone", 400, fault("6250"), Action.RELOAD),
    ("the company was reset", 400, fault("10200"), Action.COMPANY),
    ("in a deposit", 400, fault("6540"), Action.ASK),
]


@pytest.mark.parametrize(("status", "body", "action"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_is_done_about_an_answer(status: int, body: Any, action: Action) -> None:
    assert said(status, body) is action


def test_every_code_that_we_know_stands_in_this_table() -> None:
    seen = {code for _, _, body, _ in TABLE if (code := read(Answer(400, encoded(body)), "").fault.code)}
    assert set(BY_CODE) <= seen


def test_a_fault_is_read_from_every_spelling() -> None:
    for body in (
        fault("6240", "Duplicate", "why"),
        {"fault": {"error": {"code": "6240", "message": "Duplicate", "detail": "why"}}},
    ):
        reading = read(Answer(400, json.dumps(body).encode()), "Customer")
        assert (reading.fault.code, reading.fault.message, reading.fault.detail) == ("6240", "Duplicate", "why")
    xml = read(Answer(429, XML_429), "Customer").fault
    assert (xml.code, xml.message, xml.detail) == ("3001", "message=ThrottleExceeded", "slow down")


def test_xml_with_a_doctype_is_not_read() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "b">]><IntuitResponse><Fault><Error code="6240"/></Fault></IntuitResponse>'
    assert read(Answer(400, bomb), "Customer").action is Action.ASK


def test_rows_come_only_from_a_whole_answer() -> None:
    whole = json.dumps({"QueryResponse": {"Customer": [{"Id": "1"}]}}).encode()
    assert read_rows(Answer(200, whole), "Customer") == [{"Id": "1"}]
    assert read_rows(Answer(200, b'{"QueryResponse": {}}'), "Customer") == []
    for answer in (Answer(503, whole), Answer(200, json.dumps(fault("1")).encode()), Answer(0, b"")):
        assert read_rows(answer, "Customer") is None
