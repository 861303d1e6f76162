"""The outer forms of an answer: JSON, XML, the gateway's own shapes, and the trace id on all of them."""

from __future__ import annotations

import secrets
import time
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from starlette.responses import Response

from intuit_sandbox import clock
from intuit_sandbox.faults import Fault
from intuit_sandbox.store import DECODER, ENCODER

JSON_TYPE = "application/json;charset=utf-8"
XML_TYPE = "application/xml;charset=utf-8"
XML_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
NAMESPACE = "http://schema.intuit.com/finance/v3"


def trace_id() -> str:
    return f"1-{int(clock.now()):08x}-{secrets.token_hex(12)}"


def wants_json(accept: str) -> bool:
    """Only a caller that asks for JSON gets it; anything else is XML, as at Intuit."""
    return "json" in accept.lower()


def traced(response: Response, tid: str) -> Response:
    response.headers["intuit_tid"] = tid
    return response


def envelope(body: bytes, as_json: bool, status: int = 200) -> Response:
    if as_json:
        return Response(body, status, media_type=JSON_TYPE, headers={"Qbo-Version": "1944.190"})
    return Response(xml_of(DECODER.decode(body)), status, media_type=XML_TYPE)


def fault(refusal: Fault, as_json: bool) -> Response:
    body = ENCODER.encode({"Fault": refusal.body(), "time": clock.envelope_time(clock.now())})
    return envelope(body, as_json, refusal.status)


def xml_of(document: Any) -> str:
    """An envelope as XML; `code` and `element` of an error and the `name` of a reference are attributes."""
    inner = "".join(_element(name, value) for name, value in document.items() if name != "time")
    moment = quoteattr(str(document.get("time", "")))
    return f'{XML_HEAD}<IntuitResponse time={moment} xmlns="{NAMESPACE}">{inner}</IntuitResponse>'


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, member) for member in value)
    if not isinstance(value, dict):
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return f"<{name}>{escape(text)}</{name}>"
    if "value" in value:
        label = f" name={quoteattr(str(value['name']))}" if "name" in value else ""
        return f"<{name}{label}>{escape(str(value['value']))}</{name}>"
    attributes = "".join(
        f" {key}={quoteattr(str(value[key]))}" for key in ("code", "element", "type") if isinstance(value.get(key), str)
    )
    members = "".join(_element(k, v) for k, v in value.items() if k not in ("code", "element", "type"))
    return f"<{name}{attributes}>{members}</{name}>"


def gateway_refusal(status: int, code: str, message: str, detail: str) -> Response:
    """401 and 403 in the lower-case shape of the gateway."""
    padded = code.zfill(6)
    text = f"message={message}; errorCode={padded}; statusCode={status}"
    kind = "AUTHENTICATION" if status == 401 else "AUTHORIZATION"
    body: dict[str, Any] = {
        "warnings": None,
        "intuitObject": None,
        "fault": {"error": [{"message": text, "detail": detail, "code": code, "element": None}], "type": kind},
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "time": int(time.time() * 1000),
        "status": None,
        "cdcresponse": [],
    }
    headers = {"WWW-Authenticate": 'Bearer realm="Intuit", error="invalid_token"'} if status == 401 else {}
    return Response(ENCODER.encode(body), status, headers, media_type=JSON_TYPE)


def throttled() -> Response:
    return Response(
        f'{XML_HEAD}<IntuitResponse time="{clock.envelope_time(clock.now())}" xmlns="{NAMESPACE}">'
        '<Fault type="SERVICE"><Error code="3001">'
        "<Message>message=ThrottleExceeded; errorCode=003001; statusCode=429</Message>"
        "<Detail>The request limit was reached.  Try again later</Detail></Error></Fault></IntuitResponse>",
        429,
        media_type="text/xml",
    )


def unavailable() -> Response:
    return Response(
        "<html><head><title>503 Service Temporarily Unavailable</title></head>"
        "<body><center><h1>503 Service Temporarily Unavailable</h1></center></body></html>",
        503,
        media_type="text/html",
    )
