"""A form with a file in it: bounded before it is understood, and kept in memory alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from ledgerport_libs.errors import AppError, InvalidRequest

_FORM_WITH_FILE = "multipart/form-data"
_MOST_FIELDS = 20
_LONGEST_FIELD = 16 * 1024


class TooLarge(AppError):
    """Answered with 413."""

    reason = "TOO_LARGE"
    say = "This is more than a form can hold."


class WrongKind(AppError):
    """Answered with 415."""

    reason = "WRONG_CONTENT_TYPE"
    say = "This address takes another kind of content."


async def read(request: Request, field: str, largest: int) -> tuple[dict[str, str], bytes]:
    """The text fields, and the content of the file in `field`: empty where none was sent."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM_WITH_FILE:
        raise WrongKind(request.headers.get("content-type", "")[:80])
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > largest:
        raise TooLarge(f"{length[:20]} bytes", say="This file is too large. Split it into several.")
    parser = MultiPartParser(
        request.headers, _bounded(request, largest), max_files=1, max_fields=_MOST_FIELDS, max_part_size=_LONGEST_FIELD
    )
    parser.spool_max_size = largest + 1
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, UnicodeError, AssertionError) as error:
        raise InvalidRequest(repr(error), say="This form cannot be read.") from error
    try:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        file = form.get(field)
        return fields, await file.read() if isinstance(file, UploadFile) else b""
    finally:
        await form.close()


async def _bounded(request: Request, largest: int) -> AsyncGenerator[bytes, None]:
    seen = 0
    async for part in request.stream():
        seen += len(part)
        if seen > largest:
            raise TooLarge("more bytes than announced", say="This file is too large. Split it into several.")
        yield part
