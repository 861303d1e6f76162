"""All SQL of this service, by name."""

from __future__ import annotations

from ledgerport_libs.database import Queries

_FILES = ("queries.sql", "sync_config.sql", "mapping.sql", "steering.sql", "pushing.sql", "operators.sql")


def statements() -> Queries:
    """What the database of this service is opened with."""
    return Queries.of("qbo_writer", *_FILES)
