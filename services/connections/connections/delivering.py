"""Notices leave from their outbox: at least once, with growing waits, and never in anyone's way."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import grpc

from connections.mail import Mail
from connections.moves import NAMES
from connections.settings import Settings
from connections.undelivered import DeliveryTrouble, Undeliverable
from connections.webhook import Webhook
from ledgerport.auth.v1 import recipients_pb2, recipients_pb2_grpc
from ledgerport_libs import metrics, telemetry
from ledgerport_libs.database import Database

log = telemetry.logger("delivering")
SUBJECTS = {"unhealthy": "{} needs you", "recovered": "{} works again", "expiring": "{}: access ends soon"}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice on its way to one place. `old`: it was tried for so long that this is the last time."""

    id: int
    notice_id: int
    channel: str
    recipient: str
    tries: int
    old: bool
    business_id: str
    provider: str
    kind: str
    sentence: str
    raised_at: datetime


class Delivering:
    """Sends on threads of its own; a slow mail server holds up nothing but other mail."""

    def __init__(
        self,
        db: Database,
        recipients: recipients_pb2_grpc.RecipientsServiceAsyncStub,
        settings: Settings,
        threads: ThreadPoolExecutor,
    ) -> None:
        self._db, self._recipients, self._settings, self._threads = db, recipients, settings, threads
        self._mail = Mail.of(settings)
        self._webhook = Webhook.of(settings)

    async def work_off(self) -> None:
        """Try each delivery that is due, once."""
        lease = 4 * self._settings.notice_timeout + 30
        while due := await self._db.all(
            "deliveries_take",
            Delivery,
            lease=lease,
            batch=self._settings.notices_at_once,
            days=self._settings.notice_days,
        ):
            await asyncio.gather(*(self._one(each) for each in due))

    async def _one(self, each: Delivery) -> None:
        try:
            await self._send(each)
        except Undeliverable as final:
            await self._give_up(each, str(final))
        except DeliveryTrouble as trouble:
            if each.old:
                await self._give_up(each, str(trouble))
                return
            log.warning("notice_goes_out_later", notice=each.notice_id, channel=each.channel, error=str(trouble))
            metrics.NOTICES_SENT.labels(each.channel, "later").inc()
            await self._db.run(
                "delivery_later", id=each.id, failure=str(trouble), first=self._settings.notice_retry_seconds
            )
        else:
            metrics.NOTICES_SENT.labels(each.channel, "done").inc()
            await self._db.run("delivery_done", id=each.id, failure="")

    async def _give_up(self, each: Delivery, why: str) -> None:
        """It stays on the page; only this way of telling it has failed."""
        log.error("notice_not_delivered", notice=each.notice_id, channel=each.channel, error=why, tries=each.tries)
        metrics.NOTICES_SENT.labels(each.channel, "given_up").inc()
        await self._db.run("delivery_done", id=each.id, failure=why)

    async def _send(self, each: Delivery) -> None:
        match each.channel:
            case "recipients":
                await self._address(each)
            case "email" if self._mail is not None:
                subject = f"LedgerPort: {SUBJECTS[each.kind].format(NAMES[each.provider])}"
                mail, text = self._mail, f"{each.sentence}\n\n{self._settings.public_url.rstrip('/')}/connections\n"
                await self._off_loop(lambda: mail.send(each.recipient, subject, text, f"notice-{each.id}"))
            case "webhook" if self._webhook is not None:
                webhook, message_id = self._webhook, f"notice_{each.notice_id}"
                await self._off_loop(lambda: webhook.send(message_id, f"connection.{each.kind}", _told(each)))
            case _:
                raise Undeliverable("this way is not set up any more")

    async def _address(self, each: Delivery) -> None:
        """One e-mail for each Owner and Admin of the Business, as auth knows them now."""
        request = recipients_pb2.ListNoticeRecipientsRequest(business_id=each.business_id)
        try:
            answer = await self._recipients.ListNoticeRecipients(request)
        except grpc.aio.AioRpcError as failure:
            raise DeliveryTrouble(f"auth answered {failure.code().name}") from None
        async with self._db.transaction() as tx:
            for email in answer.emails:
                await tx.run("delivery_add", notice_id=each.notice_id, channel="email", recipient=email)

    async def _off_loop(self, work: object) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, work)  # type: ignore[arg-type]


def _told(each: Delivery) -> dict[str, str]:
    return {
        "business_id": each.business_id,
        "provider": each.provider,
        "sentence": each.sentence,
        "raised_at": each.raised_at.isoformat(),
    }
