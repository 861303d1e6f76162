"""Letters to people by SMTP: written and sent in the background, so that no answer waits for them or tells of them."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from auth.people_settings import PeopleSettings
from ledgerport_libs import telemetry

log = telemetry.logger("mail")
_MOST_WAITING = 200
_WAITS = (1.0, 5.0)
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


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
                await asyncio.get_running_loop().run_in_executor(self._threads, self._deliver, letter)
            except (smtplib.SMTPException, OSError) as error:
                # An SMTP server's words may repeat the letter: only the kind of trouble is kept.
                log.warning("mail_not_sent", error=type(error).__name__, again=wait is not None)
                if wait is None:
                    return
                await asyncio.sleep(wait)
            else:
                log.info("mail_sent", subject=letter.subject)
                return

    def _deliver(self, letter: Letter) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._settings.sender, letter.to, letter.subject
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
        with self._open() as server:
            server.send_message(message)

    def _open(self) -> smtplib.SMTP:
        """smtps:// is TLS from the start, smtp:// STARTTLS; none only on this machine, or with ?tls=none."""
        url = urlsplit(self._settings.smtp_url.get_secret_value())
        host, seconds, trust = url.hostname or "", self._settings.mail_timeout, ssl.create_default_context()
        clear = host in _LOOPBACK or "tls=none" in url.query
        if url.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, url.port or 465, timeout=seconds, context=trust)
        else:
            server = smtplib.SMTP(host, url.port or 587, timeout=seconds)
        try:
            if url.scheme == "smtp" and not clear:
                server.starttls(context=trust)
            if url.username:
                server.login(unquote(url.username), unquote(url.password or ""))
        except BaseException:
            server.close()
            raise
        return server
