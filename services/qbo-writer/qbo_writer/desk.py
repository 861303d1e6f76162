"""All that writing to one company needs while its lease is ours, and what stops the whole company."""

from __future__ import annotations

import asyncio
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ledgerport_libs.access_tokens import AccessToken, AccessTokens
from ledgerport_libs.database import Database
from qbo_writer.answers import Action, Reading
from qbo_writer.breaker import Breaker
from qbo_writer.company_books import CompanyBooks
from qbo_writer.ledger_rows import Lease
from qbo_writer.posting.company import Company
from qbo_writer.posting.verdicts import Key
from qbo_writer.quickbooks import QuickBooks
from qbo_writer.sync_config import Settings, load_settings, settings_stamp

_READ_AGAIN_AFTER = 10.0


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
    # Seconds.
    retry_waits: tuple[float, ...]
    look_first_after: float
    write_over_after: float
    # What we know may be older than the books: what a plan would make may stand there already.
    look_first_always: bool = False
    breaker: Breaker = field(init=False)
    # Why no further write may start, once one of them has met trouble that concerns all.
    stopped: str = ""
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    _read_again_at: float = float("-inf")

    def __post_init__(self) -> None:
        self.breaker = Breaker(self.retry_waits)

    @property
    def known(self) -> Mapping[Key, str]:
        """All that documents may refer to."""
        return ChainMap(self.settings.overlay, self.mapped)

    def pass_the_gate(self) -> None:
        """Called right before each send: GateClosed where nothing may be sent now."""
        if closed := self.stopped or self.why_closed():
            raise GateClosed(closed)

    def heard(self, reading: Reading) -> None:
        """QuickBooks answered a write, or did not: a fault with a code of its own is an answer."""
        if reading.action is Action.SAME_AGAIN and not reading.fault.code:
            self.breaker.unanswered()
        else:
            self.breaker.answered()

    async def heed_changes(self) -> None:
        """Settings and mappings hold from the next record on, and so does what was read of the company meanwhile."""
        business_id = self.lease.business_id
        stamp = await settings_stamp(self.db, business_id)
        if stamp != self.settings_stamp:
            self.settings, self.settings_stamp = await load_settings(self.db, business_id), stamp
        read_at = await self.books.read_at(business_id)
        if read_at != self.read_at and (company := await self.books.known(business_id)) is not None:
            self.company, self.read_at = company, read_at

    async def read_company_again(self, access: AccessToken) -> None:
        """A reference was refused: it may be gone or inactive in QuickBooks. Many at once lead to one reading."""
        async with self._reading:
            now = asyncio.get_running_loop().time()
            if now - self._read_again_at > _READ_AGAIN_AFTER:
                self.company = await self.books.load(self.lease.business_id, access, afresh=True)
                self._read_again_at = now
