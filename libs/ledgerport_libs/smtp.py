"""E-mail by SMTP: encrypted, unless the server is on this machine or the operator says otherwise."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class MailServer:
    """smtp://user:password@host:587 uses STARTTLS, smtps:// TLS from the start; ?tls=none turns it off."""

    host: str
    port: int
    tls: str
    user: str
    password: str = field(repr=False)
    sender: str
    timeout: float

    @classmethod
    def at(cls, url: str, sender: str, timeout: float) -> Self:
        """`timeout` in seconds, of each step with the server."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        wanted = parse_qs(parts.query).get("tls", ["none" if host in _LOOPBACK else "start"])[0]
        tls = "always" if parts.scheme == "smtps" else wanted
        return cls(
            host=host,
            port=parts.port or (465 if tls == "always" else 587),
            tls=tls,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            sender=sender,
            timeout=timeout,
        )

    def send(self, recipient: str, subject: str, text: str, message_id: str = "") -> None:
        """Blocking, within a few time-outs; smtplib.SMTPException or OSError where it was not taken.

        The id lets a mailbox see that a repeated message is the same one.
        """
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, recipient, subject
        message["Date"], message["Auto-Submitted"] = formatdate(), "auto-generated"
        if message_id:
            message["Message-ID"] = f"<{message_id}@{self.sender.rpartition('@')[2]}>"
        message.set_content(text)
        with self._session() as session:
            if self.user:
                session.login(self.user, self.password)
            session.send_message(message)

    def _session(self) -> smtplib.SMTP:
        if self.tls == "always":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout, context=ssl.create_default_context())
        session = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        if self.tls != "none":
            try:
                session.starttls(context=ssl.create_default_context())
            except BaseException:
                session.close()
                raise
        return session
