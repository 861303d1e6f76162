"""The stand-in's time, shown as Intuit shows it: Pacific standard time, to the second."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

PACIFIC = timezone(timedelta(hours=-8))

_shift = 0.0


def now() -> float:
    """Seconds since the epoch, by the stand-in's own clock."""
    return time.time() + _shift


def go_wrong(seconds: float) -> None:
    """From now on the clock is this far ahead of everybody else's; negative: behind."""
    global _shift
    _shift = seconds


def stamp(at: float) -> str:
    """A MetaData time: `2026-03-01T05:58:07-08:00`."""
    return datetime.fromtimestamp(at, PACIFIC).isoformat(timespec="seconds")


def envelope_time(at: float) -> str:
    """The `time` of an envelope, with milliseconds."""
    return datetime.fromtimestamp(at, PACIFIC).isoformat(timespec="milliseconds")


def today(at: float) -> str:
    """The date on Intuit's server, which a transaction without TxnDate gets."""
    return datetime.fromtimestamp(at, PACIFIC).date().isoformat()


def read(text: str) -> float:
    """Seconds since the epoch of an ISO 8601 time or date; ValueError if it is neither."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=PACIFIC)
    return moment.astimezone(UTC).timestamp()
