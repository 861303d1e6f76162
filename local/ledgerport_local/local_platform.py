"""The whole of LedgerPort on this machine as one object: for `make run`, for the demo and for tests."""

from __future__ import annotations

import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from ledgerport_local import keys
from ledgerport_local.databases import create_database
from ledgerport_local.errors import LocalError
from ledgerport_local.home import Home, default_home
from ledgerport_local.nats import NatsServer
from ledgerport_local.ports import page_port
from ledgerport_local.postgres import PostgresServer
from ledgerport_local.settings import REPOSITORY, LaunchSettings
from ledgerport_local.supervise import Child, Patience, Supervisor, unsaid
from ledgerport_local.wiring import (
    ADMIN,
    SERVICES,
    STAND_INS,
    WITH_DATABASE,
    Places,
    database_of,
    package_of,
    service_environment,
    stand_in_environment,
)

Overrides = Mapping[str, Mapping[str, str]]


class LocalPlatform:
    """PostgreSQL, NATS, the stand-ins and the services, running below one home folder.

    `ports` is "free" (the page too gets a free port) or "given" (the page is at `settings.port`). All
    other ports are free ones, the same again after a restart. `overrides` adds to the environment of a
    child by name. `settings` are the plain defaults unless given; the surroundings are then not read.
    `announce` gets sentences about children that died, `progress` the steps of starting.
    """

    def __init__(
        self,
        home: Path | None = None,
        *,
        ports: Literal["free", "given"] = "free",
        sandbox: bool = True,
        services: Sequence[str] = SERVICES,
        overrides: Overrides | None = None,
        durable: bool = True,
        settings: LaunchSettings | None = None,
        announce: Callable[[str], None] = unsaid,
        progress: Callable[[str], None] = unsaid,
        patience: Patience | None = None,
    ) -> None:
        self.home = Home(home or default_home())
        self.settings = settings or LaunchSettings.model_construct()
        self.urls: dict[str, str] = {}
        self._ports = ports
        self._sandbox = sandbox
        self._services = tuple(services)
        self._overrides = overrides or {}
        self._durable = durable
        self._announce = announce
        self._progress = progress
        self._patience = patience
        self._environments: dict[str, dict[str, str]] = {}
        self._supervisor: Supervisor | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def supervisor(self) -> Supervisor:
        """What keeps the children running; LocalError before `start` and after `stop`."""
        if self._supervisor is None:
            raise LocalError("Nothing is running.")
        return self._supervisor

    def start(self) -> None:
        """Bring all up and return when all is ready; LocalError says what stands in the way."""
        lock = self.home.lock({"url": self._page_url()})
        self._check_page_port()
        self._supervisor = Supervisor(
            self.home.logs, announce=self._announce, patience=self._patience, hold_open=[lock]
        )
        admin, nats_url = self._start_servers()
        stand_ins = self._start_stand_ins()
        self._progress("Waiting for PostgreSQL and NATS")
        self._wait_all([name for name in ("postgres", "nats") if name in self.supervisor.names()])
        self._progress("Databases")
        databases = {name: self._database(admin, name) for name in WITH_DATABASE}
        self.urls |= {"postgres": admin, "nats": nats_url}
        places = self._places(databases, nats_url)
        for service in self._services:
            self._progress(f"Starting {service}")
            self._start_service(service, places)
        for name in (*stand_ins, *self._services):
            self._progress(f"Waiting for {name}")
            self.supervisor.wait_ready(name)

    def stop(self) -> None:
        """Stop services, then stand-ins, then NATS and PostgreSQL; return when nothing is left running."""
        if self._supervisor is not None:
            self._supervisor.stop()
            self._supervisor = None
        self.home.unlock()

    def hurry(self) -> None:
        """Kill at once what a stop would wait for. Safe in a signal handler."""
        if self._supervisor is not None:
            self._supervisor.hurry()

    def pid(self, name: str) -> int:
        """The process id of a child."""
        return self.supervisor.pid(name)

    def kill(self, name: str, signum: int = signal.SIGKILL) -> None:
        """Send a signal to a child; returns after its end if the signal ends it. It is started again."""
        self.supervisor.kill(name, signum)

    def halt(self, name: str, signum: int = signal.SIGTERM) -> None:
        """End a child and keep it down until `start_again`."""
        self.supervisor.halt(name, signum)

    def start_again(self, name: str) -> None:
        """Start a halted child."""
        self.supervisor.start_again(name)

    def wait_ready(self, name: str, timeout: float = 60.0) -> None:
        """Return once the child says that it is ready."""
        self.supervisor.wait_ready(name, timeout)

    def environment(self, name: str) -> dict[str, str]:
        """What a service or stand-in is told, secrets included."""
        return dict(self._environments[name])

    def log(self, name: str) -> Path:
        """The file with a child's output."""
        return self.supervisor.log(name)

    def start_child(self, child: Child) -> None:
        """Keep one more process running beside the rest."""
        self.supervisor.start(child)

    def _page_url(self) -> str:
        if self.settings.public_url:
            return self.settings.public_url.rstrip("/")
        port = self.home.ports.of("gateway-http") if self._ports == "free" else self.settings.port
        return f"http://localhost:{port}"

    def _check_page_port(self) -> None:
        if self._ports == "given" and "gateway" in self._services:
            page_port(self.settings.port)

    def _start_servers(self) -> tuple[str, str]:
        if self.settings.database_url:
            admin = self.settings.database_url.get_secret_value()
        else:
            self._progress("Starting PostgreSQL")
            postgres = PostgresServer.below(self.home, durable=self._durable)
            self.supervisor.start(postgres.child())
            admin = postgres.url()
        if self.settings.nats_url:
            return admin, self.settings.nats_url.get_secret_value()
        self._progress("Starting NATS")
        nats = NatsServer.below(self.home)
        self.supervisor.start(nats.child())
        return admin, nats.url

    def _start_stand_ins(self) -> list[str]:
        if not self._sandbox:
            return []
        real = {"intuit-sandbox": self.settings.real_intuit, "shopify-sandbox": self.settings.real_shopify}
        needed = [name for name in STAND_INS if not real[name]]
        for name in needed:
            self._progress(f"Starting {name}")
            port = self.home.ports.of(name)
            self.urls[name] = f"http://127.0.0.1:{port}"
            told = stand_in_environment(name, self.home, port, self._page_url())
            self._start_python(name, told, f"{self.urls[name]}/", stage=1)
        return needed

    def _database(self, admin: str, service: str) -> str:
        name = database_of(service)
        return create_database(admin, name, self.home.secret(f"{name}-password"))

    def _places(self, databases: Mapping[str, str], nats_url: str) -> Places:
        for service in (*SERVICES, ADMIN):
            keys.identity_key(self.home, service)
        grpc = {name: self.home.ports.of(f"{name}-grpc") for name in SERVICES}
        http = {name: self.home.ports.of(f"{name}-http") for name in SERVICES}
        if self._ports == "given":
            http["gateway"] = self.settings.port
        webhook = self.settings.webhook_url or f"http://127.0.0.1:{http['shopify-sync']}"
        return Places(self._page_url(), webhook.rstrip("/"), nats_url, databases, grpc, http)

    def _start_service(self, service: str, places: Places) -> None:
        told = service_environment(service, self.home, places, self.settings)
        self.urls[service] = f"http://{told['HTTP_LISTEN']}"
        self.urls[f"{service}-grpc"] = told["GRPC_LISTEN"]
        if service == "gateway":
            self.urls["page"] = places.public_url
        self._start_python(service, told, f"http://{told['HTTP_LISTEN']}/readyz", stage=2)

    def _start_python(self, name: str, told: dict[str, str], ready_url: str, stage: int) -> None:
        environment = told | dict(self._overrides.get(name, {}))
        self._environments[name] = environment
        self.supervisor.start(
            Child(
                name=name,
                command=(sys.executable, "-m", package_of(name)),
                environment=environment,
                ready=lambda: answers(ready_url),
                stage=stage,
                folder=REPOSITORY,
            )
        )

    def _wait_all(self, names: Sequence[str]) -> None:
        for name in names:
            self.supervisor.wait_ready(name)


def answers(url: str) -> bool:
    """Whether a GET of a loopback address is answered with success within a second."""
    # A proxy in the environment is meant for the world outside, never for this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=1) as answer:
            return bool(200 <= answer.status < 300)
    except (urllib.error.URLError, OSError):
        return False
