"""When a store has been silent for longer than it usually is, although things happened in it."""

from __future__ import annotations

from datetime import datetime, timedelta

_AT_LEAST = timedelta(hours=24)
_TIMES_AS_LONG = 5


def silent_since(
    heard_at: datetime | None, connected_at: datetime, usual_gap: timedelta | None, found: int, now: datetime
) -> datetime | None:
    """The last sign of life, where that is suspiciously long ago; None while all is as it should be.

    A store in which nothing happens has nothing to tell: `found` counts what happened since then and was only found by
    looking.
    """
    if not found:
        return None
    since = max(heard_at or connected_at, connected_at)
    allowed = max(_AT_LEAST, (usual_gap or timedelta()) * _TIMES_AS_LONG)
    return since if now - since > allowed else None
