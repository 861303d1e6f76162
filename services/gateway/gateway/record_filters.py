"""What a person asks to see of the records: words of an address or a form, and the filter that they make."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from starlette.requests import Request

from gateway import wording
from gateway.desk import one
from gateway.views import View
from ledgerport.qbo_writer.v1 import records_pb2
from ledgerport_libs.errors import InvalidRequest

WORDS = ("status", "kind", "q", "from", "to")
_LONGEST = 100
Words = dict[str, str]


def words_in(told: Mapping[str, object], *, strict: bool = False) -> Words:
    """The words that mean something. Another word filters nothing; where it matters (`strict`), InvalidRequest."""
    found: Words = {}
    for name in WORDS:
        word = str(told.get(name) or "").replace("\0", "").encode(errors="replace").decode()[:_LONGEST].strip()
        if word and _means_something(name, word):
            found[name] = word if name == "q" else word.lower()
        elif word and strict:
            raise InvalidRequest(f"{name} {word}", say=f"“{word}” is no {name} that can be asked for.")
    return found


def _means_something(name: str, word: str) -> bool:
    match name:
        case "status":
            return bool(wording.status_of(word))
        case "kind":
            return bool(wording.kind_of(word))
        case "from" | "to":
            return _day(word) is not None
    return True


def filter_of(words: Mapping[str, str], zone: str = "") -> records_pb2.RecordFilter:
    """Days are those of the store's zone, the last one included."""
    found = records_pb2.RecordFilter(
        status=wording.status_of(words.get("status", "")),
        kind=wording.kind_of(words.get("kind", "")),
        text=words.get("q", ""),
    )
    if (first := _day(words.get("from", ""))) is not None:
        getattr(found, "from").FromDatetime(_begins(first, zone))
    if (last := _day(words.get("to", ""))) is not None:
        found.to.FromDatetime(_begins(last + timedelta(days=1), zone))
    return found


def asked_for(request: Request) -> records_pb2.RecordFilter:
    """What the address asks for."""
    return filter_of(words_in(request.query_params), getattr(request.state, "zone", ""))


def shown_filter(request: Request, next_token: str, path: str) -> View:
    """What a page needs to show the filter and the ways to other pages of it."""
    kept = words_in(request.query_params)
    if path.startswith("/manual-sync"):
        kept.pop("kind", None)
    return {
        "chosen": dict.fromkeys(WORDS, "") | kept,
        "kept": kept,
        "query": f"?{urlencode(kept)}" if kept else "",
        "filtered": bool(kept),
        "later_page": bool(one(request, "page")),
        "first_page": with_query(path, kept),
        "next_page": with_query(path, {**kept, "page": next_token}) if next_token else "",
    }


def with_query(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _day(word: str) -> date | None:
    try:
        found = date.fromisoformat(word)
    except ValueError:
        return None
    return found if 2000 <= found.year < 2200 else None


def _begins(day: date, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=wording.zone_of(zone) or UTC).astimezone(UTC)
