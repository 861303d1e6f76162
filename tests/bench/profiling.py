"""A sampling profiler on services while something is measured: `make bench PART=companies PROFILE=qbo-writer`.

The product knows nothing of it: the bench's launcher reads BENCH_PROFILE, names of services with commas between them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledgerport_local.local_platform import LocalPlatform

PROFILER = Path(sys.executable).with_name("py-spy")
FOLDER = Path(__file__).parents[2] / "build" / "profiles"
_RATE = "200"
_SHOWN = 40


@contextmanager
def profiled(platform: LocalPlatform, part: str) -> Iterator[None]:
    """Samples the chosen services inside; writes their stacks and a list of what costs most below build/profiles."""
    chosen = [name for name in os.environ.get("BENCH_PROFILE", "").split(",") if name]
    FOLDER.mkdir(parents=True, exist_ok=True)
    watching = {name: _watch(platform.pid(name), FOLDER / f"{part}-{name}.stacks") for name in chosen}
    try:
        yield
    finally:
        for name, process in watching.items():
            process.send_signal(signal.SIGINT)
            process.wait(60)
            stacks = FOLDER / f"{part}-{name}.stacks"
            if stacks.exists():
                stacks.with_suffix(".txt").write_text(_summary(stacks.read_text()))


def _watch(pid: int, into: Path) -> subprocess.Popen[bytes]:
    """Only samples on the CPU count; waiting costs nothing."""
    command = (PROFILER, "record", "--pid", str(pid), "--rate", _RATE, "--format", "raw", "--duration", "3600")
    return subprocess.Popen([*command, "--nonblocking", "--output", into], stdout=subprocess.DEVNULL)


def _summary(stacks: str) -> str:
    """Per cent of all samples: by the function itself, and with everything that it calls."""
    own, whole, total = Counter[str](), Counter[str](), 0
    for line in stacks.splitlines():
        frames, _, count = line.rpartition(" ")
        names = [frame.rpartition(":")[0] or frame for frame in frames.split(";")]
        total += int(count)
        own[names[-1]] += int(count)
        whole.update(dict.fromkeys(names, int(count)))
    lines = [f"{total} samples", "", "with all that it calls"]
    lines += [f"{count / total:7.1%}  {name}" for name, count in whole.most_common(3 * _SHOWN)]
    lines += ["", "by itself"]
    lines += [f"{count / total:7.1%}  {name}" for name, count in own.most_common(_SHOWN)]
    return "\n".join(lines) + "\n"
