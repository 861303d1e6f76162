"""gRPC: a server whose one interceptor decides who may call, and channels that prove who we are."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any

import grpc
import psycopg
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from opentelemetry.instrumentation.grpc import aio_client_interceptors, aio_server_interceptor

from ledgerport.common.v1 import access_pb2
from ledgerport_libs import metrics, telemetry
from ledgerport_libs.errors import (
    AppError,
    InvalidRequest,
    NotAllowed,
    NotSignedIn,
    PassingTrouble,
    abort,
    error_of,
)
from ledgerport_libs.identity import Caller, ServiceIdentity, Verifier, set_caller
from ledgerport_libs.tls import TlsFiles

log = telemetry.logger("rpc")

PERSON_METADATA = "x-ledgerport-person"
_LONGEST_CALL = 60.0
_LARGEST_MESSAGE = 8 * 1024 * 1024
# Callers keep a connection to each replica, and ask for the replicas again when one ends. So none is for ever: what
# was added gets its share within this time. Calls under way finish first, of which an export takes ten minutes.
_CONNECTION_AGE, _LAST_CALLS = 60.0, 660.0
# A node that is gone without a word is found by these, also where nothing is being asked.
_PING_EVERY, _PING_ANSWERED_WITHIN = 20.0, 5.0
Handler = Callable[[Any, Any], Awaitable[Any]]


class AccessRules:
    """What each method's proto says about who may call it. A method that says nothing is closed."""

    def __init__(self, services: Iterable[ServiceDescriptor]) -> None:
        self._rules: dict[str, access_pb2.Access] = {}
        for service in services:
            for method in service.methods:
                access = method.GetOptions().Extensions[access_pb2.access]
                self._rules[f"/{service.full_name}/{method.name}"] = access

    def check(self, method: str, caller: Caller) -> None:
        """NotAllowed or NotSignedIn unless the method's own rule lets this caller in."""
        rule = self._rules.get(method)
        if rule is None:
            raise NotAllowed(f"{method} is closed")
        if caller.person is None:
            if caller.service in rule.services or self.proved_by_request(method):
                return
            raise NotAllowed(f"{caller.service} may not call {method} in its own name")
        if rule.session_only and caller.person.api:
            raise NotAllowed(f"no API token may call {method}", say="An API token cannot do this. Please sign in.")
        if rule.any_person:
            return
        if rule.minimum_role == access_pb2.ROLE_UNSPECIFIED or caller.person.role < rule.minimum_role:
            raise NotAllowed(f"{caller.person.role} may not call {method}")

    def proved_by_request(self, method: str) -> bool:
        """Whether the method asks nobody who they are, because it proves what the request carries."""
        rule = self._rules.get(method)
        return rule is not None and rule.proved_by_request


