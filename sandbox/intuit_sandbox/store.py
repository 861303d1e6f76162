"""Durable state: one SQLite file. What was answered was committed; memory is rebuilt from it at start."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from intuit_sandbox.books import Books, Entry, Row
from intuit_sandbox.profile import CompanyProfile

ENCODER = msgspec.json.Encoder(decimal_format="number")
DECODER = msgspec.json.Decoder(float_hook=Decimal)

SCHEMA = """
CREATE TABLE IF NOT EXISTS companies (realm TEXT PRIMARY KEY, profile BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS objects (
    realm TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, journal BLOB NOT NULL,
    changed REAL NOT NULL, deleted INTEGER NOT NULL, deposited INTEGER NOT NULL, PRIMARY KEY (realm, kind, id)
);
CREATE TABLE IF NOT EXISTS replays (
    realm TEXT NOT NULL, request TEXT NOT NULL, item TEXT NOT NULL, kind TEXT NOT NULL, answer BLOB NOT NULL,
    PRIMARY KEY (realm, request, item)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS grants (kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, key));
"""


def _entries(stored: list[Any]) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """A journal as stored: a list of entries, or a pair of lists if foreign accounts are in it."""
    paired = len(stored) == 2 and (not stored[0] or isinstance(stored[0][0], list))
    home, foreign = stored if paired else (stored, [])
    return tuple((account, cents) for account, cents in home), tuple((account, cents) for account, cents in foreign)


class Store:
    """The only writer of the file. Transactions nest: the outermost one commits."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "intuit.sqlite3", isolation_level=None, check_same_thread=False)
        # A killed process loses nothing with NORMAL: only a crash of the machine could.
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA)
        self._depth = 0

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._depth == 0:
            self._db.execute("BEGIN")
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("ROLLBACK")
            raise
        self._depth -= 1
        if self._depth == 0:
            self._db.execute("COMMIT")

    def load_companies(self) -> dict[str, Books]:
        """Every company with all it holds."""
        companies = {}
        for realm, profile in self._db.execute("SELECT realm, profile FROM companies ORDER BY rowid"):
            companies[realm] = Books(CompanyProfile.model_validate_json(profile))
        rows = self._db.execute(
            "SELECT realm, kind, id, body, journal, changed, deleted, deposited FROM objects "
            "ORDER BY kind <> 'Account', changed, rowid"
        )
        for realm, kind, row_id, body, journal, changed, deleted, deposited in rows:
            home, foreign = _entries(DECODER.decode(journal))
            companies[realm].put(
                Row(kind, row_id, DECODER.decode(body), home, foreign, changed, bool(deleted), bool(deposited))
            )
        for books in companies.values():
            books.in_order_of_id()
        return companies

    def save_company(self, profile: CompanyProfile) -> None:
        self._db.execute(
            "INSERT INTO companies VALUES (?, ?) ON CONFLICT (realm) DO UPDATE SET profile = excluded.profile",
            (profile.realm_id, profile.model_dump_json()),
        )

    def save_rows(self, realm: str, rows: Iterable[Row]) -> None:
        self._db.executemany(
            "INSERT INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (realm, kind, id) DO UPDATE SET "
            "body = excluded.body, journal = excluded.journal, changed = excluded.changed, "
            "deleted = excluded.deleted, deposited = excluded.deposited",
            [
                (
                    realm,
                    row.kind,
                    row.id,
                    ENCODER.encode(row.body),
                    ENCODER.encode([row.journal, row.foreign] if row.foreign else row.journal),
                    row.changed,
                    row.deleted,
                    row.deposited,
                )
                for row in rows
            ],
        )

    def replay(self, realm: str, request: str, item: str) -> tuple[str, bytes] | None:
        """What was written under this request id, as (kind and operation, answer)."""
        found: tuple[str, bytes] | None = self._db.execute(
            "SELECT kind, answer FROM replays WHERE realm = ? AND request = ? AND item = ?", (realm, request, item)
        ).fetchone()
        return found

    def remember(self, realm: str, request: str, item: str, kind: str, answer: bytes) -> None:
        self._db.execute("INSERT INTO replays VALUES (?, ?, ?, ?, ?)", (realm, request, item, kind, answer))

    def forget_replays(self, realm: str | None) -> int:
        """Forget the request ids of one company or of all; how many there were."""
        return self._db.execute("DELETE FROM replays WHERE ?1 IS NULL OR realm = ?1", (realm,)).rowcount

    def load_grants(self, kind: str) -> dict[str, Any]:
        found = self._db.execute("SELECT key, body FROM grants WHERE kind = ? ORDER BY rowid", (kind,))
        return {key: msgspec.json.decode(body) for key, body in found}

    def save_grant(self, kind: str, key: str, body: Any) -> None:
        self._db.execute(
            "INSERT INTO grants VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
            (kind, key, msgspec.json.encode(body)),
        )

    def drop_grant(self, kind: str, key: str) -> None:
        self._db.execute("DELETE FROM grants WHERE kind = ? AND key = ?", (kind, key))
