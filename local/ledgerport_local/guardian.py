"""Stops what the launcher left running when the launcher itself was killed.

Reads one JSON list a line from its standard input: the processes that run now, each as
[process id, signal that stops it, stage]. The end of the input without an empty list before it
means that the launcher is gone; then the stages are stopped from the highest to the lowest.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterable

GRACE = 10.0
"""Seconds that each stage gets to end by itself."""


def stop_in_order(left: Iterable[tuple[int, int, int]], grace: float = GRACE) -> None:
    """Stop the processes, the highest stage first; what is still there after `grace` seconds is killed."""
    processes = list(left)
    for stage in sorted({stage for _, _, stage in processes}, reverse=True):
        members = [(pid, stop) for pid, stop, found in processes if found == stage]
        for pid, stop in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, stop)
        end = time.monotonic() + grace
        while any(_runs(pid) for pid, _ in members) and time.monotonic() < end:
            time.sleep(0.05)
        for pid, _ in members:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main() -> None:
    """Listen to the launcher until it ends, then clean up behind it."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    running: list[tuple[int, int, int]] = []
    for line in sys.stdin:
        running = [(pid, stop, stage) for pid, stop, stage in json.loads(line)]
    stop_in_order(running)


if __name__ == "__main__":
    main()
