"""How a connection may change: a table of moves, and what each of them means for the gate. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum

from ledgerport.events.v1 import connection_pb2

QUICKBOOKS, SHOPIFY = "quickbooks", "shopify"
NAMES = {QUICKBOOKS: "QuickBooks", SHOPIFY: "Shopify"}

UNREACHABLE, COMPANY_SUSPENDED = "UNREACHABLE", "COMPANY_SUSPENDED"
# What passes without a person signing in again: a good probe ends it.
PASSING_REASONS = frozenset({UNREACHABLE, COMPANY_SUSPENDED})


class Status(IntEnum):
    NOT_CONNECTED = connection_pb2.CONNECTION_STATUS_NOT_CONNECTED
    CONNECTED = connection_pb2.CONNECTION_STATUS_CONNECTED
    UNHEALTHY = connection_pb2.CONNECTION_STATUS_UNHEALTHY
    DISCONNECTED = connection_pb2.CONNECTION_STATUS_DISCONNECTED


# Staying means: connected anew, or unhealthy for another reason.
MOVES: Mapping[Status, frozenset[Status]] = {
    Status.NOT_CONNECTED: frozenset({Status.CONNECTED, Status.DISCONNECTED}),
    Status.CONNECTED: frozenset({Status.CONNECTED, Status.UNHEALTHY, Status.DISCONNECTED}),
    Status.UNHEALTHY: frozenset({Status.CONNECTED, Status.UNHEALTHY, Status.DISCONNECTED}),
    Status.DISCONNECTED: frozenset({Status.CONNECTED}),
}


@dataclass(frozen=True, slots=True)
class Account:
    """What auth says about the company or store that was connected."""

    account_id: str
    account_name: str
    shop_domain: str
    connected_by: str
    scopes: str
    refresh_expires_at: datetime | None
    hard_expires_at: datetime | None = None
    store_zone: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """The part of a connection that moves change."""

    provider: str
    status: Status
    reason: str
    explanation: str
    paused: bool
    paused_since: datetime | None
    paused_by: str
    account_id: str
    account_name: str
    shop_domain: str
    connected_by: str
    connected_at: datetime | None
    scopes: str
    refresh_expires_at: datetime | None
    hard_expires_at: datetime | None = None
    store_zone: str = ""

    @property
    def label(self) -> str:
        """Its name in a sentence."""
        name = NAMES[self.provider]
        return f"{name} ({self.account_name})" if self.account_name else name


@dataclass(frozen=True, slots=True)
class Change:
    """A new state, who caused it, and the sentence for people."""

    state: State
    actor: str
    sentence: str


def connect(now: State, account: Account, at: datetime) -> Change | None:
    """Consent was given and proved. A pause stays."""
    if Status.CONNECTED not in MOVES[now.status]:
        return None
    verb = "reconnected" if now.connected_at else "connected"
    state = replace(
        now,
        status=Status.CONNECTED,
        reason="",
        explanation="",
        account_id=account.account_id,
        account_name=account.account_name,
        shop_domain=account.shop_domain,
        connected_by=account.connected_by,
        connected_at=at,
        scopes=account.scopes,
        refresh_expires_at=account.refresh_expires_at,
        hard_expires_at=account.hard_expires_at,
        store_zone=account.store_zone,
    )
    sentence = f"{NAMES[now.provider]} was {verb} to {account.account_name} by {account.connected_by}."
    if state.paused:
        sentence += " Syncing is still paused."
    return Change(state, account.connected_by, sentence)


def fall_ill(now: State, reason: str, explanation: str, actor: str) -> Change | None:
    """Access does not work any more, for a reason that lasts."""
    if Status.UNHEALTHY not in MOVES[now.status] or (now.status, now.reason) == (Status.UNHEALTHY, reason):
        return None
    if now.status is Status.UNHEALTHY and reason in PASSING_REASONS and now.reason not in PASSING_REASONS:
        return None  # what needs a person is not hidden behind what passes
    state = replace(now, status=Status.UNHEALTHY, reason=reason, explanation=explanation)
    return Change(state, actor, f"{now.label} became unhealthy. {explanation}")


def recover(now: State, actor: str) -> Change | None:
    """A probe was good again. Heals only what passes by itself."""
    if now.status is not Status.UNHEALTHY or now.reason not in PASSING_REASONS:
        return None
    state = replace(now, status=Status.CONNECTED, reason="", explanation="")
    return Change(state, actor, f"{now.label} works again.")


def disconnect(now: State, actor: str, reason: str = "", explanation: str = "") -> Change | None:
    """Ended by a person, or by the store's own `reason`. Account and pause stay."""
    if Status.DISCONNECTED not in MOVES[now.status]:
        return None
    state = replace(
        now,
        status=Status.DISCONNECTED,
        reason=reason,
        explanation=explanation,
        refresh_expires_at=None,
        hard_expires_at=None,
    )
    return Change(state, actor, f"{now.label} was disconnected by {actor}. {explanation}".rstrip())


def pause(now: State, actor: str, at: datetime) -> Change | None:
    """Stops writing, whatever the status."""
    if now.paused:
        return None
    state = replace(now, paused=True, paused_since=at, paused_by=actor)
    return Change(state, actor, f"Syncing was paused by {actor}.")


def resume(now: State, actor: str) -> Change | None:
    if not now.paused:
        return None
    state = replace(now, paused=False, paused_since=None, paused_by="")
    return Change(state, actor, f"Syncing was resumed by {actor}.")


def why_closed(status: Status, paused: bool) -> str:
    """Empty while QuickBooks may be written to; otherwise what closes the gate. Shopify plays no part in it."""
    if status is Status.CONNECTED:
        return "PAUSED" if paused else ""
    return status.name
