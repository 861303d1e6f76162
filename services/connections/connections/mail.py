"""E-mail by SMTP: encrypted, unless the server is on this machine or the operator says otherwise."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import parse_qs, unquote, urlsplit

from connections.settings import Settings
from connections.undelivered import DeliveryTrouble, Undeliverable

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class Mail:
    """smtp://user:password@host:587 uses STARTTLS, smtps:// TLS from the start; ?tls=none turns it off."""

    host: str
    port: int
    tls: str
    user: str
    password: str = field(repr=False)
    sender: str
    timeout: float

    @classmethod
    def of(cls, settings: Settings) -> Mail | None:
        """None where no SMTP_URL is set."""
        if settings.smtp_url is None:
            return None
        url = urlsplit(settings.smtp_url.get_secret_value())
        host = url.hostname or ""
        wanted = parse_qs(url.query).get("tls", ["none" if host in _LOOPBACK else "start"])[0]
        tls = "always" if url.scheme == "smtps" else wanted
        return cls(
            host=host,
            port=url.port or (465 if tls == "always" else 587),
            tls=tls,
            user=unquote(url.username or ""),
            password=unquote(url.password or ""),
            sender=settings.sender,
            timeout=settings.notice_timeout,
        )

    def send(self, recipient: str, subject: str, text: str, message_id: str) -> None:
        """Blocking, within a few time-outs. The id lets a mailbox see that a repeated message is the same one."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, recipient, subject
        message["Date"], message["Message-ID"] = formatdate(), f"<{message_id}@{self.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        try:
            with self._session() as session:
                if self.user:
                    session.login(self.user, self.password)
                session.send_message(message)
        except smtplib.SMTPRecipientsRefused as refused:
            code = next(iter(refused.recipients.values()))[0]
            raise (Undeliverable if code >= 500 else DeliveryTrouble)(f"recipient refused with {code}") from None
        except smtplib.SMTPResponseException as answer:
            raise DeliveryTrouble(f"the mail server answered {answer.smtp_code}") from None
        except (smtplib.SMTPException, OSError) as trouble:
            raise DeliveryTrouble(f"the mail server failed: {type(trouble).__name__}") from None

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
