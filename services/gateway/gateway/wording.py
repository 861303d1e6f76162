"""The words, times and amounts that people read."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from google.protobuf.timestamp_pb2 import Timestamp
from markupsafe import Markup

from ledgerport.common.v1 import access_pb2, money_pb2, provider_pb2
from ledgerport.connections.v1 import connections_pb2
from ledgerport.events.v1 import connection_pb2, record_pb2
from ledgerport.shopify_sync.v1 import intake_pb2
from ledgerport_libs.money import EXPONENT, Money

STATUS_LABELS = {
    "PENDING": "Pending",
    "ON_HOLD": "On Hold",
    "SYNCED": "Synced",
    "ERROR": "Error",
    "SKIPPED": "Skipped",
}
KIND_LABELS = {
    "ORDER": "Order",
    "REFUND": "Refund",
    "CUSTOMER": "Customer",
    "PRODUCT": "Product",
    "PAYMENT": "Payment",
    "PAYOUT": "Payout",
    "SETUP": "Setup",
}
STATE_LABELS = {
    "NOT_CONNECTED": "Not connected",
    "CONNECTED": "Connected",
    "UNHEALTHY": "Unhealthy",
    "DISCONNECTED": "Disconnected",
}
PROVIDER_LABELS = {"QUICKBOOKS": "QuickBooks Online", "SHOPIFY": "Shopify"}
PRIVACY_LABELS = {
    "CUSTOMER_DATA": "A customer asks for their data",
    "CUSTOMER_REDACT": "Erase a customer's data",
    "SHOP_REDACT": "Erase the store's data",
}
ROLE_LABELS = {"VIEWER": "Viewer", "BOOKKEEPER": "Bookkeeper", "ADMIN": "Admin", "OWNER": "Owner"}
DOCUMENT_LABELS = {
    "SalesReceipt": "Sales Receipt",
    "RefundReceipt": "Refund Receipt",
    "CreditMemo": "Credit Memo",
    "JournalEntry": "Journal Entry",
}
OPERATION_LABELS = {"create": "New", "update": "Changed", "void": "Voided"}
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CAD": "CA$", "AUD": "A$", "INR": "₹", "NZD": "NZ$"}


def status_word(status: record_pb2.RecordStatus.ValueType) -> str:
    return record_pb2.RecordStatus.Name(status).removeprefix("RECORD_STATUS_")


def kind_word(kind: record_pb2.RecordKind.ValueType) -> str:
    return record_pb2.RecordKind.Name(kind).removeprefix("RECORD_KIND_")


def state_word(status: connection_pb2.ConnectionStatus.ValueType) -> str:
    return connection_pb2.ConnectionStatus.Name(status).removeprefix("CONNECTION_STATUS_")


def provider_word(provider: provider_pb2.Provider.ValueType) -> str:
    return provider_pb2.Provider.Name(provider).removeprefix("PROVIDER_")


def notice_word(kind: connections_pb2.NoticeKind.ValueType) -> str:
    return connections_pb2.NoticeKind.Name(kind).removeprefix("NOTICE_KIND_")


def privacy_word(topic: intake_pb2.PrivacyTopic.ValueType) -> str:
    return intake_pb2.PrivacyTopic.Name(topic).removeprefix("PRIVACY_TOPIC_")


def role_word(role: access_pb2.Role.ValueType) -> str:
    return access_pb2.Role.Name(role).removeprefix("ROLE_")


def status_of(word: str) -> record_pb2.RecordStatus.ValueType:
    """The status a person chose, in any case; unspecified for anything else."""
    known = word.upper() in STATUS_LABELS
    return (
        record_pb2.RecordStatus.Value(f"RECORD_STATUS_{word.upper()}")
        if known
        else record_pb2.RECORD_STATUS_UNSPECIFIED
    )


def kind_of(word: str) -> record_pb2.RecordKind.ValueType:
    """The kind a person chose, in any case; unspecified for anything else."""
    known = word.upper() in KIND_LABELS
    return record_pb2.RecordKind.Value(f"RECORD_KIND_{word.upper()}") if known else record_pb2.RECORD_KIND_UNSPECIFIED


def role_of(word: str) -> access_pb2.Role.ValueType:
    """The role a person chose, in any case; unspecified for anything else."""
    known = word.upper() in ROLE_LABELS
    return access_pb2.Role.Value(f"ROLE_{word.upper()}") if known else access_pb2.ROLE_UNSPECIFIED


def moment(stamp: Timestamp) -> str:
    """ISO 8601 in UTC to the second; empty for no moment."""
    if not stamp.seconds:
        return ""
    return datetime.fromtimestamp(stamp.seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def when(iso: str, zone: str = "") -> Markup:
    """A time element in the store's zone, which its title names; in UTC, marked as such, where there is none."""
    if not iso:
        return Markup('<span class="muted">never</span>')
    at = datetime.strptime(iso, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    known = zone_of(zone)
    if known is None:
        return Markup('<time datetime="{}" title="UTC">{} UTC</time>').format(iso, _spoken(at))
    local = at.astimezone(known)
    offset = local.strftime("%z")
    title = f"{zone} (UTC{offset[:3].replace('-', '−')}:{offset[3:5]})"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(iso, title, _spoken(local))


def zone_of(name: str) -> ZoneInfo | None:
    """None for what is no zone."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _spoken(at: datetime) -> str:
    return f"{at.day} {at:%b %Y, %H:%M}"


def amount(money: money_pb2.Money) -> str:
    """$1,234.50, or 1,234.50 NOK where the currency has no sign that everybody knows."""
    if not money.currency:
        return ""
    if money.currency not in EXPONENT:
        return f"{money.minor} {money.currency}"
    sign = "−" if money.minor < 0 else ""
    whole, point, part = str(Money(abs(money.minor), money.currency)).partition(".")
    grouped = f"{int(whole):,}{point}{part}"
    symbol = _SYMBOLS.get(money.currency)
    return f"{sign}{symbol}{grouped}" if symbol else f"{sign}{grouped} {money.currency}"


def document(kind: str, number: str) -> str:
    """Sales Receipt 1001; the kind alone where QuickBooks gave no number."""
    return f"{DOCUMENT_LABELS.get(kind, kind)} {number}".strip()
