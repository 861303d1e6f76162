"""What the services answered, in the one shape that both the pages and the JSON API show."""

from __future__ import annotations

import time
from typing import Any

from gateway import wording
from gateway.addresses import device
from gateway.sessions import Visitor
from ledgerport.auth.v1 import api_tokens_pb2, people_pb2
from ledgerport.common.v1 import money_pb2
from ledgerport.connections.v1 import connections_pb2
from ledgerport.events.v1 import connection_pb2
from ledgerport.qbo_writer.v1 import preview_pb2, records_pb2
from ledgerport.shopify_sync.v1 import intake_pb2

View = dict[str, Any]
_DAY = 24 * 3600
EXPIRING_SOON_DAYS = 30


def me(visitor: Visitor) -> View:
    return {
        "user_id": visitor.user_id,
        "email": visitor.email,
        "name": visitor.name,
        "role": wording.role_word(visitor.role),
        "business": {"id": visitor.business_id, "name": visitor.business_name},
        "businesses": [
            {"id": each.business_id, "name": each.business_name, "role": wording.role_word(each.role)}
            for each in visitor.memberships
        ],
    }


def money(message: money_pb2.Money) -> View | None:
    """Minor units for programs, text for people; None where there is no amount."""
    if not message.currency:
        return None
    return {"minor": message.minor, "currency": message.currency, "text": wording.amount(message)}


def record(message: records_pb2.RecordSummary) -> View:
    return {
        "id": message.record_id,
        "kind": wording.kind_word(message.kind),
        "status": wording.status_word(message.status),
        "reference": message.reference,
        "source_id": message.source_id,
        "reason": message.reason,
        "sentence": message.sentence,
        "total": money(message.total),
        "changed_at": wording.moment(message.changed_at),
        "document_type": message.document_type,
        "document_id": message.document_id,
        "document_number": message.document_number,
        "document": wording.document(message.document_type, message.document_number),
    }


def attempt(message: records_pb2.Attempt) -> View:
    return {
        "id": message.attempt_id,
        "record_id": message.record_id,
        "kind": wording.kind_word(message.kind),
        "status": wording.status_word(message.outcome),
        "reference": message.reference,
        "source_id": message.source_id,
        "at": wording.moment(message.at),
        "operation": message.operation,
        "document_type": message.document_type,
        "document_id": message.document_id,
        "document_number": message.document_number,
        "document": wording.document(message.document_type, message.document_number),
        "reason": message.reason,
        "sentence": message.sentence,
        "cause": message.cause,
        "cure": message.cure,
        "request": message.request,
        "response": message.response,
        "intuit_tid": message.intuit_tid,
        "trace_id": message.trace_id,
        "http_status": message.http_status,
        "duration_ms": message.duration_ms,
    }


def proof(components: records_pb2.GetRecordResponse) -> list[View]:
    """The equation by component: Shopify, QuickBooks, and what lies between them."""
    rows = []
    for each in components.proof:
        currency = each.shopify.currency or each.quickbooks.currency
        gap = money_pb2.Money(minor=each.quickbooks.minor - each.shopify.minor, currency=currency)
        rows.append(
            {
                "name": each.name,
                "shopify": money(each.shopify),
                "quickbooks": money(each.quickbooks),
                "difference": money(gap),
            }
        )
    return rows


def posted(message: records_pb2.PostedDocument) -> View:
    """One document that stands in QuickBooks."""
    return {
        "type": message.type,
        "id": message.id,
        "number": message.number,
        "total": money(message.total),
        "date": message.date,
        "voided": message.voided,
        "document": wording.document(message.type, message.number),
    }


def preview(message: preview_pb2.PreviewRecordResponse) -> View:
    """What would be written, and what the record would then be."""
    return {
        "documents": [_previewed(each) for each in message.documents],
        "outcome": wording.status_word(message.outcome),
        "reason": message.reason,
        "sentence": message.sentence,
        "cause": message.cause,
        "cure": message.cure,
    }


def _previewed(message: preview_pb2.PreviewedDocument) -> View:
    return {
        "operation": message.operation,
        "type": message.type,
        "number": message.number,
        "date": message.date,
        "total": money(message.total),
        "document": wording.document(message.type, message.number),
        "body": message.body.decode(),
        "exact": message.exact,
        "entries": [
            {"account": each.account, "debit": money(each.debit), "credit": money(each.credit)}
            for each in message.entries
        ],
    }


def summary(message: records_pb2.GetSummaryResponse) -> View:
    by_status = dict.fromkeys(wording.STATUS_LABELS, 0)
    by_kind: dict[str, dict[str, int]] = {}
    for each in message.counts:
        status, kind = wording.status_word(each.status), wording.kind_word(each.kind)
        by_status[status] = by_status.get(status, 0) + each.count
        row = by_kind.setdefault(kind, dict.fromkeys(wording.STATUS_LABELS, 0))
        row[status] = row.get(status, 0) + each.count
    return {
        "counts": [
            {"kind": kind, "status": status, "count": count}
            for kind, row in by_kind.items()
            for status, count in row.items()
            if count
        ],
        "by_status": by_status,
        "by_kind": {kind: by_kind[kind] for kind in wording.KIND_LABELS if kind in by_kind},
        "success_percent": success_percent(by_status["SYNCED"], by_status["ERROR"]),
        "last_synced_at": wording.moment(message.last_synced_at),
        "synced": [money(each) for each in message.synced],
        "recent": [record(each) for each in message.recent],
    }


