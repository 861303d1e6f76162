"""Objects of a store that an operator wants read anew: they are hinted at, as a webhook would."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ledgerport.shopify_sync.v1 import refetch_pb2 as pb
from ledgerport.shopify_sync.v1 import refetch_pb2_grpc
from ledgerport_libs import telemetry
from ledgerport_libs.database import Database, Transaction
from ledgerport_libs.errors import NotFound
from ledgerport_libs.operations import done_by
from ledgerport_libs.rpc import require

log = telemetry.logger("refetching")
Context = Any
_KINDS = {"order": "Order", "customer": "Customer", "product": "Product"}
_MOST_IDS, _MOST_OF_A_RANGE = 1000, 100_000


@dataclass(frozen=True, slots=True)
class _Store:
    shop_domain: str


@dataclass(frozen=True, slots=True)
class _Object:
    source_id: str


class RefetchServicer(refetch_pb2_grpc.RefetchServiceServicer):
    """`wake` starts what was asked for."""

    def __init__(self, db: Database, wake: Callable[[], None]) -> None:
        self._db, self._wake = db, wake

    async def Refetch(self, request: pb.RefetchRequest, context: Context) -> pb.RefetchResponse:
        by = done_by(request.done_by)
        _check(request)
        async with self._db.transaction() as tx:
            store = await tx.one("store_of_business", _Store, business_id=request.business_id)
            if store is None:
                say = "This Business has no connected store."
                raise NotFound(say, say=say)
            ids = list(request.source_ids) or await _in_range(tx, store, request)
            require(len(ids) <= _MOST_OF_A_RANGE, "These are too many at once: choose a shorter range.")
            if not request.dry_run:
                await _hint(tx, store, request, ids, by)
        if not request.dry_run:
            self._wake()
        return pb.RefetchResponse(shop_domain=store.shop_domain, objects=len(ids))


def _check(request: pb.RefetchRequest) -> None:
    require(request.kind in _KINDS, "A kind is order, customer or product.")
    ids, ranged = request.source_ids, request.HasField("updated_from")
    require(bool(ids) != ranged, "Give either ids or a range.")
    require(len(ids) <= _MOST_IDS, f"At most {_MOST_IDS} ids at once.")
    prefix = f"gid://shopify/{_KINDS[request.kind]}/"
    require(
        all(each.startswith(prefix) and each[len(prefix) :].isdecimal() and len(each) < 100 for each in ids),
        f"An id looks like {prefix}1234.",
    )
    # What is known of products are their variants, which cannot be asked for.
    require(not ranged or request.kind != "product", "Products are read anew by their ids.")
    require(not request.say_again or request.kind != "product", "What was said of products cannot be said again.")


async def _in_range(tx: Transaction, store: _Store, request: pb.RefetchRequest) -> list[str]:
    """What was said of the store and changed last in these days."""
    before = request.updated_before.ToDatetime(UTC) if request.HasField("updated_before") else datetime.now(UTC)
    rows = await tx.all(
        "emitted_between",
        _Object,
        shop_domain=store.shop_domain,
        ids=f"gid://shopify/{_KINDS[request.kind]}/%",
        from_at=request.updated_from.ToDatetime(UTC),
        before_at=before,
        most=_MOST_OF_A_RANGE + 1,
    )
    return [row.source_id for row in rows]


async def _hint(tx: Transaction, store: _Store, request: pb.RefetchRequest, ids: Sequence[str], by: str) -> None:
    shop, trace = store.shop_domain, telemetry.current_traceparent()
    if request.say_again:
        await tx.run("emitted_unsay", shop_domain=shop, source_ids=list(ids))
    row = {"shop_domain": shop, "kind": request.kind, "gone": False, "hinted_at": datetime.now(UTC)}
    await tx.many("hint_told", [{**row, "source_id": each, "traceparent": trace} for each in sorted(ids)])
    detail = {"business": request.business_id, "kind": request.kind, "objects": len(ids), "again": request.say_again}
    await tx.run("operation_add", done_by=by, what="refetch", detail=json.dumps(detail))
    log.info("refetch", done_by=by, **detail)
