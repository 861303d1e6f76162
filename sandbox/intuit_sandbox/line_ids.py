"""Numbers for the lines of a document."""

from __future__ import annotations

from typing import Any

from intuit_sandbox.rows import Row

Json = dict[str, Any]


class LineIds:
    """Keeps the Id of a line that was there before; every other line gets a new one."""

    def __init__(self, former: Row | None, *, first: int = 1) -> None:
        known = [line["Id"] for line in former.body["Line"] if "Id" in line] if former else []
        self._known = set(known)
        self._last = max(map(int, known), default=first - 1)

    def assign(self, lines: list[Json]) -> None:
        for number, line in enumerate(lines, 1):
            if line.get("Id") not in self._known:
                self._last += 1
                line["Id"] = str(self._last)
            line["LineNum"] = number
