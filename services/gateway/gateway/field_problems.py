"""What a service said about each field of a form that it refused (google.rpc.BadRequest)."""

from __future__ import annotations

import grpc
from google.rpc import error_details_pb2, status_pb2

from ledgerport_libs.errors import AppError

_DETAILS = "grpc-status-details-bin"


def field_problems(error: AppError) -> dict[str, str]:
    """Sentences by field, in the service's order; empty where it named none."""
    failure = error.__cause__
    if not isinstance(failure, grpc.aio.AioRpcError):
        return {}
    found: dict[str, str] = {}
    for key, value in failure.trailing_metadata() or ():
        if key == _DETAILS and isinstance(value, bytes):
            for detail in status_pb2.Status.FromString(value).details:
                refused = error_details_pb2.BadRequest()
                if detail.Unpack(refused):
                    for each in refused.field_violations:
                        found[each.field] = f"{found.get(each.field, '')} {each.description}".strip()
    return found
