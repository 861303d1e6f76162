"""`python -m auth` runs the service until SIGTERM."""

from __future__ import annotations

from auth.main import serve
from auth.settings import Settings
from ledgerport_libs import floor
from ledgerport_libs.settings import load

if __name__ == "__main__":
    settings = load(Settings)
    floor.run("auth", settings, lambda stop: serve(settings, stop))
