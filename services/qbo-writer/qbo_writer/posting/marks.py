"""How a document is found again: its number for people, its marker for us, its day in the store's zone."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp

from qbo_writer.posting import texts
from qbo_writer.posting.company import Company
from qbo_writer.posting.config import Numbers, SyncConfig

LONGEST_NUMBER = 21


def document_number(order_name: str, suffix: str, company: Company, config: SyncConfig) -> str:
    """Shopify's name without #, prefixed, with a suffix by kind; empty where the company numbers by itself.

    A name that does not fit gives no number at all: half a number would be somebody else's.
    """
    number = config.number_prefix + texts.clean(order_name.lstrip("#"), 100) + suffix
    ours = company.custom_numbers and config.numbers is Numbers.SHOPIFY
    return number if ours and len(number) <= LONGEST_NUMBER else ""


def marker(record_id: str, revision: str = "") -> str:
    """Stands in PrivateNote, so that a document whose answer was lost can be told from a person's own.

    A change of a document bears the revision it makes, so that a change whose answer was lost is known, too.
    """
    return f"[ledgerport:{record_id}{'/' if revision else ''}{revision}]"


def private_note(sentence: str, record_id: str, revision: str = "") -> str:
    return f"{texts.clean(sentence, 3900)} {marker(record_id, revision)}"


def day(moment: Timestamp, zone: str) -> str:
    """The day of this moment in the store's zone, as YYYY-MM-DD."""
    return moment.ToDatetime(tzinfo=UTC).astimezone(ZoneInfo(zone)).date().isoformat()
