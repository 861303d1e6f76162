"""Notices by e-mail: what the mail server's refusals mean for a delivery."""

from __future__ import annotations

import smtplib

from connections.settings import Settings
from connections.undelivered import DeliveryTrouble, Undeliverable
from ledgerport_libs.smtp import MailServer


class Mail:
    """Off where no SMTP_URL is set."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    @classmethod
    def of(cls, settings: Settings) -> Mail | None:
        """None where no SMTP_URL is set."""
        if settings.smtp_url is None:
            return None
        return cls(MailServer.at(settings.smtp_url.get_secret_value(), settings.sender, settings.notice_timeout))

    def send(self, recipient: str, subject: str, text: str, message_id: str) -> None:
        """Blocking. Undeliverable: never to this recipient. DeliveryTrouble: again later."""
        try:
            self._server.send(recipient, subject, text, message_id)
        except smtplib.SMTPRecipientsRefused as refused:
            code = next(iter(refused.recipients.values()))[0]
            raise (Undeliverable if code >= 500 else DeliveryTrouble)(f"recipient refused with {code}") from None
        except smtplib.SMTPResponseException as answer:
            raise DeliveryTrouble(f"the mail server answered {answer.smtp_code}") from None
        except (smtplib.SMTPException, OSError) as trouble:
            raise DeliveryTrouble(f"the mail server failed: {type(trouble).__name__}") from None
