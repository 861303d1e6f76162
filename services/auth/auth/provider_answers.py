"""What the two providers can answer, in words that the rest of auth understands. No answer's text is ever kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

QUICKBOOKS, SHOPIFY = "quickbooks", "shopify"


@dataclass(frozen=True, slots=True)
class TokenSet:
    """Tokens as a provider has just issued them; deadlines are counted from when the answer was received."""

    access: str = field(repr=False)
    # Empty: this access token is not refreshed.
    refresh: str = field(repr=False)
    received_at: datetime
    # None: does not expire.
    expires_at: datetime | None
    refresh_expires_at: datetime | None = None
    hard_expires_at: datetime | None = None
    scopes: str = ""
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What the provider itself says about the company or store whose token this is."""

    account: str
    account_id: str
    name: str
    country: str = ""
    zone: str = ""
    currency: str = ""


class ProviderError(Exception):
    """A provider did not do what was asked. The text names status, error code and trace id, and nothing else."""

    def __init__(self, what: str, *, status: int = 0, code: str = "", trace_id: str = "") -> None:
        self.status, self.code, self.trace_id = status, code, trace_id
        super().__init__(f"{what} (status {status or 'none'}, code {code or 'none'}, trace {trace_id or 'none'})")


class ProviderTrouble(ProviderError):
    """It passes by itself: no answer, an overload, a failure on their side, or a wrong setting on ours."""


class GrantRefused(ProviderError):
    """The code or refresh token is worth nothing."""


class AccessRefused(ProviderError):
    """The access token does not open this account."""


class AccountSuspended(ProviderError):
    """The token is good, but the company's subscription or the store is not."""
