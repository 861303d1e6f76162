"""The gRPC edge: proto in, proto out. The Business is always the caller's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from ledgerport.shopify_sync.v1 import intake_pb2 as pb
from ledgerport.shopify_sync.v1 import intake_pb2_grpc
from ledgerport_libs.database import Database
from ledgerport_libs.errors import Refused
from ledgerport_libs.identity import person_of_this_call
from shopify_sync.hints import SUBSCRIBED

Context = Any


@dataclass(frozen=True, slots=True)
class _Status:
    shop_domain: str
    subscribed_topics: list[str]
    last_webhook_at: datetime | None
    last_catch_up_at: datetime | None


class IntakeServicer(intake_pb2_grpc.IntakeServiceServicer):
    """How well the store of the caller's Business is heard. `wake` starts what was asked for."""

    def __init__(self, db: Database, wake: Callable[[], None]) -> None:
        self._db, self._wake = db, wake

    async def GetIntakeStatus(self, request: pb.GetIntakeStatusRequest, context: Context) -> pb.GetIntakeStatusResponse:
        async with self._db.transaction() as tx:
            row = await tx.one("intake_status", _Status, business_id=person_of_this_call().business_id)
            if row is None:
                return pb.GetIntakeStatusResponse(subscriptions_wanted=len(SUBSCRIBED))
            waiting = await tx.value("hints_waiting", shop_domain=row.shop_domain)
        return pb.GetIntakeStatusResponse(
            shop_domain=row.shop_domain,
            subscriptions_wanted=len(SUBSCRIBED),
            subscriptions_present=len(row.subscribed_topics),
            last_webhook_at=_timestamp(row.last_webhook_at),
            last_catch_up_at=_timestamp(row.last_catch_up_at),
            waiting=waiting,
            missing_topics=sorted(set(SUBSCRIBED) - set(row.subscribed_topics)),
        )

    async def SyncNow(self, request: pb.SyncNowRequest, context: Context) -> pb.SyncNowResponse:
        if not await self._db.run("catch_up_wanted", business_id=person_of_this_call().business_id):
            say = "Connect your Shopify store first."
            raise Refused(say, say=say, reason="NOT_CONNECTED")
        self._wake()
        return pb.SyncNowResponse()


def _timestamp(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
