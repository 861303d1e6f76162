"""A company of the Intuit stand-in inside this process: the same refusals and the same ledger, without HTTP."""

from __future__ import annotations

import json
import shutil
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from intuit_sandbox import seed
from intuit_sandbox.books import Books
from intuit_sandbox.faults import Fault
from intuit_sandbox.service import Call, CompanyService
from intuit_sandbox.settings import Knobs
from intuit_sandbox.store import Store

US, AUTOMATED, BRITISH, TRADING, CANADIAN = (profile.realm_id for profile in seed.PROFILES)


class Refused(AssertionError):
    """QuickBooks would not take it."""


class PaperCompany:
    """One fresh company. Use it as a context: its file goes with it."""

    def __init__(self, realm: str, **profile: Any) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="paper-company-"))
        self._store = Store(self._folder)
        template = next(each for each in seed.PROFILES if each.realm_id == realm)
        self.books: Books = seed.found(self._store, template.model_copy(deep=True, update=profile))
        self.realm = realm
        self._service = CompanyService(self.books, self._store, Knobs())

    def __enter__(self) -> PaperCompany:
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()
        shutil.rmtree(self._folder)

    def get(self, resource: str, **params: str) -> Any:
        return self._call("GET", resource, b"", params)

    def post(self, resource: str, body: bytes, **params: str) -> dict[str, Any]:
        """What QuickBooks made of it; Refused with its own words where it makes nothing."""
        answer = self._call("POST", resource, body, params)
        made: dict[str, Any] = next(value for name, value in answer.items() if name != "time")
        return made

    def query(self, statement: str) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = self.get("query", query=statement)["QueryResponse"]
        return found

    def balances(self) -> dict[str, int]:
        """Minor units by account id, debits positive; they add up to nothing, or the ledger is wrong."""
        sums: dict[str, int] = {}
        for rows in self.books.rows.values():
            for row in rows.values():
                for account, cents in row.journal:
                    sums[account] = sums.get(account, 0) + cents
        if sum(sums.values()):
            raise AssertionError(f"debits and credits differ by {sum(sums.values())}")
        return sums

    def _call(self, method: str, resource: str, body: bytes, params: dict[str, str]) -> Any:
        try:
            answer = self._service.answer(Call(method, resource, params, body))
        except Fault as fault:
            raise Refused(f"{fault.body()} for {body.decode()}") from None
        return json.loads(answer, parse_float=Decimal)
