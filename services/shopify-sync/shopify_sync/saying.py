"""What is said of objects: events into the outbox where something changed, each version under its own id."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ledgerport.events.v2 import entity_pb2
from ledgerport_libs.bus import OutgoingEvent
from ledgerport_libs.database import Transaction
from shopify_sync.objects import Fetched
from shopify_sync.stores import Store


@dataclass(frozen=True, slots=True)
class _Emitted:
    source_id: str
    content_hash: bytes
    sequence: int
    updated_at: datetime


async def say(
    tx: Transaction,
    store: Store,
    fetched: Sequence[Fetched],
    observed: datetime,
    traces: Mapping[str, str],
    *,
    history: bool = False,
) -> int:
    """How many events went into the outbox: one for each object that differs from what was last said of it.

    An older version than the one that was said is left alone: another reader was quicker.
    """
    ids = sorted({each.source_id for each in fetched})
    rows = await tx.all("emitted_of", _Emitted, shop_domain=store.shop_domain, source_ids=ids)
    before = {row.source_id: row for row in rows}
    said, unchanged = 0, []
    for each in sorted(fetched, key=lambda one: one.source_id):
        content = hashlib.sha256(each.entity.SerializeToString(deterministic=True)).digest()
        known = before.get(each.source_id)
        if known is not None and (known.content_hash == content or _older(each, known)):
            unchanged.append(each)
            continue
        sequence = known.sequence + 1 if known else 1
        event = _event(store, each, content, sequence, observed, traces.get(each.hinted_by, ""), history=history)
        await event.put(tx)
        await tx.run(
            "emitted_put",
            shop_domain=store.shop_domain,
            source_id=each.source_id,
            content_hash=content,
            updated_at=each.updated_at,
            sequence=sequence,
            customer_id=each.entity.order.customer_id,
        )
        said += 1
    if unchanged:
        await tx.run(
            "emitted_seen",
            shop_domain=store.shop_domain,
            source_ids=[each.source_id for each in unchanged],
            times=[each.updated_at for each in unchanged],
        )
    return said


def _older(fetched: Fetched, known: _Emitted) -> bool:
    """What is gone is gone, whatever the clock of the store said of it."""
    return fetched.updated_at < known.updated_at and not fetched.entity.HasField("gone")


def _event(
    store: Store,
    fetched: Fetched,
    content: bytes,
    sequence: int,
    observed: datetime,
    traceparent: str,
    *,
    history: bool,
) -> OutgoingEvent:
    """The event id is made of what is said and how many times before: a crash says it again under the same id."""
    seed = f"{store.business_id}|{fetched.source_id}|{sequence}|{content.hex()}"
    event_id = hashlib.sha256(seed.encode()).hexdigest()
    event = entity_pb2.EntityEvent()
    event.CopyFrom(fetched.entity)
    event.event_id = event_id
    event.business_id = store.business_id
    event.source_id = fetched.source_id
    event.traceparent = traceparent
    event.history = history
    event.version.updated_at.FromDatetime(fetched.updated_at)
    event.version.observed_at.FromDatetime(observed)
    event.version.content_hash = content
    subject = f"entities.v2.{store.business_id}.{fetched.kind}"
    return OutgoingEvent(event_id, subject, event.SerializeToString(), traceparent)
