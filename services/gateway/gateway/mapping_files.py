"""Mappings out as a CSV, and in again: all lines or none, with a sentence for each that cannot be taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.csv_answers import csv_answer
from gateway.desk import Desk
from gateway.edge import status_of
from gateway.field_problems import field_problems
from gateway.forms import Form
from gateway.mapping import TABS, OnTab, Tab
from gateway.neighbours import ask
from gateway.pages import Message
from gateway.sessions import Visitor
from ledgerport.common.v1 import access_pb2
from ledgerport.qbo_writer.v1 import mapping_pb2 as pb
from ledgerport_libs.errors import AppError, InvalidRequest, Refused

_LONG = 60.0
_FILE = "file"


class MappingFiles:
    def __init__(self, desk: Desk) -> None:
        self._desk, self._mapping = desk, desk.neighbours.mapping

    def routes(self) -> list[Route]:
        found = []
        for tab in TABS:
            at: Callable[[OnTab], Any] = partial(partial, tab=tab)
            found += [
                Route(f"{tab.address}/export.csv", self._desk.seen(at(self.export)), methods=["GET"]),
                Route(f"{tab.address}/import", self._desk.seen(at(self.page)), methods=["GET"]),
                Route(f"{tab.address}/import", self._desk.uploaded(at(self.take), _FILE), methods=["POST"]),
            ]
        return found

    async def export(self, _request: Request, visitor: Visitor, *, tab: Tab) -> Response:
        wanted = pb.ExportMappingsRequest(kind=tab.kind)
        parts = self._mapping.ExportMappings(wanted, metadata=visitor.proof, timeout=_LONG)
        return await csv_answer(f"ledgerport-{tab.path}.csv", (part.csv async for part in parts))

    async def page(self, request: Request, visitor: Visitor, *, tab: Tab) -> Response:
        visitor.require(access_pb2.ROLE_BOOKKEEPER)
        return self._show(request, visitor, tab, {})

    async def take(self, request: Request, visitor: Visitor, _form: Form, content: bytes, *, tab: Tab) -> Response:
        visitor.require(access_pb2.ROLE_BOOKKEEPER)
        if not content:
            return self._show(request, visitor, tab, {}, InvalidRequest("no file", say="Choose a file first."))
        wanted = pb.ImportMappingsRequest(kind=tab.kind, csv=content)
        try:
            answer = await ask(self._mapping.ImportMappings(wanted, metadata=visitor.proof, timeout=_LONG))
        except (InvalidRequest, Refused) as error:
            return self._show(request, visitor, tab, field_problems(error), error)
        told = f"{answer.mapped} mapped, {answer.unchanged} unchanged."
        return self._desk.pages.go(tab.address, Message("good", told))

    def _show(
        self, request: Request, visitor: Visitor, tab: Tab, problems: Mapping[str, str], error: AppError | None = None
    ) -> Response:
        return self._desk.pages.show(
            request,
            "mapping_import.html",
            visitor,
            status=status_of(error) if error else 200,
            tab=tab,
            trouble=error.say if error else "",
            problems=problems,
        )
