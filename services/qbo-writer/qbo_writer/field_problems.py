"""A refusal that names each field: google.rpc.BadRequest beside the reason, so that a form can show it in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from ledgerport_libs.errors import DOMAIN

REASON = "FIELDS_REFUSED"
_MOST_TOLD = 100
# Trailing metadata is a header: what does not fit into it would lose the whole answer.
_LONGEST = 4000


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """Why a field cannot stand, in a sentence for the person who filled it in."""

    field: str
    sentence: str


async def refuse_fields(context: Any, problems: Sequence[FieldProblem], say: str) -> NoReturn:
    """End the call with INVALID_ARGUMENT; `say` is the whole of it in one sentence."""
    info, fields = any_pb2.Any(), any_pb2.Any()
    info.Pack(error_details_pb2.ErrorInfo(reason=REASON, domain=DOMAIN))
    fields.Pack(error_details_pb2.BadRequest(field_violations=_that_fit(problems)))
    code = grpc.StatusCode.INVALID_ARGUMENT
    status = status_pb2.Status(code=code.value[0], message=say, details=[info, fields])
    await context.abort(code, say, (("grpc-status-details-bin", status.SerializeToString()),))
    raise AssertionError("abort returned")


def _that_fit(problems: Sequence[FieldProblem]) -> list[error_details_pb2.BadRequest.FieldViolation]:
    """The first ones, as many as an answer can carry, and how many there are besides."""
    told, length = [], 0
    for problem in problems[:_MOST_TOLD]:
        length += len(problem.field.encode()) + len(problem.sentence.encode()) + 8
        if length > _LONGEST:
            break
        told.append(_violation(problem))
    if left := len(problems) - len(told):
        told.append(_violation(FieldProblem("", f"And {left} more.")))
    return told


def _violation(problem: FieldProblem) -> error_details_pb2.BadRequest.FieldViolation:
    return error_details_pb2.BadRequest.FieldViolation(field=problem.field, description=problem.sentence)
