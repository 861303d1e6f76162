"""Errors we can explain: `reason` for programs, `say` for the person, `str(error)` for our log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

DOMAIN = "ledgerport"


class AppError(Exception):
    """Something we can explain. Subclasses name the gRPC code, a stable reason and a sentence for the person."""

    code: grpc.StatusCode = grpc.StatusCode.INTERNAL
    reason: str = "INTERNAL"
    say: str = "Something failed on our side. Nothing is lost; it will be tried again."

    def __init__(self, detail: str = "", *, say: str | None = None, reason: str | None = None) -> None:
        if say is not None:
            self.say = say
        if reason is not None:
            self.reason = reason
        super().__init__(detail or self.say)


class InvalidRequest(AppError):
    code = grpc.StatusCode.INVALID_ARGUMENT
    reason = "INVALID_REQUEST"
    say = "This request cannot be understood."


class NotSignedIn(AppError):
    code = grpc.StatusCode.UNAUTHENTICATED
    reason = "NOT_SIGNED_IN"
    say = "Please sign in."


class NotAllowed(AppError):
    code = grpc.StatusCode.PERMISSION_DENIED
    reason = "NOT_ALLOWED"
    say = "Your role does not allow this. Ask an owner of the business."


class NotFound(AppError):
    code = grpc.StatusCode.NOT_FOUND
    reason = "NOT_FOUND"
    say = "There is no such thing here."


class Refused(AppError):
    """The state of things does not allow this now; the reason says what stands in the way."""

    code = grpc.StatusCode.FAILED_PRECONDITION
    reason = "REFUSED"


class PassingTrouble(AppError):
    """It may work when tried again a little later."""

    code = grpc.StatusCode.UNAVAILABLE
    reason = "PASSING_TROUBLE"
    say = "This does not answer at the moment. Please try again shortly."


class TooManyTries(AppError):
    code = grpc.StatusCode.RESOURCE_EXHAUSTED
    reason = "TOO_MANY_TRIES"
    say = "Too many tries. Please wait a minute."


async def abort(context: grpc.aio.ServicerContext[object, object], error: AppError) -> NoReturn:
    """End the call with the error as a gRPC status whose details carry the reason."""
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN))
    status = status_pb2.Status(code=error.code.value[0], message=error.say, details=[detail])
    await context.abort(error.code, error.say, (("grpc-status-details-bin", status.SerializeToString()),))
    raise AssertionError("abort returned")


def error_of(failure: grpc.RpcError) -> AppError:
    """The AppError that a service answered with, so that a caller can branch on its reason."""
    reason, say = failure.code().name, ""
    trailing: Iterable[Any] = failure.trailing_metadata() or ()
    for key, value in trailing:
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value if isinstance(value, bytes) else value.encode())
            info = error_details_pb2.ErrorInfo()
            if status.details and status.details[0].Unpack(info):
                # What gRPC itself says of a connection is for the log; only an answer of ours is written for people.
                reason, say = info.reason, failure.details() or ""
    error = _BY_CODE.get(failure.code(), AppError)(failure.details() or "", reason=reason)
    if say:
        error.say = say
    return error


_BY_CODE: dict[grpc.StatusCode, type[AppError]] = {
    kind.code: kind
    for kind in (InvalidRequest, NotSignedIn, NotAllowed, NotFound, Refused, PassingTrouble, TooManyTries)
}
_BY_CODE[grpc.StatusCode.DEADLINE_EXCEEDED] = PassingTrouble
# What a server that is being stopped has not begun with is ended like this.
_BY_CODE[grpc.StatusCode.CANCELLED] = PassingTrouble
