"""What can go wrong while orders flow, each by its name: processes killed, servers lost, both sides slow and lying."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from random import Random

from tests.faults.towns import Town

from ledgerport_local.wiring import CLIENT_ID

Disturbance = Callable[[Town, Random], None]
_CHILDREN = ("auth", "connections", "shopify-sync", "qbo-writer", "gateway", "postgres", "nats")
# Writes of documents, of their lists, in batches, or all of them.
_RESOURCES = ("salesreceipt", "invoice", "payment", "customer", "item", "batch", None)
_INTUIT = (
    "html_503",
    "xml_429",
    "status_500",
    "cut_before",
    "cut_after",
    "delay",
    "delay_then_cut_after",
    "html_503_after",
    "garbled_after",
    "fault_200",
    "fault_400",
)
# Codes that pass by themselves, that ask for another token, and one that no table knows, which waits for a person.
_CODES = ("10000", "3001", "130", "600", "3200", "5010", "9999")
_SHOPIFY = ("status", "html", "cut", "slow", "throttled", "internal")
_HOUR = 3600.0
# Seconds; a callback of a store that is five minutes off is refused, and the next merchant could not connect.
_STORES_AHEAD = 240.0


def _kill(child: str, town: Town, _chance: Random) -> None:
    town.platform.kill(child)


def _lose_jetstream(town: Town, _chance: Random) -> None:
    """The whole store is deleted while the server is down."""
    town.platform.halt("nats")
    shutil.rmtree(town.platform.home.room("nats") / "store" / "jetstream", ignore_errors=True)
    town.platform.start_again("nats")


def _intuit_lies(town: Town, chance: Random) -> None:
    town.intuit(
        "faults",
        answer=chance.choice(_INTUIT),
        realm=town.realm,
        method="POST",
        resource=chance.choice(_RESOURCES),
        times=chance.randrange(1, 4),
        skip=chance.randrange(3),
        seconds=chance.choice((0.2, 0.6, 1.5)),
        code=chance.choice(_CODES),
    )


def _intuit_forgets(town: Town, chance: Random) -> None:
    """Answers are lost, and then the ids under which the writes could have been repeated."""
    _intuit_lies(town, chance)
    town.intuit("forget-request-ids", realm=town.realm)


def _shopify_lies(town: Town, chance: Random) -> None:
    kinds = [chance.choice(_SHOPIFY) for _ in range(chance.randrange(1, 4))]
    faults = [{"kind": kind, "shop": town.shop, "seconds": chance.choice((0.2, 1.0))} for kind in kinds]
    town.shopify("graphql/faults", faults=faults)


def _webhooks_go_astray(town: Town, chance: Random) -> None:
    town.shopify(
        "webhooks/faults",
        duplicate_rate=chance.random(),
        drop_rate=chance.choice((0.0, 0.3, 0.9)),
        delay_seconds=chance.choice((0.0, 0.5)),
        reorder=chance.random() < 0.5,
    )


def _token_expires(town: Town, _chance: Random) -> None:
    town.intuit(f"companies/{town.realm}/tokens", action="expire_access", client_id=CLIENT_ID)


def _store_token_dies(town: Town, _chance: Random) -> None:
    town.shopify("tokens", shop=town.shop, client_id=CLIENT_ID, kill="access")


def _consent_is_withdrawn(town: Town, _chance: Random) -> None:
    """Somebody disconnected the app inside QuickBooks: only a person can connect it again."""
    town.intuit(f"companies/{town.realm}/tokens", action="disconnect", client_id=CLIENT_ID)


def _pause(town: Town, _chance: Random) -> None:
    town.press("/connections", "/connections/quickbooks/pause")


def _resume(town: Town, _chance: Random) -> None:
    town.press("/connections", "/connections/quickbooks/resume")


def _clocks_part(town: Town, chance: Random) -> None:
    """Intuit's clock is up to an hour off, either way; the stores' clock runs ahead, and never back."""
    town.intuit("clock", ahead=chance.uniform(-_HOUR, _HOUR))
    ahead = (datetime.fromisoformat(town.shopify("clock")["now"]) - datetime.now(UTC)).total_seconds()
    further = chance.choice((0.0, 45.0, _STORES_AHEAD))
    town.shopify("clock", advance_seconds=max(0.0, min(further, _STORES_AHEAD - ahead)))


DISTURBANCES: Mapping[str, Disturbance] = {
    **{f"kill {child}": partial(_kill, child) for child in _CHILDREN},
    "lose JetStream": _lose_jetstream,
    "Intuit lies": _intuit_lies,
    "Intuit lies and forgets": _intuit_forgets,
    "Shopify lies": _shopify_lies,
    "webhooks go astray": _webhooks_go_astray,
    "token expires": _token_expires,
    "store token dies": _store_token_dies,
    "consent is withdrawn": _consent_is_withdrawn,
    "pause": _pause,
    "resume": _resume,
    "clocks part": _clocks_part,
}
# What costs most of the time of a run, or undoes most of the others, is drawn less often.
WEIGHTS: Mapping[str, int] = {
    "kill qbo-writer": 8,
    "kill shopify-sync": 5,
    "kill gateway": 1,
    "Intuit lies": 14,
    "Intuit lies and forgets": 8,
    "Shopify lies": 6,
    "webhooks go astray": 6,
    "lose JetStream": 2,
    "consent is withdrawn": 1,
}
USUAL = 3
