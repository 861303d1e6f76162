"""Sync Config as it is kept: every version stays, the newest holds; and all settings as delivery loads them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from ledgerport_libs.database import Database, Transaction
from ledgerport_libs.errors import Refused
from qbo_writer.posting.config import SyncConfig
from qbo_writer.posting.setup import clearing, role
from qbo_writer.posting.verdicts import Key

CREATE = "create"
# Why a record waits or was refused that other settings could change.
RECONSIDERED = (
    "TRIGGER",
    "AUTO_SYNC_OFF",
    "ENTITY_OFF",
    "BEFORE_START_DATE",
    "CLOSED_PERIOD",
    "PRODUCT_NOT_MAPPED",
    "CUSTOMER_NOT_MAPPED",
    "TAX_CODE_NOT_MAPPED",
    "ACCOUNT_OF_WRONG_TYPE",
    "NO_ACCOUNT",
    "DUPLICATE_NAME",
    "CURRENCY_NOT_ENABLED",
    "WAITS_FOR_MAPPING",
)
RECONSIDERED_SKIPPED = ("BEFORE_START_DATE", "ENTITY_OFF", "ZERO_ORDER")
_NEWEST = 2**62


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a person decides in one go: the config of posting, and the account of each role that has a chosen one."""

    config: SyncConfig = field(default_factory=SyncConfig)
    accounts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saved:
    """One version; version 0 is what holds before anything was saved."""

    version: int
    decisions: Decisions
    saved_by: str
    saved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Settings:
    """What delivery needs of a Business's settings.

    `overlay` says which Id in QuickBooks plays a part because a person chose it, by the keys of posting; it wins over
    what was matched. The key ("create", "product|<source id>") says that a person wants this made.
    """

    config: SyncConfig
    overlay: dict[Key, str]


@dataclass(frozen=True, slots=True)
class _Version:
    version: int
    config: dict[str, Any]
    saved_by: str
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class _Chosen:
    kind: str
    source_id: str
    qbo_id: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    kind: str
    source_id: str


async def load_settings(db: Database, business_id: str) -> Settings:
    """The config that holds, and all that people chose; the defaults and nothing where they never did."""
    async with db.transaction() as tx:
        saved = await newest(tx, business_id)
        chosen = await tx.all("chosen_mappings", _Chosen, business_id=business_id)
        wanted = await tx.all("wanted_creations", _Wanted, business_id=business_id)
    overlay = {role(f"account:{name}"): qbo_id for name, qbo_id in saved.decisions.accounts.items()}
    overlay |= {_posting_key(each.kind, each.source_id): each.qbo_id for each in chosen}
    overlay |= {(CREATE, f"{each.kind}|{each.source_id}"): "1" for each in wanted}
    return Settings(saved.decisions.config, overlay)


async def settings_stamp(db: Database, business_id: str) -> int:
    """Grows with each change of this Business's settings or mappings; 0 before the first."""
    return int(await db.value("settings_stamp", business_id=business_id) or 0)


async def newest(tx: Transaction, business_id: str) -> Saved:
    row = await tx.one("sync_config_now", _Version, business_id=business_id)
    return _saved(row) if row else Saved(0, Decisions(), "", None)


async def versions(tx: Transaction, business_id: str, before: int | None, limit: int) -> list[Saved]:
    """Newest first."""
    rows = await tx.all(
        "sync_config_versions", _Version, business_id=business_id, before=before or _NEWEST, limit=limit
    )
    return [_saved(row) for row in rows]


async def save(tx: Transaction, business_id: str, decisions: Decisions, expected_version: int, by: str) -> int:
    """The new version's number. Refused (STALE_VERSION) where another one was saved since `expected_version`."""
    await tx.run("settings_changed", business_id=business_id)
    now = await newest(tx, business_id)
    if now.version != expected_version:
        who = f"{now.saved_by} saved" if now.saved_by else "somebody saved"
        say = f"Nothing was saved: {who} other settings meanwhile. Look at them, then make your change again."
        raise Refused(f"version {now.version}, not {expected_version}", say=say, reason="STALE_VERSION")
    version = now.version + 1
    await tx.run(
        "sync_config_add",
        business_id=business_id,
        version=version,
        config=json.dumps(to_json(decisions)),
        saved_by=by,
    )
    return version


async def reconsider(
    tx: Transaction,
    business_id: str,
    reasons: Sequence[str] = RECONSIDERED,
    skipped_reasons: Sequence[str] = RECONSIDERED_SKIPPED,
) -> int:
    """How many records are tried again. Whoever calls wakes delivery after the commit."""
    return await tx.run(
        "reconsider", business_id=business_id, reasons=list(reasons), skipped_reasons=list(skipped_reasons)
    )


def to_json(decisions: Decisions) -> dict[str, Any]:
    """As it is stored: plain values by the names of SyncConfig, and the accounts by role."""
    stored = {name: _plain(getattr(decisions.config, name)) for name in _defaults()}
    return stored | {"accounts": dict(sorted(decisions.accounts.items()))}


def from_json(stored: Mapping[str, Any], version: int) -> Decisions:
    """What an older version does not know has its default; what a newer one knew besides is left out."""
    known = {name: _typed(default, stored[name]) for name, default in _defaults().items() if name in stored}
    accounts = {str(name): str(qbo_id) for name, qbo_id in stored.get("accounts", {}).items() if qbo_id}
    return Decisions(SyncConfig(version=version, **known), accounts)


def _saved(row: _Version) -> Saved:
    return Saved(row.version, from_json(row.config, row.version), row.saved_by, row.saved_at)


def _defaults() -> dict[str, Any]:
    start = SyncConfig()
    return {each.name: getattr(start, each.name) for each in fields(SyncConfig) if each.name != "version"}


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    return value.value if isinstance(value, StrEnum) else value


def _typed(default: Any, stored: Any) -> Any:
    """A stored value as the type that its default has."""
    if isinstance(default, frozenset):
        return frozenset(str(each) for each in stored)
    return type(default)(stored)


def _posting_key(kind: str, source_id: str) -> Key:
    return clearing(source_id) if kind == "gateway" else (kind, source_id)
