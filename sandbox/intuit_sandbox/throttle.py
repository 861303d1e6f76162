"""Intuit's limits: requests a minute per company, and a second, in flight and batches per app and company."""

from __future__ import annotations

from collections import defaultdict, deque

from intuit_sandbox.settings import Knobs


class Throttle:
    """Sliding windows. A refused request counts nowhere."""

    def __init__(self, knobs: Knobs) -> None:
        self._knobs = knobs
        self._windows: defaultdict[tuple[str, ...], deque[float]] = defaultdict(deque)
        self.in_flight: defaultdict[tuple[str, str], int] = defaultdict(int)

    def admits(self, realm: str, client: str, batch: bool, now: float) -> bool:
        """Whether a request may pass now; if so it is counted."""
        knobs = self._knobs
        if knobs.concurrent_requests and self.in_flight[(realm, client)] >= knobs.concurrent_requests:
            return False
        windows = [
            (("minute", realm), 60.0, knobs.requests_per_minute),
            (("second", realm, client), 1.0, knobs.requests_per_second),
        ]
        if batch:
            windows.append((("batch", realm, client), 60.0, knobs.batches_per_minute))
        limited = [(self._windows[key], span, limit) for key, span, limit in windows if limit]
        for window, span, limit in limited:
            while window and window[0] <= now - span:
                window.popleft()
            if len(window) >= limit:
                return False
        for window, _, _ in limited:
            window.append(now)
        return True
