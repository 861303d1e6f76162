"""Whom a notice about a Business is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ledgerport.auth.v1 import recipients_pb2 as pb
from ledgerport.auth.v1 import recipients_pb2_grpc
from ledgerport_libs.database import Database

Context = Any


@dataclass(frozen=True, slots=True)
class _Recipient:
    business_name: str
    email: str


class RecipientsServicer(recipients_pb2_grpc.RecipientsServiceServicer):
    """Owners and Admins: those who can reconnect."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def ListNoticeRecipients(
        self, request: pb.ListNoticeRecipientsRequest, context: Context
    ) -> pb.ListNoticeRecipientsResponse:
        found = await self._db.all("notice_recipients", _Recipient, business_id=request.business_id)
        return pb.ListNoticeRecipientsResponse(
            business_name=found[0].business_name if found else "", emails=[each.email for each in found]
        )
