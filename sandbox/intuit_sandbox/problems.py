"""What is wrong with a document as it would be sent: names, nesting, lengths and enumerations, without any books."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from intuit_sandbox.entities import ENTITIES
from intuit_sandbox.faults import Fault
from intuit_sandbox.shapes import Field, Shape

WITHOUT_DETAIL = ("DescriptionOnly",)


def problems_of(entity: str, body: Mapping[str, Any]) -> list[str]:
    """One sentence for each property that QuickBooks would refuse, ignore or miss; empty if there is none.

    `entity` is the name of the kind (`SalesReceipt`); a body with an `Id` is an update and may leave things out.
    """
    kind = ENTITIES.get(entity)
    if kind is None:
        return [f"{entity}: there is no such kind"]
    found = list(_in_object(kind.shape, body, ""))
    if "Id" not in body:
        found += [f"{name}: is required" for name in kind.required if body.get(name) in (None, "", [], {})]
    elif "SyncToken" not in body:
        found.append("SyncToken: is required for an update")
    return found


def _in_object(shape: Shape, data: Any, path: str) -> Iterator[str]:
    if not isinstance(data, Mapping):
        yield f"{path}: is not an object"
        return
    for name, value in data.items():
        where = f"{path}.{name}" if path else name
        field = shape.fields.get(name)
        if field is None:
            if name not in shape.tolerated:
                yield f"{where}: there is no such property"
        elif field.read_only:
            yield f"{where}: is set by QuickBooks"
        elif value is not None:
            yield from _in_field(field, name, value, where)
    if (detail := data.get("DetailType")) and detail not in WITHOUT_DETAIL and detail not in data:
        yield f"{path}.{detail}: is missing, though DetailType names it"


def _in_field(field: Field, name: str, value: Any, where: str) -> Iterator[str]:
    if field.shape is None:
        try:
            field.check(name, value)
        except Fault as refusal:
            yield f"{where}: {refusal.code} {refusal.detail}"
    elif not field.many:
        yield from _in_object(field.shape, value, where)
    elif isinstance(value, (list, tuple)):
        for number, element in enumerate(value):
            yield from _in_object(field.shape, element, f"{where}[{number}]")
    else:
        yield f"{where}: is not an array"