class _Doorway(grpc.aio.ServerInterceptor):
    """Proves the caller, checks the method's rule, bounds the time, and turns errors into statuses."""

    def __init__(self, verifier: Verifier, rules: AccessRules) -> None:
        self._verifier, self._rules = verifier, rules

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        details: grpc.HandlerCallDetails,
    ) -> Any:
        handler = await continuation(details)
        method = str(details.method)
        if handler is None or method.startswith("/grpc.health.v1."):
            return handler
        metadata = dict(details.invocation_metadata)
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(
                self._guarded(handler.unary_unary, method, metadata),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        return self._stream(handler, method, metadata)

    def _caller(self, method: str, metadata: dict[str, Any]) -> Caller:
        scheme, _, token = str(metadata.get("authorization", "")).partition(" ")
        if scheme.lower() == "bearer":
            caller = self._verifier.direct(token)
        elif not scheme and self._rules.proved_by_request(method):
            caller = Caller("")
        else:
            raise NotSignedIn("no credentials")
        person_token = metadata.get(PERSON_METADATA)
        if person_token:
            if not caller.service:
                raise NotSignedIn("only a service acts for a person")
            caller = Caller(caller.service, self._verifier.person(str(person_token)))
        if not method.startswith("/grpc.reflection."):
            self._rules.check(method, caller)
        return caller

    def _guarded(self, handler: Handler, method: str, metadata: dict[str, Any]) -> Handler:
        async def guarded(request: Any, context: Any) -> Any:
            started, code = time.perf_counter(), "OK"
            try:
                set_caller(self._caller(method, metadata))
                async with asyncio.timeout(min(context.time_remaining() or _LONGEST_CALL, _LONGEST_CALL)):
                    return await handler(request, context)
            except (asyncio.CancelledError, grpc.aio.AbortError):
                code = "CANCELLED"
                raise
            except Exception as failure:
                error = _as_app_error(failure, method)
                code = error.code.name
                await abort(context, error)
            finally:
                metrics.RPC_SECONDS.labels(method, code).observe(time.perf_counter() - started)

        return guarded

    def _stream(self, handler: Any, method: str, metadata: dict[str, Any]) -> Any:
        """A streaming method: the door is checked when it opens; there is no deadline but the caller's."""
        inner = handler.unary_stream or handler.stream_stream
        make = grpc.unary_stream_rpc_method_handler if handler.unary_stream else grpc.stream_stream_rpc_method_handler

        async def guarded(request: Any, context: Any) -> AsyncIterator[Any]:
            code = "OK"
            try:
                set_caller(self._caller(method, metadata))
                async for answer in inner(request, context):
                    yield answer
            except (asyncio.CancelledError, GeneratorExit, grpc.aio.AbortError):
                code = "CANCELLED"
                raise
            except Exception as failure:
                error = _as_app_error(failure, method)
                code = error.code.name
                await abort(context, error)
            finally:
                metrics.STREAMS_ENDED.labels(method, code).inc()

        return make(
            guarded,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


class _OutOfTime(PassingTrouble):
    code = grpc.StatusCode.DEADLINE_EXCEEDED


def _as_app_error(failure: Exception, method: str) -> AppError:
    """What the caller is told; the log gets the rest. What cannot be explained says nothing of itself."""
    match failure:
        case AppError():
            log.info("call_refused", method=method, reason=failure.reason, detail=str(failure))
            return failure
        case grpc.aio.AioRpcError():
            return error_of(failure)
        case psycopg.OperationalError():
            # Away, restarting, or it ended our transaction for another's sake: a read may be asked again.
            log.warning("database_in_trouble", method=method, error=str(failure).strip())
            return PassingTrouble("the database is in trouble")
        case TimeoutError():
            return _OutOfTime("out of time")
    log.error("call_failed", method=method, exc_info=failure)
    return AppError()


Register = Callable[[grpc.aio.Server], None]


@contextlib.asynccontextmanager
async def serving_grpc(
    listen: str,
    verifier: Verifier,
    services: Sequence[tuple[ServiceDescriptor, Register]],
    *,
    drain: float = 10.0,
    tls: TlsFiles | None = None,
    connection_age: float = _CONNECTION_AGE,
) -> AsyncIterator[int]:
    """Serve while inside, with health and reflection; yields the port. On leaving, calls under way may finish.

    A connection takes new calls for `connection_age` seconds; then its caller makes another, perhaps elsewhere.
    """
    rules = AccessRules(descriptor for descriptor, _ in services)
    server = grpc.aio.server(
        interceptors=[aio_server_interceptor(), _Doorway(verifier, rules)],
        options=[
            ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
            ("grpc.so_reuseport", 0),
            ("grpc.max_connection_age_ms", _ms(connection_age)),
            ("grpc.max_connection_age_grace_ms", _ms(_LAST_CALLS)),
            ("grpc.http2.min_ping_interval_without_data_ms", _ms(_PING_EVERY / 2)),
            ("grpc.keepalive_permit_without_calls", 1),
        ],
    )
    for _, register in services:
        register(server)
    healthy = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    names = [descriptor.full_name for descriptor, _ in services]
    reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
    port = server.add_secure_port(listen, tls.server()) if tls else server.add_insecure_port(listen)
    await server.start()
    for name in ("", *names):
        await healthy.set(name, health_pb2.HealthCheckResponse.SERVING)
    try:
        yield port
    finally:
        await healthy.enter_graceful_shutdown()
        await server.stop(drain)


class _ProveWhoWeAre(grpc.aio.UnaryUnaryClientInterceptor):
    """Adds our token and a deadline to each call that has none."""

    def __init__(self, identity: ServiceIdentity, audience: str, timeout: float) -> None:
        self._identity, self._audience, self._timeout = identity, audience, timeout

    async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return await continuation(_proved(details, self._identity, self._audience, self._timeout), request)


class _ProveWhoListens(grpc.aio.UnaryStreamClientInterceptor):
    """The same for a call that is answered by a stream, which has the deadline that its caller gives it."""

    def __init__(self, identity: ServiceIdentity, audience: str) -> None:
        self._identity, self._audience = identity, audience

    async def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        return await continuation(_proved(details, self._identity, self._audience, None), request)


def _proved(
    details: Any, identity: ServiceIdentity, audience: str, timeout: float | None
) -> grpc.aio.ClientCallDetails:
    metadata = [*(details.metadata or ()), ("authorization", f"Bearer {identity.token_for(audience)}")]
    return grpc.aio.ClientCallDetails(
        method=details.method,
        timeout=details.timeout or timeout,
        metadata=grpc.aio.Metadata(*metadata),
        credentials=details.credentials,
        wait_for_ready=details.wait_for_ready,
    )


def _service_config(services: Iterable[ServiceDescriptor]) -> str:
    """Every replica that the name leads to gets its turn. Calls that only read are repeated by gRPC itself."""
    reads = [
        {"service": service.full_name, "method": method.name}
        for service in services
        for method in service.methods
        if method.GetOptions().Extensions[access_pb2.access].effect == access_pb2.EFFECT_READ
    ]
    policy = {
        "maxAttempts": 4,
        "initialBackoff": "0.1s",
        "maxBackoff": "1s",
        "backoffMultiplier": 3,
        # CANCELLED, where it was not the caller: the call lay in a server that was being stopped.
        "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
    }
    config: dict[str, Any] = {"loadBalancingConfig": [{"round_robin": {}}]}
    if reads:
        config["methodConfig"] = [{"name": reads, "retryPolicy": policy}]
    return json.dumps(config)


def channel(
    address: str,
    identity: ServiceIdentity,
    audience: str,
    services: Sequence[ServiceDescriptor],
    *,
    timeout: float = 10.0,
    tls: TlsFiles | None = None,
) -> grpc.aio.Channel:
    """A channel to one service that proves our name on each call. Close it when done.

    Where the address is a name, each of its replicas is called in turn, as the name's addresses say it: in a cluster
    that is a headless Service. The name is asked again when a connection ends, at most once a second.
    """
    interceptors: list[grpc.aio.ClientInterceptor] = [
        *aio_client_interceptors(),
        _ProveWhoWeAre(identity, audience, timeout),
        _ProveWhoListens(identity, audience),
    ]
    options = [
        ("grpc.service_config", _service_config(services)),
        ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2000),
        ("grpc.dns_min_time_between_resolutions_ms", 1000),
        ("grpc.keepalive_time_ms", _ms(_PING_EVERY)),
        ("grpc.keepalive_timeout_ms", _ms(_PING_ANSWERED_WITHIN)),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
    ]
    if tls is None:
        return grpc.aio.insecure_channel(address, options=options, interceptors=interceptors)
    return grpc.aio.secure_channel(address, tls.client(), options=options, interceptors=interceptors)


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


def on_behalf_of(caller_token: str) -> tuple[tuple[str, str], ...]:
    """Metadata for a call that acts for a person."""
    return ((PERSON_METADATA, caller_token),)


def require(condition: object, say: str) -> None:
    """InvalidRequest with this sentence unless the condition holds."""
    if not condition:
        raise InvalidRequest(say, say=say)
