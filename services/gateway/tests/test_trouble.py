"""What card and banner say about a connection in trouble."""

from __future__ import annotations

import pytest

from gateway import trouble, views
from gateway.dashboard import banners
from gateway.views import View
from ledgerport.common.v1 import provider_pb2
from ledgerport.connections.v1 import connections_pb2
from ledgerport.events.v1 import connection_pb2

QUICKBOOKS, SHOPIFY = provider_pb2.PROVIDER_QUICKBOOKS, provider_pb2.PROVIDER_SHOPIFY
UNHEALTHY = connection_pb2.CONNECTION_STATUS_UNHEALTHY
DISCONNECTED = connection_pb2.CONNECTION_STATUS_DISCONNECTED
ENDED = "QuickBooks no longer accepts our access: it was ended there or has expired. Please reconnect QuickBooks."
SUSPENDED = "QuickBooks says that this account's subscription has ended. Renew it there; syncing goes on by itself."


def connection(
    provider: provider_pb2.Provider.ValueType,
    status: connection_pb2.ConnectionStatus.ValueType,
    reason: str = "",
    explanation: str = "",
    *,
    paused: bool = False,
) -> View:
    return views.connection(
        connections_pb2.Connection(
            provider=provider, status=status, reason=reason, explanation=explanation, paused=paused
        )
    )


def banner(view: View) -> tuple[str, str]:
    [found] = banners({view["provider"].lower(): view})
    return found["text"], found["do"]


@pytest.mark.parametrize("reason", ["INVALID_GRANT", "ACCESS_REVOKED"])
def test_an_ended_access_asks_to_reconnect_to_the_same_company(reason: str) -> None:
    view = connection(QUICKBOOKS, UNHEALTHY, reason, ENDED)
    assert banner(view) == (f"QuickBooks needs you. {ENDED}", "Reconnect")
    wrong = trouble.of(view)
    assert wrong is not None
    assert wrong["cure"] == "Reconnect to the same company, and they are sent."


def test_while_paused_the_cure_names_resuming_too() -> None:
    wrong = trouble.of(connection(QUICKBOOKS, UNHEALTHY, "INVALID_GRANT", ENDED, paused=True))
    assert wrong is not None
    assert wrong["cure"] == "Reconnect to the same company and resume, and they are sent."


def test_a_suspended_company_is_renewed_at_intuit_and_not_reconnected() -> None:
    view = connection(QUICKBOOKS, UNHEALTHY, "COMPANY_SUSPENDED", SUSPENDED)
    assert banner(view) == (f"QuickBooks needs you. {SUSPENDED}", "Review")
    wrong = trouble.of(view)
    assert wrong is not None
    assert wrong["cure"] == "As soon as QuickBooks takes them again, they are sent."


def test_an_outage_needs_nobody() -> None:
    away = "QuickBooks has not answered for 12 minutes. It is tried again by itself."
    assert banner(connection(QUICKBOOKS, UNHEALTHY, "UNREACHABLE", away)) == (away, "Review")


def test_a_store_that_removed_the_app_says_so_and_how_to_go_on() -> None:
    text, do = banner(connection(SHOPIFY, DISCONNECTED, "STORE_UNINSTALLED", "The store removed our app."))
    assert text == (
        "Shopify needs you. The store removed LedgerPort, so nothing is read from it; connect it again to go on."
    )
    assert do == "Reconnect"


def test_a_store_that_a_person_disconnected_is_not_said_to_be_collected_from() -> None:
    assert banner(connection(SHOPIFY, DISCONNECTED))[0] == (
        "Shopify is disconnected. Nothing is read from the store until you connect it again."
    )
    assert banner(connection(QUICKBOOKS, DISCONNECTED))[0] == (
        "QuickBooks is disconnected. Changes are collected, nothing is written."
    )


def test_what_works_is_in_no_trouble() -> None:
    assert trouble.of(connection(QUICKBOOKS, connection_pb2.CONNECTION_STATUS_CONNECTED)) is None
    assert trouble.of(connection(SHOPIFY, connection_pb2.CONNECTION_STATUS_NOT_CONNECTED)) is None
