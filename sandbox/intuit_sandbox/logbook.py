"""What was asked of the stand-in, so that tests can count requests after a pause."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

KEPT = 20_000
READ = (200, 400)


@dataclass(slots=True)
class Logbook:
    """Counters since the last reset, and the newest writes with their times."""

    by_path: Counter[str] = field(default_factory=Counter)
    by_realm: Counter[str] = field(default_factory=Counter)
    by_status: Counter[str] = field(default_factory=Counter)
    writes_by_realm: Counter[str] = field(default_factory=Counter)
    reads_by_realm: Counter[str] = field(default_factory=Counter)
    reads_by_resource: Counter[str] = field(default_factory=Counter)
    writes: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT))

    def note(
        self,
        at: float,
        method: str,
        path: str,
        status: int,
        realm: str = "",
        resource: str = "",
        request: str = "",
        client: str = "",
        items: int = 0,
        queries: int = 0,
    ) -> None:
        """Count one request; a POST to a company that is no query counts as a write.

        Reads are counted as Intuit meters them: what was answered, and each query inside a batch by itself.
        """
        self.by_path[f"{method} {path}"] += 1
        self.by_status[str(status)] += 1
        if not realm:
            return
        self.by_realm[realm] += 1
        reads = queries if resource == "batch" else int(method == "GET" or resource == "query")
        if reads and status in READ:
            self.reads_by_realm[realm] += reads
            self.reads_by_resource[f"{realm}/{resource}"] += reads
        if method == "POST" and resource != "query":
            self.writes_by_realm[realm] += 1
            self.writes.append(
                {
                    "at": at,
                    "realm": realm,
                    "resource": resource,
                    "status": status,
                    "requestid": request,
                    "client_id": client,
                    "items": items,
                }
            )

    def shown(self, since: float, realm: str | None) -> dict[str, Any]:
        writes = [one for one in self.writes if one["at"] >= since and realm in (None, one["realm"])]
        return {
            "by_path": dict(self.by_path),
            "by_realm": dict(self.by_realm),
            "by_status": dict(self.by_status),
            "writes_by_realm": dict(self.writes_by_realm),
            "reads_by_realm": dict(self.reads_by_realm),
            "reads_by_resource": dict(self.reads_by_resource),
            "write_count": len(writes),
            "writes": writes,
        }

    def reset(self) -> None:
        for counter in (
            self.by_path,
            self.by_realm,
            self.by_status,
            self.writes_by_realm,
            self.reads_by_realm,
            self.reads_by_resource,
        ):
            counter.clear()
        self.writes.clear()
