"""Children are started again when they die, given up when they keep dying, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledgerport_local.errors import ChildGaveUpError
from ledgerport_local.guardian import stop_in_order
from ledgerport_local.logs import LogFile
from ledgerport_local.supervise import Child, Patience, Supervisor

QUICK = Patience(first=0.01, longest=0.02, deaths=4)


def eventually(holds: Callable[[], bool], within: float = 15.0) -> None:
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "did not come true in time"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    """No such process, or only its entry until somebody reaps it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def child(folder: Path, script: str, *, grace: float = 10.0, stage: int = 2, name: str = "worker") -> Child:
    """A child that is ready once its script has made the file `<name>.ready`."""
    ready = folder / f"{name}.ready"
    return Child(
        name=name,
        command=("/bin/sh", "-c", script),
        environment={"PATH": os.environ["PATH"], "READY": str(ready), "FOLDER": str(folder)},
        ready=ready.exists,
        before_start=lambda: ready.unlink(missing_ok=True),
        grace=grace,
        stage=stage,
        advice="Ask the author.",
    )


STAYS = 'touch "$READY"; exec sleep 600'


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    with Supervisor(tmp_path / "logs", announce=said.append, patience=QUICK) as running:
        yield running


def test_a_dead_child_is_started_again_and_a_sentence_says_so(
    supervisor: Supervisor, tmp_path: Path, said: list[str]
) -> None:
    supervisor.start(child(tmp_path, f"echo the last words; {STAYS}"))
    supervisor.wait_ready("worker")
    before = supervisor.pid("worker")

    supervisor.kill("worker", signal.SIGKILL)
    supervisor.wait_ready("worker")

    assert supervisor.pid("worker") != before
    assert len(said) == 1
    assert said[0].startswith("worker died (killed by SIGKILL); it is started again in 0.01 s. Its log: ")
    assert "Ask the author." in said[0]
    assert said[0].endswith("\n    the last words")
    assert str(tmp_path / "logs" / "worker.log") in said[0]


def test_a_child_that_keeps_dying_is_given_up_with_its_last_words(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(child(tmp_path, "echo no key was given; exit 3"))
    with pytest.raises(ChildGaveUpError, match=r"worker died \(exit code 3\), 4 times within 60 s") as raised:
        supervisor.wait_ready("worker")
    assert "no key was given" in str(raised.value)
    assert supervisor.failed.is_set()


def test_a_program_that_is_not_there_is_given_up_too(supervisor: Supervisor) -> None:
    supervisor.start(Child("worker", ("/no/such/program",), {}, ready=lambda: False))
    with pytest.raises(ChildGaveUpError, match=r"worker cannot be started: .*No such file"):
        supervisor.wait_ready("worker")


def test_a_halted_child_stays_down_until_it_is_started_again(
    supervisor: Supervisor, tmp_path: Path, said: list[str]
) -> None:
    supervisor.start(child(tmp_path, STAYS))
    supervisor.start(child(tmp_path, STAYS, name="other"))
    supervisor.wait_ready("worker")

    supervisor.halt("worker")
    supervisor.kill("other")
    supervisor.wait_ready("other")
    assert not supervisor.is_ready("worker")

    supervisor.start_again("worker")
    supervisor.wait_ready("worker")
    assert [sentence.split()[0] for sentence in said] == ["other"]


def test_the_end_stops_higher_stages_first_and_leaves_nobody(tmp_path: Path) -> None:
    order = tmp_path / "order"
    script = 'trap \'echo "$NAME" >> "$FOLDER/order"; exit 0\' TERM; touch "$READY"; while :; do sleep 0.02; done'
    with Supervisor(tmp_path / "logs") as supervisor:
        for stage, name in enumerate(("database", "stand-in", "service")):
            supervisor.start(child(tmp_path, f"NAME={name}; {script}", stage=stage, name=name))
        for name in supervisor.names():
            supervisor.wait_ready(name)
        pids = [supervisor.pid(name) for name in supervisor.names()]
    assert order.read_text().split() == ["service", "stand-in", "database"]
    assert all(is_gone(pid) for pid in pids)


def test_a_child_that_ignores_the_request_is_killed_with_all_it_started(tmp_path: Path) -> None:
    script = 'trap "" TERM; sleep 600 & echo $! > "$FOLDER/grandchild"; touch "$READY"; wait'
    with Supervisor(tmp_path / "logs") as supervisor:
        supervisor.start(child(tmp_path, script, grace=0.2))
        supervisor.wait_ready("worker")
        pid = supervisor.pid("worker")
    grandchild = int((tmp_path / "grandchild").read_text())
    assert is_gone(pid)
    eventually(lambda: is_gone(grandchild))


def test_hurry_kills_what_a_stop_would_wait_for(tmp_path: Path) -> None:
    with Supervisor(tmp_path / "logs") as supervisor:
        supervisor.start(child(tmp_path, f'trap "" TERM; {STAYS}', grace=3600))
        supervisor.wait_ready("worker")
        pid = supervisor.pid("worker")
        supervisor.hurry()
    assert is_gone(pid)


LAUNCHER = """
import signal, sys
from pathlib import Path
from ledgerport_local.supervise import Child, Supervisor
supervisor = Supervisor(Path(sys.argv[1]))
supervisor.start(Child("worker", ("sleep", "600"), {}, ready=lambda: True))
supervisor.wait_ready("worker")
print(supervisor.pid("worker"), flush=True)
signal.pause()
"""


def test_a_killed_launcher_leaves_no_child_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LAUNCHER, str(tmp_path / "logs")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout is not None
        pid = int(launcher.stdout.readline())
        launcher.kill()
    eventually(lambda: is_gone(pid))


def test_the_guardian_kills_what_does_not_stop() -> None:
    with subprocess.Popen(
        ["/bin/sh", "-c", 'trap "" TERM; echo ready; exec sleep 600'], stdout=subprocess.PIPE, process_group=0
    ) as stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        stop_in_order([(stubborn.pid, signal.SIGTERM, 1)], grace=0.1)
        assert stubborn.wait() == -signal.SIGKILL


def test_a_log_is_put_aside_when_it_is_large_and_the_child_writes_on(tmp_path: Path) -> None:
    log = LogFile(tmp_path, "worker")
    with log.open() as output:
        output.write(b"old\n" * 100)
        log.bound(largest=50)
        output.write(b"new\n")
    assert log.path.read_text() == "new\n"
    assert (tmp_path / "worker.log.1").read_text() == "old\n" * 100
    assert log.path.stat().st_mode & 0o777 == 0o600


def test_a_failing_watcher_is_heard(tmp_path: Path) -> None:
    def broken(_sentence: str) -> None:
        raise BrokenPipeError

    with Supervisor(tmp_path / "logs", announce=broken, patience=QUICK) as supervisor:
        supervisor.start(child(tmp_path, "exit 1"))
        with pytest.raises(ChildGaveUpError, match="The launcher itself failed"):
            supervisor.wait_ready("worker")
