"""`python -m connections` runs the service until SIGTERM."""

from __future__ import annotations

from connections.main import serve
from connections.settings import Settings
from ledgerport_libs import floor
from ledgerport_libs.settings import load

if __name__ == "__main__":
    settings = load(Settings)
    floor.run("connections", settings, lambda stop: serve(settings, stop))
