"""The page and the stand-ins of an installation brought to this computer, as its notes tell a person to."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import urllib3.util.connection
from tests.cluster.installation import Installation

_PATIENCE = 60.0


class Forward:
    """`kubectl port-forward`, begun again whenever it ends: it ends with the pod that it led to."""

    def __init__(self, installation: Installation, service: str, port: int, here: int) -> None:
        self.here = here
        self._words = [*installation.kubectl_here(), "port-forward", f"service/{service}", f"{here}:{port}"]
        self._over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep, name=f"forward {service}", daemon=True)

    def __enter__(self) -> Self:
        self._keeper.start()
        self._answers()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._end()
        self._keeper.join(_PATIENCE)

    def renew(self) -> None:
        """Lead to a pod that is there now."""
        self._end()
        self._answers()

    def _keep(self) -> None:
        while not self._over.wait(0.2):
            self._process = subprocess.Popen(self._words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self._process.wait()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> None:
        ends = time.monotonic() + _PATIENCE
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.here), timeout=2).close()
                return
            assert time.monotonic() < ends, f"{' '.join(self._words)} does not listen"
            time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def names_below_localhost(ports: Mapping[tuple[str, int], int]) -> Iterator[None]:
    """Names below localhost are this computer, as for every browser; `ports`: where such a host's port lies here."""
    plain = urllib3.util.connection.create_connection

    def connect(address: tuple[str, int], *more: Any, **named: Any) -> socket.socket:
        if address[0].endswith(".localhost"):
            address = ("127.0.0.1", ports.get(address, address[1]))
        return plain(address, *more, **named)

    urllib3.util.connection.create_connection = connect
    try:
        yield
    finally:
        urllib3.util.connection.create_connection = plain
