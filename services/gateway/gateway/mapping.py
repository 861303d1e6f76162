"""Mapping: products, customers, payment methods and taxes with what stands for them in QuickBooks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway import settings_views
from gateway.desk import Desk, one
from gateway.edge import status_of
from gateway.field_problems import field_problems
from gateway.forms import Form
from gateway.neighbours import ask
from gateway.pages import Message, own_path
from gateway.sessions import Visitor
from gateway.views import View
from ledgerport.common.v1 import access_pb2
from ledgerport.qbo_writer.v1 import mapping_pb2 as pb
from ledgerport_libs.errors import AppError, InvalidRequest, NotFound, Refused

_ROWS = 50
_LAST_CHANGES = 5


@dataclass(frozen=True, slots=True)
class Tab:
    """One kind of mapping in the words of the page."""

    path: str
    kind: pb.MappingKind.ValueType
    list: pb.QuickBooksList.ValueType
    label: str
    one: str
    target: str
    detail: str
    makes: bool = False

    @property
    def address(self) -> str:
        return f"/mapping/{self.path}"


PRODUCTS = Tab(
    "products", pb.MAPPING_KIND_PRODUCT, pb.QUICK_BOOKS_LIST_ITEM, "Products", "product", "item", "SKU", makes=True
)
CUSTOMERS = Tab(
    "customers",
    pb.MAPPING_KIND_CUSTOMER,
    pb.QUICK_BOOKS_LIST_CUSTOMER,
    "Customers",
    "customer",
    "customer",
    "E-mail",
    makes=True,
)
GATEWAYS = Tab(
    "gateways",
    pb.MAPPING_KIND_GATEWAY,
    pb.QUICK_BOOKS_LIST_CLEARING_ACCOUNT,
    "Payment methods",
    "payment method",
    "account",
    "",
)
TAXES = Tab("taxes", pb.MAPPING_KIND_TAX, pb.QUICK_BOOKS_LIST_TAX_CODE, "Taxes", "tax", "tax code", "")
TABS = (PRODUCTS, CUSTOMERS, GATEWAYS, TAXES)
_FILTERS = {"unmapped": pb.MAPPING_FILTER_UNMAPPED, "mapped": pb.MAPPING_FILTER_MAPPED}
OnTab = Callable[..., Awaitable[Response]]


class MappingPages:
    def __init__(self, desk: Desk) -> None:
        self._desk, self._mapping = desk, desk.neighbours.mapping

    def routes(self) -> list[Route]:
        seen, posted = self._desk.seen, self._desk.posted
        found = [Route("/mapping", seen(self.first), methods=["GET"])]
        for tab in TABS:
            at: Callable[[OnTab], Any] = partial(partial, tab=tab)
            found += [
                Route(tab.address, seen(at(self.page)), methods=["GET"]),
                Route(f"{tab.address}/choose", seen(at(self.choose_page)), methods=["GET"]),
                Route(f"{tab.address}/set", posted(at(self.choose)), methods=["POST"]),
                Route(f"{tab.address}/clear", posted(at(self.clear)), methods=["POST"]),
                Route(f"{tab.address}/auto", seen(at(self.auto_page)), methods=["GET"]),
                Route(f"{tab.address}/auto", posted(at(self.auto)), methods=["POST"]),
            ]
            if tab.makes:
                found.append(Route(f"{tab.address}/create", posted(at(self.create)), methods=["POST"]))
        return found

    async def first(self, _request: Request, _visitor: Visitor) -> Response:
        return RedirectResponse(PRODUCTS.address, 303)

    async def page(self, request: Request, visitor: Visitor, *, tab: Tab) -> Response:
        show, text = one(request, "show", 20).lower(), one(request, "q", 100).strip()
        wanted = pb.ListMappingsRequest(
            kind=tab.kind,
            filter=_FILTERS.get(show, pb.MAPPING_FILTER_ALL),
            text=text,
            page_size=_ROWS,
            page_token=one(request, "page", 2000),
        )
        found = await ask(self._mapping.ListMappings(wanted, metadata=visitor.proof))
        kept = {name: value for name, value in (("show", show if show in _FILTERS else ""), ("q", text)) if value}
        return self._desk.pages.show(
            request,
            "mapping.html",
            visitor,
            tabs=TABS,
            tab=tab,
            rows=[settings_views.mapping(each) for each in found.mappings],
            total=found.all,
            unmapped=found.unmapped,
            company_read=found.company_read,
            tax_world=settings_views.tax_word(found.tax_world),
            chosen={"show": kept.get("show", ""), "q": text},
            filtered=bool(kept),
            later_page=bool(one(request, "page")),
            first_page=_with(tab.address, kept),
            next_page=_with(tab.address, {**kept, "page": found.next_page_token}) if found.next_page_token else "",
        )

    async def choose_page(self, request: Request, visitor: Visitor, *, tab: Tab) -> Response:
        visitor.require(access_pb2.ROLE_BOOKKEEPER)
        source, back = one(request, "source"), _back(one(request, "back", 900), tab)
        return await self._show_choices(request, visitor, tab, source, one(request, "q", 100).strip(), back)

    async def choose(self, request: Request, visitor: Visitor, form: Form, *, tab: Tab) -> Response:
        visitor.require(access_pb2.ROLE_BOOKKEEPER)
        source, back = form.get("source", "")[:500], _back(form.get("back", ""), tab)
        chosen = form.get("quickbooks_id", "")[:40]
        change = pb.SetMappingRequest(kind=tab.kind, source_id=source, quickbooks_id=chosen)
        try:
            answer = await ask(self._mapping.SetMapping(change, metadata=visitor.proof))
        except (InvalidRequest, Refused) as error:
            text = form.get("q", "")[:100]
            return await self._show_choices(request, visitor, tab, source, text, back, error)
        made = settings_views.mapping(answer.mapping)
        told = f"“{made['name']}” stands for “{made['quickbooks']['name']}” in QuickBooks from now on."
        return self._desk.pages.go(back, Message("good", told))

    async def clear(self, _request: Request, visitor: Visitor, form: Form, *, tab: Tab) -> Response:
        visitor.require(access_pb2.ROLE_BOOKKEEPER)
        change = pb.ClearMappingRequest(kind=tab.kind, source_id=form.get("source", "")[:500])
        await ask(self._mapping.ClearMapping(change, metadata=visitor.proof))
        told = "The choice is taken back. LedgerPort finds what fits by itself again."
        return self._desk.pages.go(_back(form.get("back", ""), tab), Message("good", told))

    async def create(self, _request: Request, visitor: Visitor, form: Form, *, tab: Tab) -> Response:
        visitor.require(access_pb2.ROLE_BOOKKEEPER)
        wanted = pb.CreateInQuickBooksRequest(kind=tab.kind, source_id=form.get("source", "")[:500])
        back = _back(form.get("back", ""), tab)
        try:
            await ask(self._mapping.CreateInQuickBooks(wanted, metadata=visitor.proof))
        except Refused as error:
            return self._desk.pages.go(back, Message("bad", error.say))
        return self._desk.pages.go(back, Message("good", "It is queued, and is made in QuickBooks in a moment."))

    async def auto_page(self, request: Request, visitor: Visitor, *, tab: Tab) -> Response:
        visitor.require(access_pb2.ROLE_BOOKKEEPER)
        return await self._show_proposals(request, visitor, tab)

    async def auto(self, request: Request, visitor: Visitor, form: Form, *, tab: Tab) -> Response:
        """Each ticked proposal comes as `<id in QuickBooks>|<source id>`."""
        visitor.require(access_pb2.ROLE_BOOKKEEPER)
        ticked = [value.partition("|") for name, value in form.items() if name.startswith("pick.")]
        choices = [pb.Choice(source_id=source[:500], quickbooks_id=chosen[:40]) for chosen, _, source in ticked]
        wanted = pb.ApplyAutoMapRequest(kind=tab.kind, choices=choices)
        try:
            answer = await ask(self._mapping.ApplyAutoMap(wanted, metadata=visitor.proof))
        except (InvalidRequest, Refused, NotFound) as error:
            return await self._show_proposals(request, visitor, tab, error)
        told = f"{answer.applied} mapped."
        if answer.left:
            told += f" {answer.left} had been mapped meanwhile and stayed as they were."
        return self._desk.pages.go(tab.address, Message("good", told))

    async def _show_choices(
        self,
        request: Request,
        visitor: Visitor,
        tab: Tab,
        source: str,
        text: str,
        back: str,
        error: AppError | None = None,
    ) -> Response:
        get = pb.GetMappingRequest(kind=tab.kind, source_id=source)
        held = await ask(self._mapping.GetMapping(get, metadata=visitor.proof))
        search = pb.SearchQuickBooksRequest(list=tab.list, text=text)
        found = await ask(self._mapping.SearchQuickBooks(search, metadata=visitor.proof))
        past = pb.ListMappingChangesRequest(kind=tab.kind, source_id=source, page_size=_LAST_CHANGES)
        changes = await ask(self._mapping.ListMappingChanges(past, metadata=visitor.proof))
        return self._desk.pages.show(
            request,
            "mapping_choose.html",
            visitor,
            status=status_of(error) if error else 200,
            tab=tab,
            mapping=settings_views.mapping(held.mapping),
            proposal=settings_views.proposal(held.proposal) if held.HasField("proposal") else None,
            company_read=held.company_read,
            found=[settings_views.name(each) for each in found.found],
            changes=[settings_views.change(each) for each in changes.changes],
            q=text,
            back=back,
            trouble=error.say if error else "",
        )

    async def _show_proposals(
        self, request: Request, visitor: Visitor, tab: Tab, error: AppError | None = None
    ) -> Response:
        proposals: list[View] = []
        unclear, more, unread = 0, False, ""
        try:
            found = await ask(self._mapping.AutoMap(pb.AutoMapRequest(kind=tab.kind), metadata=visitor.proof))
            proposals = [settings_views.proposal(each) for each in found.proposals]
            unclear, more = found.unclear, found.more
        except Refused as refusal:
            unread = refusal.say
        return self._desk.pages.show(
            request,
            "mapping_auto.html",
            visitor,
            status=status_of(error) if error else 200,
            tab=tab,
            proposals=proposals,
            unclear=unclear,
            more=more,
            unread=unread,
            trouble=error.say if error else "",
            problems=field_problems(error) if error else {},
        )


def _back(address: str, tab: Tab) -> str:
    """The page of the list that somebody came from."""
    return own_path(address, tab.address) if address.startswith(tab.address) else tab.address


def _with(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