def success_percent(synced: int, failed: int) -> str:
    """Of all that was decided, rounded down so that 100 means all; empty while nothing is decided."""
    decided = synced + failed
    if not decided:
        return ""
    tenths = synced * 1000 // decided
    return f"{tenths // 10}.{tenths % 10}" if tenths % 10 else str(tenths // 10)


def connection(message: connections_pb2.Connection) -> View:
    state = wording.state_word(message.status)
    ends = message.refresh_expires_at.seconds
    days_left = max(0, int((ends - time.time()) // _DAY)) if ends else None
    return {
        "provider": wording.provider_word(message.provider),
        "status": state,
        "status_since": wording.moment(message.status_since),
        "reason": message.reason,
        "explanation": message.explanation,
        "paused": message.paused,
        "paused_since": wording.moment(message.paused_since),
        "paused_by": message.paused_by,
        "account_id": message.account_id,
        "account_name": message.account_name,
        "shop_domain": message.shop_domain,
        "connected_by": message.connected_by,
        "connected_at": wording.moment(message.connected_at),
        "refresh_expires_at": wording.moment(message.refresh_expires_at),
        "days_left": days_left,
        "expiring_soon": state == "CONNECTED" and days_left is not None and days_left < EXPIRING_SOON_DAYS,
        "scopes": [each for each in message.scopes.replace(",", " ").split() if each],
        "last_write_at": wording.moment(message.last_write_at),
        "last_probe_at": wording.moment(message.last_probe_at),
        "locked": message.locked,
        "store_zone": message.store_zone,
        "version": message.version,
    }


def connections(message: connections_pb2.ListConnectionsResponse) -> dict[str, View]:
    """Both, by quickbooks and shopify; the one that was never made is there too."""
    found = {view["provider"]: view for view in map(connection, message.connections)}
    never_made = connection(connections_pb2.Connection(status=connection_pb2.CONNECTION_STATUS_NOT_CONNECTED))
    return {word.lower(): found.get(word, {**never_made, "provider": word}) for word in wording.PROVIDER_LABELS}


def history(message: connections_pb2.HistoryEntry) -> View:
    return {
        "provider": wording.provider_word(message.provider),
        "at": wording.moment(message.at),
        "actor": message.actor,
        "sentence": message.sentence,
        "status": wording.state_word(message.status),
        "paused": message.paused,
    }


def notice(message: connections_pb2.Notice) -> View:
    return {
        "id": message.notice_id,
        "provider": wording.provider_word(message.provider),
        "kind": wording.notice_word(message.kind),
        "raised_at": wording.moment(message.raised_at),
        "sentence": message.sentence,
        "over": message.over,
    }


def privacy_request(message: intake_pb2.PrivacyRequest) -> View:
    return {
        "id": message.request_id,
        "topic": wording.privacy_word(message.topic),
        "shop_domain": message.shop_domain,
        "customer_id": message.customer_id,
        "received_at": wording.moment(message.received_at),
        "done_at": wording.moment(message.done_at),
        "held": [{"kind": each.kind, "source_id": each.source_id} for each in message.held],
        "sentence": message.sentence,
    }


def intake(message: intake_pb2.GetIntakeStatusResponse) -> View:
    return {
        "shop_domain": message.shop_domain,
        "subscriptions_wanted": message.subscriptions_wanted,
        "subscriptions_present": message.subscriptions_present,
        "missing_topics": list(message.missing_topics),
        "subscriptions_checked_at": wording.moment(message.subscriptions_checked_at),
        "last_webhook_at": wording.moment(message.last_webhook_at),
        "last_catch_up_at": wording.moment(message.last_catch_up_at),
        "waiting": message.waiting,
        "found_last": message.found_last,
        "found_ever": message.found_ever,
        "silent_since": wording.moment(message.silent_since),
        "api_version_served": message.api_version_served,
    }


def member(message: people_pb2.Member) -> View:
    return {
        "user_id": message.person.user_id,
        "email": message.person.email,
        "name": message.person.name,
        "role": wording.role_word(message.role),
        "joined_at": wording.moment(message.joined_at),
    }


def session(message: people_pb2.Session) -> View:
    return {
        "id": message.session_id,
        "device": device(message.client.user_agent),
        "user_agent": message.client.user_agent,
        "address": message.client.address,
        "created_at": wording.moment(message.created_at),
        "last_seen_at": wording.moment(message.last_seen_at),
        "current": message.current,
    }


def invitation(message: people_pb2.Invitation) -> View:
    return {
        "id": message.invitation_id,
        "email": message.email,
        "role": wording.role_word(message.role),
        "invited_by": message.invited_by,
        "expires_at": wording.moment(message.expires_at),
    }


def api_token(message: api_tokens_pb2.ApiToken) -> View:
    return {
        "id": message.token_id,
        "name": message.name,
        "role": wording.role_word(message.role),
        "made_by": message.made_by.email,
        "made_by_id": message.made_by.user_id,
        "created_at": wording.moment(message.created_at),
        "expires_at": wording.moment(message.expires_at),
        "last_used_at": wording.moment(message.last_used_at),
    }
