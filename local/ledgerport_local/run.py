"""The whole of `make run`: bring everything up, say where it is, keep it up until Ctrl-C, take it down."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from rich.console import Console

from ledgerport_local.demo_account import ensure_demo_account
from ledgerport_local.errors import LocalError
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.settings import read_settings

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Interrupted(BaseException):
    """A person or the system asked for the end."""


def main(arguments: Sequence[str]) -> int:
    """Run until asked to stop (exit code 0), or until something stands in the way (1, with a sentence)."""
    argparse.ArgumentParser(prog="ledgerport_local run", description=__doc__).parse_args(arguments)
    console = Console(highlight=False)
    try:
        settings = read_settings()
        with _steps(console) as step:
            platform = LocalPlatform(ports="given", settings=settings, announce=_announcer(console), progress=step)
            _run(platform, console, step)
            _say(console, f"Stopped. The data are kept in {platform.home.folder}")
            return 0
    except LocalError as error:
        _say(console, str(error))
        return 1


def _run(platform: LocalPlatform, console: Console, step: Callable[[str], None]) -> None:
    """Returns after an orderly end that was asked for; LocalError otherwise. Leaves nothing running."""
    ending = threading.Event()
    with _interrupts(platform, ending):
        try:
            platform.start()
            account = ensure_demo_account(platform)
            step("")
            page = platform.urls["page"]
            for stand_in, plays in (("intuit-sandbox", "QuickBooks"), ("shopify-sandbox", "Shopify")):
                if stand_in in platform.urls:
                    _say(console, f"  {plays} is played by {platform.urls[stand_in]}")
            _say(console, f"LedgerPort is ready: {page}  sign in as {account.email} / {account.password}")
            platform.supervisor.failed.wait()
            raise LocalError(f"{platform.supervisor.failure}\nEverything is stopped.")
        except _Interrupted:
            step("Stopping (Ctrl-C again to kill)")
        finally:
            ending.set()
            platform.stop()
            step("")


@contextmanager
def _interrupts(platform: LocalPlatform, ending: threading.Event) -> Iterator[None]:
    """The first signal ends the run in order, any further one kills what is waited for."""

    def heard(_number: int, _frame: FrameType | None) -> None:
        if ending.is_set():
            platform.hurry()
        else:
            ending.set()
            raise _Interrupted

    for number in _SIGNALS:
        signal.signal(number, heard)
    try:
        yield
    finally:
        # Nothing runs any more: a further Ctrl-C must not turn the last line into a stack trace.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def _steps(console: Console) -> Iterator[Callable[[str], None]]:
    """Shows the step under way: as one moving line on a terminal, as a line each elsewhere."""
    status = console.status("Setting up")

    def show(step: str) -> None:
        if not console.is_terminal:
            if step:
                _say(console, f"  {step}")
        elif step:
            status.update(step)
            status.start()
        else:
            status.stop()

    try:
        yield show
    finally:
        status.stop()


def _announcer(console: Console) -> Callable[[str], None]:
    return lambda sentence: _say(console, sentence)


def _say(console: Console, sentence: str) -> None:
    console.print(sentence, markup=False, soft_wrap=True)
