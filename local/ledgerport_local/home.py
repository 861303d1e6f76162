"""The LedgerPort home: the folder with all that is kept between runs, used by one launcher at a time."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledgerport_local.errors import LocalError
from ledgerport_local.ports import Ports
from ledgerport_local.private_files import write_private

_CLEANUP_SECONDS = 30.0


def default_home() -> Path:
    """`LEDGERPORT_HOME`, else `ledgerport` below the folder for programs' state."""
    if given := os.environ.get("LEDGERPORT_HOME"):
        return Path(given).expanduser().absolute()
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser().absolute() / "ledgerport"


class Home:
    """Paths and kept secrets below one folder. What lies in it is readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.logs = self.folder / "logs"
        self.keys = self.folder / "keys"
        self._lock: int | None = None
        self._make()
        self.ports = Ports(self.folder / "ports.json")

    def _make(self) -> None:
        # Root runs the database as another account, which must be able to pass through to its own
        # folder; each folder below is closed by itself. A folder that was there keeps its mode.
        mode = 0o711 if os.geteuid() == 0 else 0o700
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            if not self.folder.exists():
                self.folder.mkdir()
                self.folder.chmod(mode)
            for room in (self.logs, self.keys):
                room.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise LocalError(
                f"The data folder {self.folder} cannot be made ({error.strerror}). "
                "Set LEDGERPORT_HOME to a folder that you may write to."
            ) from error

    def room(self, name: str) -> Path:
        """The folder `name` below the home, made with mode 0700 where it is missing."""
        path = self.folder / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def secret(self, name: str) -> str:
        """A random text of 32 characters, made on first use and kept in the file `keys/<name>`."""
        return self.keep(f"{name}", secrets.token_urlsafe(24).encode()).read_text()

    def keep(self, name: str, content: bytes) -> Path:
        """The file `keys/<name>` (mode 0600), made with `content` unless it is already there."""
        path = self.keys / name
        if not path.exists():
            write_private(path, content)
        return path

    def lock(self, told: dict[str, str]) -> int:
        """Take the home for this process, or say who has it. Returns the open lock file.

        A launcher that was killed leaves a guardian, which holds the lock until all is stopped.
        """
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        end = time.monotonic() + _CLEANUP_SECONDS
        while not _locked(descriptor):
            holder = _told_by(descriptor)
            if _lives(holder) or time.monotonic() > end:
                os.close(descriptor)
                who = f"process {holder.get('pid', '?')} at {holder.get('url', 'an unknown address')}"
                raise LocalError(
                    f"LedgerPort is already running on {self.folder}: {who}. "
                    "Stop that one with Ctrl-C, or set LEDGERPORT_HOME to another folder for a second one."
                )
            time.sleep(0.1)
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": str(os.getpid()), **told}).encode(), 0)
        self._lock = descriptor
        return descriptor

    def unlock(self) -> None:
        """Give the home back."""
        if self._lock is not None:
            os.truncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None


@contextmanager
def temporary_home() -> Iterator[Path]:
    """A fresh home below the system's folder for temporary files, removed at the end."""
    outside = Path(tempfile.mkdtemp(prefix="ledgerport-"))
    if os.geteuid() == 0:
        outside.chmod(0o711)
    try:
        yield outside / "home"
    finally:
        shutil.rmtree(outside)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _told_by(descriptor: int) -> dict[str, str]:
    try:
        told: dict[str, str] = json.loads(os.pread(descriptor, 4096, 0))
    except ValueError:
        return {}
    return told


def _lives(holder: dict[str, str]) -> bool:
    try:
        os.kill(int(holder.get("pid", "0")) or os.getpid(), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
