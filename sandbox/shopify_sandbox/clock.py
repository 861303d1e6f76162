"""The time in the stores; tests may move it, so that tokens and orders grow old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Wall time plus a shift; whole seconds, as Shopify's own times have them."""

    def __init__(self) -> None:
        self.shift = timedelta()

    def now(self) -> datetime:
        return self.precise().replace(microsecond=0)

    def precise(self) -> datetime:
        return datetime.now(UTC) + self.shift

    def advance(self, seconds: float) -> None:
        self.shift += timedelta(seconds=seconds)
