"""The log file of each child process: appended to, bounded in size, quoted when a child dies."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import IO

LARGEST_LOG = 8 * 1024 * 1024
"""Bytes after which a log is put aside as `<name>.log.1`, replacing the one before."""

_QUOTED_LINES = 6
_QUOTED_WIDTH = 300
_QUOTED_BYTES = 16_384


class LogFile:
    """Where one child's output goes. The child writes to the file itself, so it outlives the launcher."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.log"

    def open(self) -> IO[bytes]:
        """Open for appending, readable by the owner only."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return os.fdopen(descriptor, "ab", buffering=0)

    def bound(self, largest: int = LARGEST_LOG) -> None:
        """Put the content aside once it is larger than `largest` bytes; the child keeps its open file."""
        if self.path.exists() and self.path.stat().st_size > largest:
            shutil.copyfile(self.path, self.path.with_suffix(".log.1"))
            os.truncate(self.path, 0)

    def last_lines(self) -> list[str]:
        """The newest lines, shortened, for a person to read."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - _QUOTED_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
        return [line[:_QUOTED_WIDTH] for line in lines if line.strip()][-_QUOTED_LINES:]
