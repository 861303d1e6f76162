"""What is stored of one object, and what a document becomes before it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Entry = tuple[str, int]
"""An account id and cents: debits positive, credits negative."""


@dataclass(frozen=True, slots=True)
class Row:
    """One stored object. A deleted transaction stays as a stub, so that its id is never given again."""

    kind: str
    id: str
    body: Json
    journal: tuple[Entry, ...] = ()
    foreign: tuple[Entry, ...] = ()
    changed: float = 0.0
    deleted: bool = False
    deposited: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A document drawn up: what will be shown, its journal in home currency, and its part in foreign accounts."""

    body: Json
    journal: tuple[Entry, ...] = ()
    foreign: tuple[Entry, ...] = ()
