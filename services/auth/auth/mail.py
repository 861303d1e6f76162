"""Letters to people by SMTP: written and sent in the background, so that no answer waits for them or tells of them."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from auth.people_settings import PeopleSettings
from ledgerport_libs import telemetry
from ledgerport_libs.smtp import MailServer

log = telemetry.logger("mail")
_MOST_WAITING = 200
_WAITS = (1.0, 5.0)


@dataclass(frozen=True, slots=True)
class Letter:
    to: str
    subject: str
    text: str


Writing = Callable[[], Awaitable[Letter | None]]


class Mail:
    """Off where SMTP_URL is empty. A letter that cannot be sent in three tries is dropped: its reader asks again."""

    def __init__(self, settings: PeopleSettings, threads: ThreadPoolExecutor) -> None:
        self._settings, self._threads = settings, threads
        self._waiting: asyncio.Queue[Writing] = asyncio.Queue(_MOST_WAITING)

    @property
    def on(self) -> bool:
        return bool(self._settings.smtp_url.get_secret_value())

    def _server(self) -> MailServer:
        url = self._settings.smtp_url.get_secret_value()
        return MailServer.at(url, self._settings.sender, self._settings.mail_timeout)

    def later(self, write: Writing) -> None:
        """Have a letter written and sent soon. With too many waiting it is dropped."""
        if not self.on:
            return
        try:
            self._waiting.put_nowait(write)
        except asyncio.QueueFull:
            log.warning("mail_dropped", waiting=self._waiting.qsize())

    async def run(self) -> None:
        """Work for the background: for ever."""
        while True:
            write = await self._waiting.get()
            try:
                letter = await write()
                if letter is not None:
                    await self._send(letter)
            finally:
                self._waiting.task_done()

    async def settled(self) -> None:
        """Returns when nothing waits any more."""
        await self._waiting.join()

    async def _send(self, letter: Letter) -> None:
        for wait in (*_WAITS, None):
            try:
                send = partial(self._server().send, letter.to, letter.subject, letter.text)
                await asyncio.get_running_loop().run_in_executor(self._threads, send)
            except (smtplib.SMTPException, OSError) as error:
                # An SMTP server's words may repeat the letter: only the kind of trouble is kept.
                log.warning("mail_not_sent", error=type(error).__name__, again=wait is not None)
                if wait is None:
                    return
                await asyncio.sleep(wait)
            else:
                log.info("mail_sent", subject=letter.subject)
                return
