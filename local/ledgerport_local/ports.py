"""Ports on the loopback address: found once, remembered, so that a restart comes back where it was."""

from __future__ import annotations

import json
import random
import socket
from pathlib import Path

from ledgerport_local.errors import LocalError
from ledgerport_local.private_files import write_private

# Below the range from which systems choose the near end of outgoing connections: a server that is
# down for a moment must not find its port taken by somebody's call.
_FIRST, _LAST = 20_000, 29_999
_TRIES = 200


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True


class Ports:
    """The port of each server by name, kept in a file below the home folder."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._settled: dict[str, int] = {}
        self._known: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}

    def of(self, name: str) -> int:
        """The remembered port of `name` if it was free when first asked for, else a free one, remembered."""
        if name not in self._settled:
            port = self._known.get(name)
            self._settled[name] = port if port is not None and is_free(port) else self._another(name)
        return self._settled[name]

    def _another(self, name: str) -> int:
        taken = set(self._known.values())
        choose = random.SystemRandom()
        for _ in range(_TRIES):
            port = choose.randint(_FIRST, _LAST)
            if port not in taken and is_free(port):
                self._known[name] = port
                write_private(self._file, json.dumps(self._known, indent=1).encode())
                return port
        raise LocalError(f"No free port between {_FIRST} and {_LAST} on 127.0.0.1 was found.")


def page_port(wanted: int) -> int:
    """`wanted`, if the page can be served there; otherwise a sentence that says what to do."""
    if not is_free(wanted):
        raise LocalError(
            f"Port {wanted} is taken by another program (or needs rights you do not have). "
            f"Choose another one for the page: make run PORT={wanted + 1 if wanted < 65535 else 8081}"
        )
    return wanted
