"""The gRPC edge: proto in, proto out. The Business is always the caller's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ledgerport.shopify_sync.v1 import intake_pb2 as pb
from ledgerport.shopify_sync.v1 import intake_pb2_grpc
from ledgerport_libs.database import Database
from ledgerport_libs.errors import Refused
from ledgerport_libs.identity import person_of_this_call
from ledgerport_libs.paging import number_in, page_size, to_token
from ledgerport_libs.timestamps import timestamp
from shopify_sync.hints import wanted_topics
from shopify_sync.privacy import DATA, REDACT, SHOP
from shopify_sync.settings import Settings
from shopify_sync.silence import silent_since
from shopify_sync.store_watch import Refusal, StoreWatch

Context = Any
_NEWEST = 2**63 - 1
_REFUSALS: Mapping[str, pb.StoreRefusal.ValueType] = {
    Refusal.FROZEN: pb.STORE_REFUSAL_FROZEN,
    Refusal.FORBIDDEN: pb.STORE_REFUSAL_FORBIDDEN,
    Refusal.UNKNOWN: pb.STORE_REFUSAL_UNKNOWN,
    Refusal.LOCKED: pb.STORE_REFUSAL_LOCKED,
    Refusal.REJECTED: pb.STORE_REFUSAL_REJECTED,
}
_TOPICS = {
    DATA: pb.PRIVACY_TOPIC_CUSTOMER_DATA,
    REDACT: pb.PRIVACY_TOPIC_CUSTOMER_REDACT,
    SHOP: pb.PRIVACY_TOPIC_SHOP_REDACT,
}


@dataclass(frozen=True, slots=True)
class _Status:
    shop_domain: str
    connected_at: datetime
    scopes: list[str]
    subscribed_topics: list[str]
    subscriptions_at: datetime | None
    last_webhook_at: datetime | None
    last_catch_up_at: datetime | None
    found_last: int
    found_since_heard: int
    found_ever: int
    usual_gap: timedelta | None
    api_served: str
    api_deprecated: str
    refusal: str
    refused_since: datetime | None


@dataclass(frozen=True, slots=True)
class _Privacy:
    id: int
    topic: str
    shop_domain: str
    customer_id: str
    received_at: datetime
    done_at: datetime | None
    held: list[dict[str, str]]
    sentence: str


class IntakeServicer(intake_pb2_grpc.IntakeServiceServicer):
    """How well the store of the caller's Business is heard. `wake` starts what was asked for."""

    def __init__(self, db: Database, watch: StoreWatch, settings: Settings, wake: Callable[[], None]) -> None:
        self._db, self._watch, self._settings, self._wake = db, watch, settings, wake

    async def GetIntakeStatus(self, request: pb.GetIntakeStatusRequest, context: Context) -> pb.GetIntakeStatusResponse:
        asked = self._settings.shopify_api_version
        async with self._db.transaction() as tx:
            row = await tx.one("intake_status", _Status, business_id=person_of_this_call().business_id)
            if row is None:
                return pb.GetIntakeStatusResponse(subscriptions_wanted=len(wanted_topics(())), api_version_asked=asked)
            waiting = await tx.value("hints_waiting", shop_domain=row.shop_domain)
        wanted = wanted_topics(row.scopes)
        silent = silent_since(
            row.last_webhook_at, row.connected_at, row.usual_gap, row.found_since_heard, datetime.now(UTC)
        )
        return pb.GetIntakeStatusResponse(
            shop_domain=row.shop_domain,
            subscriptions_wanted=len(wanted),
            subscriptions_present=len(set(wanted) & set(row.subscribed_topics)),
            subscriptions_checked_at=timestamp(row.subscriptions_at),
            last_webhook_at=timestamp(row.last_webhook_at),
            last_catch_up_at=timestamp(row.last_catch_up_at),
            waiting=waiting,
            missing_topics=sorted(set(wanted) - set(row.subscribed_topics)),
            found_last=row.found_last,
            found_ever=row.found_ever,
            silent_since=timestamp(silent),
            found_since_silent=row.found_since_heard if silent else 0,
            api_version_asked=asked,
            api_version_served=row.api_served,
            api_deprecated_reason=row.api_deprecated,
            refusal=_REFUSALS.get(row.refusal, pb.STORE_REFUSAL_UNSPECIFIED),
            refused_since=timestamp(row.refused_since),
            recent_orders_only=bool(row.scopes) and "read_all_orders" not in row.scopes,
        )

    async def SyncNow(self, request: pb.SyncNowRequest, context: Context) -> pb.SyncNowResponse:
        if not await self._db.run("catch_up_wanted", business_id=person_of_this_call().business_id):
            say = "Connect your Shopify store first."
            raise Refused(say, say=say, reason="NOT_CONNECTED")
        self._watch.try_again(person_of_this_call().business_id)
        self._wake()
        return pb.SyncNowResponse()

    async def ListPrivacyRequests(
        self, request: pb.ListPrivacyRequestsRequest, context: Context
    ) -> pb.ListPrivacyRequestsResponse:
        size = page_size(request.page_size)
        before = number_in(request.page_token)
        rows = await self._db.all(
            "privacy_page",
            _Privacy,
            business_id=person_of_this_call().business_id,
            before=_NEWEST if before is None else before,
            size=size + 1,
        )
        return pb.ListPrivacyRequestsResponse(
            requests=[_request(row) for row in rows[:size]],
            next_page_token=to_token(str(rows[size - 1].id)) if len(rows) > size else "",
        )


def _request(row: _Privacy) -> pb.PrivacyRequest:
    return pb.PrivacyRequest(
        request_id=str(row.id),
        topic=_TOPICS[row.topic],
        shop_domain=row.shop_domain,
        customer_id=row.customer_id,
        received_at=timestamp(row.received_at),
        done_at=timestamp(row.done_at),
        held=[pb.HeldObject(kind=each["kind"], source_id=each["id"]) for each in row.held],
        sentence=row.sentence,
    )
