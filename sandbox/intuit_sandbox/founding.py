"""More companies than the seeded ones: each begins as a copy of one that is there, under a realm of its own."""

from __future__ import annotations

from intuit_sandbox.books import Books
from intuit_sandbox.profile import CompanyProfile
from intuit_sandbox.service import CompanyService
from intuit_sandbox.settings import Knobs
from intuit_sandbox.store import Store


class Founder:
    """Adds companies while the stand-in runs; the pages, the consent page and the API know them from then on."""

    def __init__(
        self, companies: dict[str, Books], services: dict[str, CompanyService], store: Store, knobs: Knobs
    ) -> None:
        self._companies, self._services, self._store, self._knobs = companies, services, store, knobs

    def found_like(self, like: str, realm_id: str, name: str) -> CompanyProfile:
        """A copy of `like` with all it holds now. KeyError: unknown company; ValueError: the realm is taken."""
        former = self._companies[like]
        if realm_id in self._companies:
            raise ValueError(f"there is a company {realm_id} already")
        profile = former.profile.model_copy(deep=True, update={"realm_id": realm_id, "name": name})
        books = Books(profile)
        rows = [row for kind in former.rows.values() for row in kind.values()]
        # Rows never change, so both companies hold the same ones; receivables must be known before what uses them.
        for row in sorted(rows, key=lambda each: (each.kind != "Account", each.changed)):
            books.put(row)
        books.in_order_of_id()
        with self._store.transaction():
            self._store.save_company(profile)
            self._store.save_rows(realm_id, rows)
        self._companies[realm_id] = books
        self._services[realm_id] = CompanyService(books, self._store, self._knobs)
        return profile
