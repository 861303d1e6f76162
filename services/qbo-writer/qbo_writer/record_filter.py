"""Which records or attempts a person asks for: as parameters of our statements."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from uuid import UUID

from google.protobuf.descriptor import EnumDescriptor

from ledgerport.events.v1 import record_pb2
from ledgerport.qbo_writer.v1 import records_pb2 as pb
from ledgerport_libs.errors import InvalidRequest, NotFound
from ledgerport_libs.rpc import require


def filter_params(business_id: str, asked: pb.RecordFilter) -> dict[str, Any]:
    """The parameters of a statement that takes a filter. InvalidRequest for a status or kind that is none."""
    text = asked.text.replace("\0", "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {
        "business_id": business_id,
        "status": status_word(asked.status),
        "kind": _word(record_pb2.RecordKind.DESCRIPTOR, asked.kind, "RECORD_KIND_"),
        "text": f"%{text}%" if text else None,
        "since": getattr(asked, "from").ToDatetime(tzinfo=UTC) if asked.HasField("from") else None,
        "until": asked.to.ToDatetime(tzinfo=UTC) if asked.HasField("to") else None,
    }


def status_word(status: int) -> str | None:
    """As it stands in the database; None for unspecified."""
    return _word(record_pb2.RecordStatus.DESCRIPTOR, status, "RECORD_STATUS_")


def _word(enum: EnumDescriptor, number: int, prefix: str) -> str | None:
    value = enum.values_by_number.get(number)
    if value is None:
        raise InvalidRequest(f"{enum.name} {number}", say="There is no such status or kind.")
    name = value.name.removeprefix(prefix)
    return None if name == "UNSPECIFIED" else name.lower()


def record_uuid(text: str) -> UUID:
    """NotFound for what is no id at all, as for the id of nothing."""
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(f"{text!r} is no id") from error


def record_uuids(texts: list[str], most: int) -> list[UUID]:
    """InvalidRequest for none at all and for too many of them."""
    require(bool(texts), "Choose at least one record.")
    require(len(texts) <= most, f"At most {most:,} records can be chosen one by one. Use a filter for more.")
    return [record_uuid(text) for text in texts]
