"""All that writing to one company needs while its lease is ours, and what stops the whole company."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ledgerport_libs.access_tokens import AccessTokens
from ledgerport_libs.database import Database
from qbo_writer.company_books import CompanyBooks
from qbo_writer.ledger_rows import Lease
from qbo_writer.posting.company import Company
from qbo_writer.posting.verdicts import Key
from qbo_writer.quickbooks import QuickBooks
from qbo_writer.sync_config import Settings


class GateClosed(Exception):
    """Paused, unhealthy or disconnected: the claim stands, nothing was sent."""


class CompanyTrouble(Exception):
    """The connection itself is in trouble: no record of this company can go on for now."""


@dataclass
class Desk:
    """All that writing to one company needs, while its lease is ours."""

    db: Database
    lease: Lease
    company: Company
    # What was matched or made, by the keys of posting; what a person chose stands in the settings and wins.
    mapped: dict[Key, str]
    settings: Settings
    # Which state of the settings and of the company this is.
    settings_stamp: int
    read_at: datetime | None
    quickbooks: QuickBooks
    books: CompanyBooks
    tokens: AccessTokens
    why_closed: Callable[[], str]
    retry_waits: tuple[float, ...]
    look_first_after: float
    # Why no further write may start, once one of them has met trouble that concerns all.
    stopped: str = ""

    @property
    def known(self) -> Mapping[Key, str]:
        """All that documents may refer to."""
        return ChainMap(self.settings.overlay, self.mapped)
