"""Bulk operations: each is gathered into a file of lines, which a signed address gives away for seven days."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from graphql import DocumentNode, FieldNode, GraphQLSchema, execute
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from shopify_sandbox.bulk_lines import lines_of, paged
from shopify_sandbox.bulk_rules import BadBulkQuery, checked
from shopify_sandbox.desk import Desk
from shopify_sandbox.settings import Settings
from shopify_sandbox.views import at, gid

REALM = "bulk"
LIVES = timedelta(days=7)
GOING = ("CREATED", "RUNNING", "CANCELING")
_PAGE = 250


class Faults(msgspec.Struct, kw_only=True):
    """What goes wrong with the operations that come: `refuse` them, fail them or cut their file after so many lines."""

    refuse: bool = False
    fail_after: int | None = None
    error_code: str = "INTERNAL_SERVER_ERROR"
    lose_after: int | None = None
    seconds: float = 0.0
    expired: bool = False


class Operation(msgspec.Struct, kw_only=True):
    """One export of one app in one store."""

    id: int
    client_id: str
    shop: str
    query: str
    status: str = "CREATED"
    error_code: str | None = None
    created_at: datetime
    completed_at: datetime | None = None
    objects: int = 0
    roots: int = 0
    key: str = ""
    partial: bool = False
    base_url: str = ""


class Bulk:
    """Starts, watches and cancels operations, and gives their files away."""

    def __init__(self, settings: Settings, desk: Desk) -> None:
        self._settings, self._desk = settings, desk
        self.faults = Faults()
        self._held: dict[int, Operation] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        for body in desk.journal.read(REALM, "operation"):
            held = msgspec.json.decode(body, type=Operation)
            self._held[held.id] = held
            if held.status in GOING:  # the process that gathered it is gone
                self._end(held, "FAILED", "INTERNAL_SERVER_ERROR")

    def start(self, call: Any, schema: GraphQLSchema, text: str) -> dict[str, Any]:
        """The payload of bulkOperationRunQuery."""
        most = self._settings.bulk_at_once
        going = [o for o in self._own(call) if o.status in GOING]
        if len(going) >= most:
            code = "LIMIT_REACHED" if most > 1 else "OPERATION_IN_PROGRESS"
            return _refused(f"A bulk query operation for this app and shop is already in progress: {most}.", code)
        try:
            document, root = checked(schema, text)
        except BadBulkQuery as bad:
            return _refused(str(bad), "INVALID")
        operation = Operation(
            id=call.shop.new_id(),
            client_id=call.token.client_id,
            shop=call.shop.domain,
            query=text,
            created_at=self._desk.clock.now(),
            base_url=call.base_url,
        )
        call.shop.save_facts()
        self._held[operation.id] = operation
        self._save(operation)
        work = self._gather(operation, call, schema, paged(document, root, _PAGE), root)
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return {"bulkOperation": self.view(operation), "userErrors": []}

    def find(self, call: Any, identity: str) -> dict[str, Any] | None:
        operation = next((o for o in self._own(call) if gid("BulkOperation", o.id) == identity), None)
        return self.view(operation) if operation else None

    def cancel(self, call: Any, identity: str) -> dict[str, Any]:
        operation = next((o for o in self._own(call) if gid("BulkOperation", o.id) == identity), None)
        if operation is None:
            return {
                "bulkOperation": None,
                "userErrors": [{"field": ["id"], "message": "Bulk operation does not exist"}],
            }
        if operation.status not in GOING:
            told = f"A bulk operation cannot be canceled when it is {operation.status.lower()}"
            return {"bulkOperation": self.view(operation), "userErrors": [{"field": None, "message": told}]}
        operation.status = "CANCELING"
        self._save(operation)
        return {"bulkOperation": self.view(operation), "userErrors": []}

    def view(self, operation: Operation) -> dict[str, Any]:
        over = operation.completed_at is not None and operation.completed_at + LIVES < self._desk.clock.now()
        there = operation.key and operation.roots and not over
        url = f"{operation.base_url.rstrip('/')}/bulk-storage/{operation.key}" if there else None
        size = self._file(operation).stat().st_size if there else None
        return {
            "__typename": "BulkOperation",
            "id": gid("BulkOperation", operation.id),
            "status": "EXPIRED" if over and operation.status == "COMPLETED" else operation.status,
            "errorCode": operation.error_code,
            "createdAt": at(operation.created_at),
            "completedAt": at(operation.completed_at),
            "objectCount": str(operation.objects),
            "rootObjectCount": str(operation.roots),
            "fileSize": None if size is None else str(size),
            "url": None if operation.partial else url,
            "partialDataUrl": url if operation.partial else None,
            "type": "QUERY",
        }

    async def download(self, request: Request) -> Response:
        """GET /bulk-storage/{key}: the key in the address is all that is needed, and a token is one thing too many."""
        if "x-shopify-access-token" in request.headers:
            return PlainTextResponse("InvalidArgument: unexpected header\n", 400)
        held = next((o for o in self._held.values() if o.key == request.path_params["key"]), None)
        if held is None or held.completed_at is None or not self._file(held).exists():
            return PlainTextResponse("NoSuchKey\n", 404)
        if self.faults.expired or held.completed_at + LIVES < self._desk.clock.now():
            return PlainTextResponse("ExpiredToken\n", 403)
        return FileResponse(self._file(held), media_type="application/jsonl")

    async def _gather(
        self, operation: Operation, call: Any, schema: GraphQLSchema, document: DocumentNode, root: FieldNode
    ) -> None:
        operation.status = "RUNNING" if operation.status == "CREATED" else operation.status
        faults = msgspec.structs.replace(self.faults)
        self._file(operation).parent.mkdir(parents=True, exist_ok=True)
        with self._file(operation).open("wb") as file:
            for line, is_root in self._lines(call, schema, document, root, operation):
                if operation.status == "CANCELING":
                    self._end(operation, "CANCELED", None)
                    return
                if faults.fail_after is not None and operation.objects >= faults.fail_after:
                    operation.partial = True
                    self._end(operation, "FAILED", faults.error_code)
                    return
                if faults.lose_after is None or operation.objects < faults.lose_after:
                    file.write(line)
                operation.objects += 1
                operation.roots += is_root
                if operation.objects % _PAGE == 0:
                    file.flush()
                    await asyncio.sleep(0)
        if faults.seconds:
            await asyncio.sleep(faults.seconds)
        canceled = self._held[operation.id].status == "CANCELING"
        self._end(operation, "CANCELED" if canceled else "COMPLETED", None)

    def _lines(
        self, call: Any, schema: GraphQLSchema, document: DocumentNode, root: FieldNode, operation: Operation
    ) -> Iterator[tuple[bytes, bool]]:
        """Page after page of the root connection; its other arguments are in the document."""
        after, name = None, root.alias.value if root.alias else root.name.value
        while True:
            result: Any = execute(schema, document, context_value=call, variable_values={"bulkAfter": after})
            if result.errors or result.data is None:
                operation.error_code = "ACCESS_DENIED"
                return
            page = result.data[name]
            yield from lines_of(page)
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]

    def _end(self, operation: Operation, status: str, error_code: str | None) -> None:
        denied = operation.error_code == "ACCESS_DENIED" and status == "COMPLETED"
        operation.status, operation.error_code = ("FAILED", "ACCESS_DENIED") if denied else (status, error_code)
        operation.completed_at = self._desk.clock.now()
        operation.key = secrets.token_urlsafe(24) if status in ("COMPLETED", "FAILED") else ""
        self._rename(operation)
        self._save(operation)
        writer = self._desk.writers[operation.shop]
        body = msgspec.json.encode(
            {
                "admin_graphql_api_id": gid("BulkOperation", operation.id),
                "completed_at": writer.at(operation.completed_at),
                "created_at": writer.at(operation.created_at),
                "error_code": operation.error_code.lower() if operation.error_code else None,
                "status": operation.status.lower(),
                "type": "query",
            }
        )
        self._desk.post.announce(operation.shop, "bulk_operations/finish", body, str(uuid.uuid4()))
        self._desk.journal.commit()

    def _rename(self, operation: Operation) -> None:
        raw = self._settings.data / "bulk" / f"{operation.id}"
        if operation.key and raw.exists():
            raw.rename(self._file(operation))

    def _file(self, operation: Operation) -> Path:
        suffix = ".jsonl" if operation.key else ""
        return self._settings.data / "bulk" / f"{operation.id}{suffix}"

    def _own(self, call: Any) -> list[Operation]:
        mine = (call.token.client_id, call.shop.domain)
        return [o for o in self._held.values() if (o.client_id, o.shop) == mine]

    def _save(self, operation: Operation) -> None:
        self._desk.journal.put(REALM, "operation", operation.id, msgspec.json.encode(operation))
        self._desk.journal.commit()


def _refused(message: str, code: str) -> dict[str, Any]:
    return {"bulkOperation": None, "userErrors": [{"field": ["query"], "message": message, "code": code}]}
