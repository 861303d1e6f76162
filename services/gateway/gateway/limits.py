"""How often one address, one account, one person and one API token may ask. Nobody uses up what is another's."""

from __future__ import annotations

import hashlib

from starlette.requests import Request

from gateway.addresses import client_address
from gateway.settings import Settings
from gateway.throttle import Throttle
from ledgerport_libs.errors import TooManyTries


class Limits:
    """Counted in this process; auth counts wrong passwords over all of them. Each raises TooManyTries."""

    def __init__(self, settings: Settings) -> None:
        self._hops = settings.forwarded_hops
        self._by_address = Throttle(settings.tries_by_address, 60)
        self._by_account = Throttle(settings.tries_by_account, 120)
        self._by_person = Throttle(settings.changes_by_person, 60)
        self._by_token = Throttle(settings.calls_by_token, 60)

    def stranger(self, request: Request, account: str = "") -> None:
        """A form from before sign-in: by address, and by account from this address."""
        address = client_address(request, self._hops)
        wait = self._by_address.take(address)
        if account:
            wait = max(wait, self._by_account.take(_digest(address, account.strip().lower())))
        if wait > 0:
            raise TooManyTries(f"{address} has to wait {wait:.0f} s")

    def person(self, user_id: str) -> None:
        """A change by somebody who is signed in."""
        if self._by_person.take(user_id) > 0:
            raise TooManyTries(f"{user_id} changes too much at once")

    def secret_of(self, request: Request, user_id: str) -> None:
        """A try at a secret by somebody who is signed in: as few as before sign-in."""
        self.stranger(request, f"secret of {user_id}")

    def program(self, token_id: str) -> None:
        """A call with an API token."""
        if self._by_token.take(token_id) > 0:
            raise TooManyTries(
                f"token {token_id} calls too often", say="This API token calls too often. Wait a little."
            )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
