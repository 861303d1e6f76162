"""Keeps child processes running: starts, watches, restarts and stops them, and says so in sentences."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from ledgerport_local.account import LAUNCHER, Account
from ledgerport_local.errors import ChildGaveUpError, LocalError, NotReadyError
from ledgerport_local.guard import Guard
from ledgerport_local.logs import LogFile

_LOOK_EVERY = 0.05
_BOUND_LOGS_EVERY = 1.0
_AFTER_KILL = 5.0
_ENDING = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGABRT})


def _nothing() -> None:
    return None


def unsaid(_sentence: str) -> None:
    """Where sentences go that nobody wants to hear."""


@dataclass(frozen=True)
class Child:
    """A process to keep running. A higher `stage` is stopped earlier; `ready` must answer within a second."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    ready: Callable[[], bool]
    stage: int = 2
    account: Account = LAUNCHER
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 10.0
    folder: Path = Path("/")
    before_start: Callable[[], None] = _nothing
    advice: str = "If it does not stay up, that log says what it needs."


@dataclass(frozen=True)
class Patience:
    """How long a dying child is believed in: waits in seconds double from `first` to `longest`."""

    first: float = 0.25
    longest: float = 8.0
    deaths: int = 6
    within: float = 60.0


@dataclass
class _Kept:
    child: Child
    log: LogFile
    process: subprocess.Popen[bytes] | None = None
    due: float | None = 0.0
    held: bool = False
    deaths: deque[float] = field(default_factory=deque)

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Runs children until told to stop. All of them end with the launcher, even where that is killed.

    `announce` gets each sentence meant for a person. `failed` is set once a child was given up; what
    happened is then in `failure`. Files named by `hold_open` stay open until the last child is gone.
    """

    def __init__(
        self,
        logs: Path,
        *,
        announce: Callable[[str], None] = unsaid,
        patience: Patience | None = None,
        hold_open: Sequence[int] = (),
    ) -> None:
        self.failed = threading.Event()
        self.failure: str | None = None
        self._logs = logs
        self._announce = announce
        self._patience = patience or Patience()
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._hurry = threading.Event()
        self._guard = Guard(hold_open)
        self._next_bounding = 0.0
        logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One thread starts and reaps every child, so an interrupted caller can never lose one.
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._watcher.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, child: Child) -> None:
        """Start `child` now and keep it running. A name can be used once."""
        with self._lock:
            if child.name in self._kept:
                raise LocalError(f"A child named {child.name} is already there.")
            self._kept[child.name] = _Kept(child, LogFile(self._logs, child.name))
        self._wake.set()

    def names(self) -> list[str]:
        """The children, in the order in which they were started."""
        with self._lock:
            return list(self._kept)

    def pid(self, name: str) -> int:
        """The process id of a running child; LocalError where it does not run at this moment."""
        process = self._kept[name].process
        if process is None or process.poll() is not None:
            raise LocalError(f"{name} does not run at this moment.")
        return process.pid

    def log(self, name: str) -> Path:
        """Where the child's output is."""
        return self._kept[name].log.path

    def kill(self, name: str, signum: int = signal.SIGKILL) -> None:
        """Send a signal. One that ends a process is waited for; the child is then started again."""
        self._end(name, signum, held=False)

    def halt(self, name: str, signum: int = signal.SIGTERM) -> None:
        """End a child and keep it down until `start_again`."""
        self._end(name, signum, held=True)

    def start_again(self, name: str) -> None:
        """Start a halted child."""
        with self._lock:
            kept = self._kept[name]
            kept.held, kept.due = False, 0.0
        self._wake.set()

    def is_ready(self, name: str) -> bool:
        """Whether the child runs and says that it is ready."""
        kept = self._kept[name]
        return kept.runs and kept.child.ready()

    def wait_ready(self, name: str, timeout: float = 60.0) -> None:
        """Return once the child is ready; ChildGaveUpError or NotReadyError with the end of its log otherwise."""
        end = time.monotonic() + timeout
        while not self.is_ready(name):
            if self.failure is not None:
                raise ChildGaveUpError(self.failure)
            if self._closing.is_set():
                raise LocalError("Everything is being stopped.")
            if time.monotonic() > end:
                where = self._where_to_look(self._kept[name])
                raise NotReadyError(f"{name} is not ready after {timeout:.0f} seconds. {where}")
            time.sleep(_LOOK_EVERY)

    def hurry(self) -> None:
        """Make a stop that is under way kill what it would wait for. Safe in a signal handler."""
        self._hurry.set()

    def stop(self) -> None:
        """End all children, the highest stage first, and return when none is left. Repeating is harmless."""
        self._closing.set()
        self._wake.set()
        self._watcher.join()
        for stage in sorted({kept.child.stage for kept in self._kept.values()}, reverse=True):
            self._stop_stage([kept for kept in self._kept.values() if kept.child.stage == stage])
        self._tell_guard()
        self._guard.dismiss()

    def _stop_stage(self, members: list[_Kept]) -> None:
        began = time.monotonic()
        for kept in members:
            if kept.process is not None and kept.runs:
                _signal(kept.process, kept.child.stop_signal)
        for kept in members:
            if kept.process is None:
                continue
            while kept.runs and time.monotonic() < began + kept.child.grace and not self._hurry.is_set():
                time.sleep(_LOOK_EVERY / 5)
            _sweep(kept.process)

    def _end(self, name: str, signum: int, *, held: bool) -> None:
        with self._lock:
            kept = self._kept[name]
            kept.held = held
            process = kept.process
            if process is None or process.poll() is not None:
                if held:
                    kept.due = None
                return
            _signal(process, signum)
        if signum not in _ENDING:
            return
        end = time.monotonic() + kept.child.grace + _AFTER_KILL
        while kept.process is process:
            if time.monotonic() > end:
                raise NotReadyError(f"{name} is still there {kept.child.grace:.0f} seconds after signal {signum}.")
            time.sleep(_LOOK_EVERY / 5)

    def _watch(self) -> None:
        try:
            self._watch_until_closing()
        except Exception as error:
            # Without the watcher nothing would be started again, so its end has to be heard.
            self.failure = f"The launcher itself failed: {error!r}"
            self.failed.set()

    def _watch_until_closing(self) -> None:
        while not self._closing.is_set():
            with self._lock:
                for kept in self._kept.values():
                    self._look_at(kept)
            self._bound_logs()
            self._wake.wait(_LOOK_EVERY)
            self._wake.clear()

    def _look_at(self, kept: _Kept) -> None:
        if kept.process is not None and kept.process.poll() is not None:
            self._mourn(kept, kept.process)
        if kept.process is None and kept.due is not None and kept.due <= time.monotonic():
            self._spawn(kept)

    def _spawn(self, kept: _Kept) -> None:
        child = kept.child
        kept.due = None
        try:
            child.before_start()
            kept.log.bound()
            with kept.log.open() as output:
                kept.process = child.account.start(child.command, child.environment, output, child.folder)
        except (OSError, LocalError) as error:
            self._count_death(kept, f"{child.name} cannot be started: {error}")
        self._tell_guard()

    def _mourn(self, kept: _Kept, process: subprocess.Popen[bytes]) -> None:
        _sweep(process)
        kept.process = None
        self._tell_guard()
        if kept.held:
            kept.due = None
            return
        self._count_death(kept, f"{kept.child.name} died ({_how(process.returncode)})")

    def _count_death(self, kept: _Kept, what: str) -> None:
        now = time.monotonic()
        patience = self._patience
        kept.deaths.append(now)
        while kept.deaths[0] < now - patience.within:
            kept.deaths.popleft()
        times = len(kept.deaths)
        if times >= patience.deaths:
            self._give_up(kept, what)
            return
        wait = min(patience.longest, patience.first * 2 ** (times - 1))
        kept.due = now + wait
        self._announce(f"{what}; it is started again in {wait:g} s. {self._where_to_look(kept)}")

    def _give_up(self, kept: _Kept, what: str) -> None:
        if self.failure is None:
            self.failure = (
                f"{what}, {len(kept.deaths)} times within {self._patience.within:.0f} s, and is not "
                f"started again. {self._where_to_look(kept)}"
            )
            self.failed.set()

    def _where_to_look(self, kept: _Kept) -> str:
        last = kept.log.last_lines()
        quoted = "".join(f"\n    {line}" for line in last)
        return f"Its log: {kept.log.path}. {kept.child.advice}{quoted}"

    def _bound_logs(self) -> None:
        now = time.monotonic()
        if now < self._next_bounding:
            return
        self._next_bounding = now + _BOUND_LOGS_EVERY
        for kept in list(self._kept.values()):
            with contextlib.suppress(OSError):
                kept.log.bound()

    def _tell_guard(self) -> None:
        self._guard.tell(
            [
                (kept.process.pid, int(kept.child.stop_signal), kept.child.stage)
                for kept in self._kept.values()
                if kept.process is not None and kept.process.returncode is None
            ]
        )


def _signal(process: subprocess.Popen[bytes], signum: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signum)


def _sweep(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the child's process group, and reap the child."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"
