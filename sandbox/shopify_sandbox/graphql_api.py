"""The Admin GraphQL endpoint: token, throttle, validation, execution, and Shopify's shapes of refusal."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections import OrderedDict, deque
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, TypeGuard

import msgspec
from graphql import (
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
    execute,
    parse,
    validate,
)
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from shopify_sandbox.apps import Token
from shopify_sandbox.bulk import Bulk
from shopify_sandbox.cost import Bucket, Price, actual_cost
from shopify_sandbox.desk import Desk
from shopify_sandbox.execution import MapExecutor, mark_leaves
from shopify_sandbox.listing import Lister
from shopify_sandbox.operations import attach
from shopify_sandbox.resolvers import Call, build
from shopify_sandbox.settings import Settings

VERSIONS = ("2026-01", "2026-04", "2026-07", "2026-10")
REMEMBERED = 256
REFUSED = "[API] Invalid API key or access token (unrecognized login or wrong password)"
CODES = (
    (re.compile(r"^Cannot query field"), "undefinedField"),
    (re.compile(r"^Unknown argument"), "argumentNotAccepted"),
    (re.compile(r"^Unknown type"), "undefinedType"),
    (re.compile(r"^Variable .* (is never used|not used)"), "variableNotUsed"),
    (re.compile(r"^Variable .* is not defined"), "variableNotDefined"),
    (re.compile(r"^Variable .* (has|got) invalid value|of required type"), "INVALID_VARIABLE"),
    (re.compile(r"^Field .* (must have|must not have) a selection"), "selectionMismatch"),
    (re.compile(r"^(Argument|Field|Value|Enum|Int|String|ID) "), "argumentLiteralsIncompatible"),
    (re.compile(r"^Syntax Error"), "parseError"),
)


class Fault(msgspec.Struct, kw_only=True):
    """Something that the next calls meet instead of an answer.

    `kind`: `status` (with `status`), `html`, `cut`, `slow` (with `seconds`), `throttled`, `internal`.
    """

    kind: str
    count: int = 1
    status: int = 503
    seconds: float = 1.0
    retry_after: float | None = None
    shop: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A query text after parsing and validation."""

    document: DocumentNode
    operations: dict[str | None, OperationDefinitionNode]


