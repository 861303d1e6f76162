"""What a command has to say: sentences for a person, data for a program, and an exit code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

WELL, TROUBLE, USAGE, UNREACHABLE = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Report:
    """The sentences hold all that matters; the data holds the same by names that stay."""

    sentences: list[str]
    data: dict[str, Any] = field(default_factory=dict)
    code: int = WELL


def counted(count: int, one: str, several: str = "") -> str:
    """1 event, 2 events."""
    return f"{count} {one if count == 1 else several or f'{one}s'}"
