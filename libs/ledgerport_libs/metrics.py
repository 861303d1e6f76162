"""Every metric that any service has, by name; docs/metrics.md tells what each is for.

No label takes its values from outside without a bound: a label of many values is kept by `Few`, and the ids of
Businesses stand in one metric alone, which shows at most five of them a process at any moment.
"""

from __future__ import annotations

from collections.abc import Collection

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
_SHARES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
OTHERS = "others"


class Few:
    """Keeps a label's values few: the first so many keep their names, and all later ones are `others`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()

    def of(self, value: str) -> str:
        """The value as a label."""
        if value in self._known:
            return value
        if len(self._known) >= self._most:
            return OTHERS
        self._known.add(value)
        return value


# --- calls and pages ------------------------------------------------------------------------------

RPC_SECONDS = Histogram("ledgerport_rpc_seconds", "Time to answer a gRPC call", ["method", "code"])
STREAMS_ENDED = Counter("ledgerport_rpc_streams_ended_total", "Answers by stream that ended", ["method", "code"])
PAGE_SECONDS = Histogram("ledgerport_page_seconds", "Time to answer a browser", ["method", "status"])
LIVE_PAGES = Gauge("ledgerport_live_pages", "Open live connections")

# --- events ---------------------------------------------------------------------------------------

OUTBOX_WAITING = Gauge("ledgerport_outbox_waiting", "Events committed and not published yet")
OUTBOX_OLDEST = Gauge("ledgerport_outbox_oldest_seconds", "Age of the oldest event that is not published yet")
EVENTS_PUBLISHED = Counter("ledgerport_events_published_total", "Events handed to JetStream", ["stream"])
EVENTS_HANDLED = Counter("ledgerport_events_handled_total", "Events handled", ["consumer", "outcome"])
CONSUMER_LAG = Gauge(
    "ledgerport_consumer_lag", "Events of a stream that a consumer has not acknowledged", ["stream", "consumer"]
)
DEAD_LETTERS = Gauge("ledgerport_dead_letters", "Events given up that wait for a replay", ["consumer"])

# --- how far behind -------------------------------------------------------------------------------

WAITING = Gauge("ledgerport_waiting", "What waits in a queue of the service's own", ["queue"])
OLDEST_WAITING = Gauge("ledgerport_oldest_waiting_seconds", "Age of the oldest that waits in the queue", ["queue"])
LOOKED_AT = Gauge("ledgerport_looked_at_seconds", "When the service's database was last looked at, in epoch seconds")
LOOP_FAILURES = Counter("ledgerport_loop_failures_total", "Background work that failed and is tried again", ["loop"])

# --- records and QuickBooks -----------------------------------------------------------------------

RECORDS_NOT_SYNCED = Gauge(
    "ledgerport_records_not_synced",
    "Records in error or on hold, by the reason of the answer table",
    ["status", "reason"],
)
RECORDS_SETTLED = Counter(
    "ledgerport_records_settled_total", "Tries that came to an outcome", ["kind", "status", "reason"]
)
QUICKBOOKS_SECONDS = Histogram(
    "ledgerport_quickbooks_seconds", "Time of a call to QuickBooks", ["kind", "outcome"], buckets=_SECONDS
)
BATCH_DOCUMENTS = Histogram(
    "ledgerport_quickbooks_batch_documents", "Documents in one batch", buckets=(1, 2, 3, 5, 8, 12, 16, 20, 25, 30)
)
LIMIT_USE = Gauge(
    "ledgerport_company_limit_use_ratio",
    "Requests or batches of the last minute, as a share of what the company may be asked: the five highest",
    ["limit", "business"],
)
COMPANIES_HELD = Gauge("ledgerport_companies_held", "Companies that this writer has the lease of")
LEASES_TAKEN = Counter("ledgerport_leases_taken_total", "Leases of companies taken", ["moved"])
WRITERS = Gauge("ledgerport_writers", "Writers that share the companies", ["state"])

# --- Shopify --------------------------------------------------------------------------------------

WEBHOOKS = Counter("ledgerport_webhooks_total", "Webhooks by what Shopify was answered", ["code"])
WEBHOOK_SECONDS = Histogram(
    "ledgerport_webhook_durable_seconds", "From a webhook's first byte to its commit", buckets=_SECONDS
)
SHOPIFY_SECONDS = Histogram(
    "ledgerport_shopify_seconds", "Time of a call to Shopify's Admin API", ["lane", "outcome"], buckets=_SECONDS
)
SHOPIFY_BUCKET = Histogram(
    "ledgerport_shopify_bucket_fill_ratio", "What each answer left in the store's cost bucket", buckets=_SHARES
)
STORES = Gauge("ledgerport_stores", "Connected stores by what is the matter with them", ["state"])
CATCH_UP_OLDEST = Gauge("ledgerport_catch_up_oldest_seconds", "The longest time since a store was looked through")

# --- connections, tokens and people ---------------------------------------------------------------

CONNECTIONS = Gauge("ledgerport_connections", "Connections by status", ["provider", "status", "paused"])
REFRESH_TOKENS = Gauge("ledgerport_refresh_tokens", "Refresh tokens by the days they still live", ["provider", "days"])
TOKEN_REFRESHES = Counter("ledgerport_token_refreshes_total", "Refreshes of access tokens", ["provider", "outcome"])
PROVIDER_READS = Counter("ledgerport_provider_reads_total", "Reads that only ask whether we have access", ["provider"])
PROBES = Counter("ledgerport_probes_total", "Probes by what they found", ["provider", "outcome"])
NOTICES = Counter("ledgerport_notices_total", "Notices raised for people", ["kind"])
NOTICES_SENT = Counter("ledgerport_notices_sent_total", "Tries to deliver a notice", ["channel", "outcome"])

_reasons = Few(200)


def settled(kind: str, status: str, reason: str) -> None:
    """Counts one outcome. Reasons are ours or carry a code of Intuit's, and are kept few all the same."""
    RECORDS_SETTLED.labels(kind, status, _reasons.of(reason)).inc()


def http_outcome(status: int, limited: Collection[int] = (429,)) -> str:
    """An HTTP status as a label; 0 stands for no answer."""
    if status in limited:
        return "limit"
    if status == 0:
        return "unanswered"
    if status == 401:
        return "token"
    return {2: "done", 4: "refused"}.get(status // 100, "failed")
