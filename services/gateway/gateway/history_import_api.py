"""History imports in the JSON API: counted, started, watched, paused, resumed and cancelled by programs, too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request

from gateway import history_import
from gateway.desk import one
from gateway.neighbours import Neighbours, ask
from gateway.sessions import Visitor
from ledgerport.common.v1 import access_pb2
from ledgerport.shopify_sync.v1 import history_import_pb2 as pb

Read = Callable[[Request, Visitor], Awaitable[Mapping[str, Any]]]
Act = Callable[[Request, Visitor, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
_PATH = "history-imports"


class HistoryImportApi:
    def __init__(self, neighbours: Neighbours) -> None:
        self._imports = neighbours.imports

    def reads(self) -> dict[str, Read]:
        return {_PATH: self.listed, f"{_PATH}/count": self.count, f"{_PATH}/{{import_id}}": self.get}

    def acts(self) -> dict[str, Act]:
        each = f"{_PATH}/{{import_id}}"
        return {
            f"{_PATH}/start": self.start,
            f"{each}/pause": self.pause,
            f"{each}/resume": self.resume,
            f"{each}/cancel": self.cancel,
        }

    async def listed(self, request: Request, visitor: Visitor) -> Mapping[str, Any]:
        wanted = pb.ListImportsRequest(page_token=one(request, "page"))
        found = await ask(self._imports.ListImports(wanted, metadata=visitor.proof))
        return {"imports": [history_import.shown(each) for each in found.imports], "next_page": found.next_page_token}

    async def count(self, request: Request, visitor: Visitor) -> Mapping[str, Any]:
        """?first_day=&last_day="""
        visitor.require(access_pb2.ROLE_ADMIN)
        days = {name: one(request, name, 10) for name in ("first_day", "last_day")}
        counted = await ask(self._imports.CountOrders(pb.CountOrdersRequest(**days), metadata=visitor.proof))
        return history_import.preview(counted)

    async def get(self, request: Request, visitor: Visitor) -> Mapping[str, Any]:
        wanted = pb.GetImportRequest(import_id=_id(request))
        return _one((await ask(self._imports.GetImport(wanted, metadata=visitor.proof))).history_import)

    async def start(self, _request: Request, visitor: Visitor, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """{request_id, first_day, last_day}: the same request_id again answers like the first time."""
        visitor.require(access_pb2.ROLE_ADMIN)
        told = {name: str(content.get(name, ""))[:100] for name in ("request_id", "first_day", "last_day")}
        wanted = pb.StartImportRequest(**told)
        return _one((await ask(self._imports.StartImport(wanted, metadata=visitor.proof))).history_import)

    async def pause(self, request: Request, visitor: Visitor, _content: Mapping[str, Any]) -> Mapping[str, Any]:
        visitor.require(access_pb2.ROLE_ADMIN)
        wanted = pb.PauseImportRequest(import_id=_id(request))
        return _one((await ask(self._imports.PauseImport(wanted, metadata=visitor.proof))).history_import)

    async def resume(self, request: Request, visitor: Visitor, _content: Mapping[str, Any]) -> Mapping[str, Any]:
        visitor.require(access_pb2.ROLE_ADMIN)
        wanted = pb.ResumeImportRequest(import_id=_id(request))
        return _one((await ask(self._imports.ResumeImport(wanted, metadata=visitor.proof))).history_import)

    async def cancel(self, request: Request, visitor: Visitor, _content: Mapping[str, Any]) -> Mapping[str, Any]:
        visitor.require(access_pb2.ROLE_ADMIN)
        wanted = pb.CancelImportRequest(import_id=_id(request))
        return _one((await ask(self._imports.CancelImport(wanted, metadata=visitor.proof))).history_import)


def _id(request: Request) -> str:
    return str(request.path_params["import_id"])[:20]


def _one(message: pb.HistoryImport) -> Mapping[str, Any]:
    return {"import": history_import.shown(message)}
