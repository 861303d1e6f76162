"""What processes used, read from /proc: CPU seconds and memory, with everything that they started."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ledgerport_local.local_platform import LocalPlatform

_TICK = float(os.sysconf("SC_CLK_TCK"))
_MIB = 1024.0
# Places after the name in /proc/<pid>/stat: parent, then user and system ticks, own and of children that ended.
_PARENT, _TICKS = 1, slice(11, 15)


@dataclass(frozen=True, slots=True)
class Clock:
    """CPU seconds of each named process tree since the beginning of each."""

    seconds: dict[str, float]

    def since(self, before: Clock) -> dict[str, float]:
        return {name: used - before.seconds.get(name, 0.0) for name, used in self.seconds.items()}


def clock(platform: LocalPlatform) -> Clock:
    """Of every child of the platform, and of this process, which plays the senders."""
    stats = _stats()
    trees = {name: _tree(platform.pid(name), stats) for name in platform.supervisor.names()}
    own = os.times()
    return Clock({name: _cpu(pids, stats) for name, pids in trees.items()} | {"bench": own.user + own.system})


def cpu_of(pid: int) -> float:
    """CPU seconds of one process tree that is no child of the platform."""
    stats = _stats()
    return _cpu(_tree(pid, stats), stats)


def resident_mib(platform: LocalPlatform, names: Iterable[str]) -> dict[str, float]:
    """Memory now, in MiB; of PostgreSQL only the server itself, since its children share what they have."""
    return {name: _status(platform.pid(name), "VmRSS") for name in names}


def peak_mib(platform: LocalPlatform, names: Iterable[str]) -> dict[str, float]:
    """The most memory that each process ever held, in MiB."""
    return {name: _status(platform.pid(name), "VmHWM") for name in names}


def _status(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / _MIB
    raise ValueError(f"{pid} says nothing of {field}")


def _stats() -> dict[int, list[str]]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = (entry / "stat").read_text().rpartition(") ")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def _tree(root: int, stats: dict[int, list[str]]) -> list[int]:
    members = [root]
    for member in members:
        members += [pid for pid, stat in stats.items() if int(stat[_PARENT]) == member]
    return members


def _cpu(pids: Iterable[int], stats: dict[int, list[str]]) -> float:
    return sum(int(ticks) for pid in pids if pid in stats for ticks in stats[pid][_TICKS]) / _TICK
