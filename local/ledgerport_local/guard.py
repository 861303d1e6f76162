"""The launcher's end of the guardian: tells it which processes run, so that it can stop them alone."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_GUARDIAN = Path(__file__).with_name("guardian.py")


class Guard:
    """A small process beside the launcher that outlives it just long enough to stop its children."""

    def __init__(self, hold_open: Sequence[int] = ()) -> None:
        self._hold_open = tuple(hold_open)
        self._process: subprocess.Popen[bytes] | None = None

    def tell(self, running: Sequence[tuple[int, int, int]]) -> None:
        """Replace what the guardian knows: (process id, signal that stops it, stage) of each child."""
        line = json.dumps(running).encode() + b"\n"
        for _ in range(2):
            process = self._running_guardian()
            assert process.stdin is not None  # noqa: S101  opened as a pipe just below
            try:
                process.stdin.write(line)
                process.stdin.flush()
            except BrokenPipeError:
                self.dismiss()  # it was killed: the next round starts another
                continue
            return

    def dismiss(self) -> None:
        """Close the line to the guardian and wait for its end."""
        if self._process is None:
            return
        process, self._process = self._process, None
        assert process.stdin is not None  # noqa: S101
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.wait()

    def _running_guardian(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_GUARDIAN)],
                stdin=subprocess.PIPE,
                start_new_session=True,
                pass_fds=self._hold_open,
                cwd="/",
            )
        return self._process
