"""Intuit's limits for one company as the stand-in enforces them, and how many documents a minute they let through."""

from __future__ import annotations

from dataclasses import dataclass

# What the product is told for a measurement: all that Intuit allows, with no other app beside it.
WHOLE = {
    "QBO_REQUESTS_PER_MINUTE": "500",
    "QBO_REQUESTS_PER_SECOND": "10",
    "QBO_IN_FLIGHT": "10",
    "QBO_BATCHES_PER_MINUTE": "40",
    "QBO_BATCH_PAYLOADS": "30",
}


@dataclass(frozen=True, slots=True)
class Latency:
    """How long the other side takes: milliseconds for each call, and for each item of a batch beside that."""

    name: str
    call_ms: float
    item_ms: float

    def knobs(self) -> dict[str, float]:
        return {"latency_ms": self.call_ms, "batch_item_latency_ms": self.item_ms}


QUICK = Latency("", 0, 0)
SLOW = Latency("_slow", 200, 100)
_REQUESTS, _PER_SECOND, _IN_FLIGHT, _BATCHES, _PAYLOADS = 500, 10, 10, 40, 30


def ceiling(latency: Latency) -> float:
    """The most documents that one company can be sent in a minute.

    Two lanes share the requests: b batches of 30 and s singles, with b <= 40, b + s <= min(500, 60 * 10), and what is
    under way at once, b * (call + 30 * item) + s * call, at most 10 * 60 seconds a minute. A document in a batch costs
    less of everything but waiting, so batches come first, then singles fill what is left. At no latency that is
    40 * 30 + 460 = 1,660; at 200 ms a call and 100 ms an item the batches keep 2.1 of 10 places busy and the singles
    1.5: the limit of requests still binds, and the ceiling is the same.
    """
    places = _IN_FLIGHT * 60.0
    single, batch = latency.call_ms / 1000, (latency.call_ms + _PAYLOADS * latency.item_ms) / 1000
    requests = min(_REQUESTS, 60 * _PER_SECOND)
    batches = min(_BATCHES, requests, places / batch if batch else _BATCHES)
    singles = min(requests - batches, (places - batches * batch) / single if single else requests)
    return batches * _PAYLOADS + singles
