"""Lists page by page: how many rows, and a token that says where the next page begins."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime

from ledgerport_libs.errors import InvalidRequest
from ledgerport_libs.rpc import require

MOST_ROWS = 200
DEFAULT_ROWS = 50
_NO_PAGE = "This page does not exist."


def page_size(asked: int, most: int = MOST_ROWS, default: int = DEFAULT_ROWS) -> int:
    """InvalidRequest for more rows than there may be on a page."""
    require(0 <= asked <= most, f"A page holds at most {most} rows.")
    return asked or default


def to_token(text: str) -> str:
    """Fit for an address; whoever holds it need not understand it."""
    return urlsafe_b64encode(text.encode()).decode()


def from_token(token: str) -> str:
    """InvalidRequest for what is no token of ours."""
    try:
        return urlsafe_b64decode(token.encode()).decode()
    except ValueError as error:
        raise InvalidRequest(_NO_PAGE, say=_NO_PAGE) from error


def number_in(token: str) -> int | None:
    """The number that a page begins before; None for the first page."""
    if not token:
        return None
    text = from_token(token)
    require(text.isascii() and text.isdigit() and len(text) < 19, _NO_PAGE)
    return int(text)


def moment_in(text: str) -> datetime:
    """InvalidRequest for what is no moment."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(_NO_PAGE, say=_NO_PAGE) from error
