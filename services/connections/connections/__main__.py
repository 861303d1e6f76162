"""`python -m connections` runs the service until SIGTERM."""

from __future__ import annotations

from ledgerport_libs import service
from ledgerport_libs.settings import load

from connections.main import serve
from connections.settings import Settings

if __name__ == "__main__":
    settings = load(Settings)
    service.run(lambda stop: serve(settings, stop))
