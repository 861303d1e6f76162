"""Keeps every record on disk, so that a restart or a kill loses nothing that was answered."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

TABLE = """
CREATE TABLE IF NOT EXISTS records (
    realm TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (realm, kind, id)
) WITHOUT ROWID
"""


class Journal:
    """A table of bytes by (realm, kind, id); a realm is a shop's domain or one of the desk's own names.

    Puts become durable with the next `commit`; a kill of the process loses nothing committed.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "shopify.sqlite3", check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(TABLE)
        self._db.commit()

    def put(self, realm: str, kind: str, identity: object, body: bytes) -> None:
        self._db.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)", (realm, kind, str(identity), body))

    def drop(self, realm: str, kind: str, identity: object) -> None:
        self._db.execute("DELETE FROM records WHERE realm = ? AND kind = ? AND id = ?", (realm, kind, str(identity)))

    def drop_realm(self, realm: str, kind: str) -> None:
        self._db.execute("DELETE FROM records WHERE realm = ? AND kind = ?", (realm, kind))

    def read(self, realm: str, kind: str) -> Iterator[bytes]:
        rows = self._db.execute("SELECT body FROM records WHERE realm = ? AND kind = ?", (realm, kind))
        for (body,) in rows:
            yield body

    def commit(self) -> None:
        self._db.commit()

    def close(self) -> None:
        self._db.commit()
        self._db.close()
