"""Sync Config: what holds, what the company's chart proposes, saving a new version, and all versions before."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway import settings_views, wording
from gateway.desk import Desk, one
from gateway.edge import status_of
from gateway.field_problems import field_problems
from gateway.forms import Form
from gateway.neighbours import ask
from gateway.pages import Message
from gateway.sessions import Visitor
from gateway.sync_config_form import FIELDS, ROLES, config_of, role_word, values_of, version_of
from gateway.views import View
from ledgerport.common.v1 import access_pb2
from ledgerport.qbo_writer.v1 import mapping_pb2
from ledgerport.qbo_writer.v1 import sync_config_pb2 as pb
from ledgerport_libs.errors import AppError, InvalidRequest, Refused

_PATH = "/sync-config"
_VERSIONS = 20
# Reading a company asks QuickBooks for its lists, some thousand names at a time.
_LONG = 50.0


class SyncConfigPages:
    def __init__(self, desk: Desk) -> None:
        self._desk, self._config, self._mapping = desk, desk.neighbours.sync_config, desk.neighbours.mapping

    def routes(self) -> list[Route]:
        seen, posted = self._desk.seen, self._desk.posted
        return [
            Route(_PATH, seen(self.page), methods=["GET"]),
            Route(_PATH, posted(self.save), methods=["POST"]),
            Route(f"{_PATH}/history", seen(self.history), methods=["GET"]),
            Route(f"{_PATH}/read-company", posted(self.read_company), methods=["POST"]),
        ]

    async def page(self, request: Request, visitor: Visitor) -> Response:
        held = await self._held(visitor)
        problems = {each.field: each.sentence for each in held.problems}
        return self._show(request, visitor, held, values_of(held), problems)

    async def save(self, request: Request, visitor: Visitor, form: Form) -> Response:
        visitor.require(access_pb2.ROLE_ADMIN)
        item_name = form.get("fallback_item", "").strip()
        item_id = await self._item_named(visitor, item_name) if item_name else ""
        change = pb.UpdateSyncConfigRequest(
            config=config_of(form, item_id or item_name), expected_version=version_of(form)
        )
        try:
            saved = await ask(self._config.UpdateSyncConfig(change, metadata=visitor.proof))
        except (InvalidRequest, Refused) as error:
            problems = field_problems(error)
            if item_name and not item_id:
                problems["fallback_item_id"] = f"QuickBooks has no item “{item_name[:100]}” that can be sold."
            return self._show(request, visitor, await self._held(visitor), form, problems, error)
        again = f" {_records(saved.reconsidered)} tried again with it." if saved.reconsidered else ""
        told = f"Saved. It holds for everything that syncs from now on.{again}"
        return self._desk.pages.go(_PATH, Message("good", told))

    async def history(self, request: Request, visitor: Visitor) -> Response:
        wanted = pb.ListSyncConfigVersionsRequest(page_size=_VERSIONS, page_token=one(request, "page"))
        found = await ask(self._config.ListSyncConfigVersions(wanted, metadata=visitor.proof))
        older = f"{_PATH}/history?{urlencode({'page': found.next_page_token})}" if found.next_page_token else ""
        return self._desk.pages.show(
            request,
            "sync_config_history.html",
            visitor,
            versions=[settings_views.version(each) for each in found.versions],
            later_page=bool(one(request, "page")),
            next_page=older,
        )

    async def read_company(self, _request: Request, visitor: Visitor, form: Form) -> Response:
        visitor.require(access_pb2.ROLE_BOOKKEEPER)
        back = form.get("back", "") if form.get("back", "").startswith("/mapping/") else _PATH
        try:
            await ask(self._config.ReadCompany(pb.ReadCompanyRequest(), metadata=visitor.proof, timeout=_LONG))
        except AppError as error:
            return self._desk.pages.go(back, Message("bad", error.say))
        return self._desk.pages.go(back, Message("good", "QuickBooks was read: its lists are as they are there now."))

    async def _held(self, visitor: Visitor) -> pb.GetSyncConfigResponse:
        return await ask(self._config.GetSyncConfig(pb.GetSyncConfigRequest(), metadata=visitor.proof, timeout=20.0))

    async def _item_named(self, visitor: Visitor, name: str) -> str:
        """The Id of the one item of this name, else empty. A person types names; Ids are for programs."""
        wanted = mapping_pb2.SearchQuickBooksRequest(list=mapping_pb2.QUICK_BOOKS_LIST_ITEM, text=name)
        found = await ask(self._mapping.SearchQuickBooks(wanted, metadata=visitor.proof))
        same = [item.id for item in found.found if item.name.casefold() == name.casefold()]
        return same[0] if len(same) == 1 else ""

    def _show(
        self,
        request: Request,
        visitor: Visitor,
        held: pb.GetSyncConfigResponse,
        values: Mapping[str, str],
        problems: Mapping[str, str],
        error: AppError | None = None,
    ) -> Response:
        return self._desk.pages.show(
            request,
            "sync_config.html",
            visitor,
            status=status_of(error) if error else 200,
            fields=FIELDS,
            roles=_roles(held, values),
            values=values,
            problems=problems,
            refused=error.say if error else "",
            stale=bool(error and error.reason == "STALE_VERSION"),
            company=settings_views.company(held.company) if held.HasField("company") else None,
            classes=[settings_views.name(each) for each in held.classes],
            locations=[settings_views.name(each) for each in held.locations],
            version=held.version,
            saved_by=held.saved_by,
            saved_at=wording.moment(held.saved_at),
        )


def _roles(held: pb.GetSyncConfigResponse, values: Mapping[str, str]) -> list[View]:
    """Each part with the accounts that can play it, in the order of the page."""
    choices = {role_word(each.role): each for each in held.roles}
    shown = []
    for role, label in ROLES.items():
        each = choices.get(role, pb.RoleChoices())
        accounts = [settings_views.name(account) for account in each.accounts]
        chosen = values.get(f"accounts.{role}", "")
        shown.append(
            {
                "role": role,
                "label": label,
                "own_name": each.own_name,
                "types": " or ".join(each.types),
                "accounts": accounts,
                "proposed_id": each.proposed_id,
                "proposed": next((a["name"] for a in accounts if a["id"] == each.proposed_id), ""),
                "chosen": chosen,
                "lost": bool(chosen) and chosen not in {account["id"] for account in accounts},
            }
        )
    return shown


def _records(count: int) -> str:
    return f"{count} {'record that waited is' if count == 1 else 'records that waited are'}"
