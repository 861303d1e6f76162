"""A CSV that a service streams, handed on as a file without being held."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
from starlette.responses import Response, StreamingResponse

from ledgerport_libs.errors import error_of


async def csv_answer(name: str, parts: AsyncIterator[bytes]) -> Response:
    """A file to be saved under this name. A refusal that comes before the first part is raised as our error."""
    try:
        first = await anext(parts)
    except grpc.aio.AioRpcError as failure:
        raise error_of(failure) from failure
    named = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_all_of(first, parts), media_type="text/csv; charset=utf-8", headers=named)


async def _all_of(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part