class GraphqlApi:
    """Answers `POST /{shop}/admin/api/{version}/graphql.json`."""

    def __init__(self, settings: Settings, desk: Desk) -> None:
        self._settings, self._desk = settings, desk
        self._schema = mark_leaves(attach(build()))
        self._lister = Lister()
        self._prepared: OrderedDict[str, Prepared | list[GraphQLError]] = OrderedDict()
        self._prices: OrderedDict[tuple[Any, ...], int] = OrderedDict()
        self.buckets: dict[tuple[str, str], Bucket] = {}
        self.faults: deque[Fault] = deque()
        self.bulk = Bulk(settings, desk)
        self.calls = self.throttled = 0
        self.deprecated = self.served = ""

    async def endpoint(self, request: Request) -> Response:
        self.calls += 1
        response = await self._answer(request)
        wanted = request.path_params["version"]
        served = wanted if wanted in VERSIONS else VERSIONS[0] if wanted < VERSIONS[0] else VERSIONS[-1]
        response.headers["X-Shopify-API-Version"] = served
        response.headers["X-Request-Id"] = str(uuid.uuid4())
        if self.deprecated:
            response.headers["X-Shopify-API-Deprecated-Reason"] = self.deprecated
        if self.served:
            response.headers["X-Shopify-API-Version"] = self.served
        return response

    async def _answer(self, request: Request) -> Response:
        shop = self._desk.shops.get(request.path_params["shop"])
        if shop is None:
            return as_json({"errors": "Not Found"}, 404)
        body = await request.body()
        fault = self._take_fault(shop.domain)
        if fault is not None:
            answer = await spoil(fault)
            if answer is not None:
                return answer
        token = self._desk.apps.access(request.headers.get("X-Shopify-Access-Token"), shop.domain)
        if token is None:
            return as_json({"errors": REFUSED}, 401)
        try:
            asked = msgspec.json.decode(body)
            text, variables = asked["query"], asked.get("variables") or {}
            name = asked.get("operationName")
            if not isinstance(text, str) or not isinstance(variables, dict):
                raise TypeError("query or variables")
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
            return as_json({"errors": {"query": "Required parameter missing or invalid"}}, 400)
        if self._settings.graphql_latency_ms:
            await asyncio.sleep(self._settings.graphql_latency_ms / 1000)
        call = Call(self._desk, self._settings, self._lister, shop, token, self.bulk, str(request.base_url))
        return self.run(call, text, variables, name)

    def run(self, call: Call, text: str, variables: dict[str, Any], name: str | None) -> Response:
        """Validate, charge, execute; every refusal is a 200 with `errors`, as Shopify's."""
        prepared = self._prepare(text)
        if isinstance(prepared, list):
            return as_json({"errors": [described(error) for error in prepared]})
        operation = prepared.operations.get(name)
        if operation is None:
            message = f"No operation named {name!r}" if name else "An operation name is required"
            return as_json({"errors": [{"message": message, "extensions": {"code": "missingOperation"}}]})
        cost = self._price(text, prepared, operation, variables)
        most = self._settings.max_query_cost
        if cost > most:
            return as_json(
                {
                    "errors": [
                        {
                            "message": f"Query cost is {cost}, which exceeds the single query max cost limit ({most}).",
                            "extensions": {"code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": most},
                        }
                    ]
                }
            )
        bucket = self._bucket(call.token)
        if not bucket.take(cost):
            self.throttled += 1
            return throttled(cost, bucket)
        result = execute(
            self._schema,
            prepared.document,
            context_value=call,
            variable_values=variables,
            operation_name=name,
            executor_class=MapExecutor,
            is_awaitable=_never,
        )
        if asyncio.iscoroutine(result):
            raise TypeError("resolvers must not wait")
        used = min(cost, self._used(operation, result.data))  # type: ignore[union-attr]
        bucket.give_back(cost - used)
        answer: dict[str, Any] = {"data": result.data}  # type: ignore[union-attr]
        if result.errors:  # type: ignore[union-attr]
            answer["errors"] = [described(error) for error in result.errors]  # type: ignore[union-attr]
            if result.data is None and all(_is_input(error) for error in result.errors):  # type: ignore[union-attr]
                del answer["data"]
        answer["extensions"] = {
            "cost": {
                "requestedQueryCost": cost,
                "actualQueryCost": used,
                "throttleStatus": bucket.status(),
            }
        }
        if call.search:
            answer["extensions"]["search"] = call.search
        return as_json(answer)

    def _used(self, operation: OperationDefinitionNode, data: Any) -> int:
        return 10 if operation.operation.value == "mutation" else max(1, actual_cost(data) - 1)

    def _prepare(self, text: str) -> Prepared | list[GraphQLError]:
        held = self._prepared.get(text)
        if held is not None:
            self._prepared.move_to_end(text)
            return held
        try:
            document = parse(text)
            errors = list(validate(self._schema, document))
        except GraphQLError as error:
            errors = [error]
        fresh: Prepared | list[GraphQLError] = errors
        if not errors:
            found = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
            operations: dict[str | None, OperationDefinitionNode] = {d.name.value: d for d in found if d.name}
            if len(found) == 1:
                operations[None] = found[0]
            fresh = Prepared(document, operations)
        self._prepared[text] = fresh
        if len(self._prepared) > REMEMBERED:
            self._prepared.popitem(last=False)
        return fresh

    def _price(
        self, text: str, prepared: Prepared, operation: OperationDefinitionNode, variables: dict[str, Any]
    ) -> int:
        sizes = tuple(
            (key, len(value) if isinstance(value, list) else value)
            for key, value in sorted(variables.items())
            if isinstance(value, list | int)
        )
        key = (text, operation.name.value if operation.name else None, sizes)
        held = self._prices.get(key)
        if held is None:
            each = self._settings.nodes_cost == "each"
            held = Price(self._schema, prepared.document, variables, each_node=each).of(operation)
            self._prices[key] = held
            if len(self._prices) > 4 * REMEMBERED:
                self._prices.popitem(last=False)
        return held

    def _bucket(self, token: Token) -> Bucket:
        key = (token.client_id, token.shop)
        if key not in self.buckets:
            self.buckets[key] = Bucket.full(self._settings.bucket_size, self._settings.restore_rate)
        return self.buckets[key]

    def _take_fault(self, domain: str) -> Fault | None:
        for fault in self.faults:
            if fault.shop in (None, domain):
                fault.count -= 1
                if fault.count <= 0:
                    self.faults.remove(fault)
                return fault
        return None


def _never(_value: object) -> TypeGuard[Awaitable[Any]]:
    return False


def _is_input(error: GraphQLError) -> bool:
    return error.path is None


def described(error: GraphQLError) -> dict[str, Any]:
    """An error as Shopify prints it: message, locations, path, extensions.code."""
    shown = dict(error.formatted)
    extensions = dict(error.extensions or {})
    if "code" not in extensions:
        known = (code for pattern, code in CODES if pattern.search(error.message))
        fallback = "INTERNAL_SERVER_ERROR" if error.path else "invalidQuery"
        extensions["code"] = next(known, fallback)
    return {**shown, "extensions": extensions}


def as_json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def throttled(cost: int, bucket: Bucket) -> Response:
    return as_json(
        {
            "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
            "extensions": {
                "cost": {
                    "requestedQueryCost": cost,
                    "actualQueryCost": None,
                    "throttleStatus": bucket.status(),
                }
            },
        }
    )


class CutResponse(Response):
    """Promises more bytes than it sends, so that the connection breaks in the middle."""

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"5000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"data":{"ord', "more_body": True})
        raise ConnectionResetError("cut on purpose")


async def spoil(fault: Fault) -> Response | None:
    """The faulty answer; None when the call only had to be slow."""
    match fault.kind:
        case "slow":
            await asyncio.sleep(fault.seconds)
            return None
        case "html":
            return HTMLResponse("<html><body><h1>Something went wrong</h1></body></html>", fault.status)
        case "cut":
            return CutResponse()
        case "throttled":
            return throttled(500, Bucket(2000, 100, 0, 0))
        case "internal":
            return as_json(
                {
                    "errors": [
                        {
                            "message": "Internal error. Looks like something went wrong on our end.",
                            "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": str(uuid.uuid4())},
                        }
                    ]
                }
            )
    response: Response = PlainTextResponse("Service problem", fault.status)
    if fault.status == 429:
        response = as_json({"errors": "Too Many Requests"}, 429)
    if fault.retry_after is not None:
        response.headers["Retry-After"] = str(fault.retry_after)
    return response
