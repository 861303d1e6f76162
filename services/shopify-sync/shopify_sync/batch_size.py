"""How many objects one query asks for: fewer where that was too dear, more again when it went well for a while."""

from __future__ import annotations

_RUN = 20


class BatchSize:
    """Halves on a refusal, doubles after a run of full batches that were answered, up to what is set."""

    def __init__(self, most: int) -> None:
        self._most, self._answered = most, 0
        self.now = most

    def too_dear(self, asked: int) -> bool:
        """False where one object alone was too dear: asking for fewer is no cure."""
        self.now, self._answered = max(min(self.now, asked // 2), 1), 0
        return asked > 1

    def answered(self, asked: int) -> None:
        """A batch that was not full says nothing about larger ones."""
        if asked < self.now or self.now == self._most:
            return
        self._answered += 1
        if self._answered >= _RUN:
            self.now, self._answered = min(self.now * 2, self._most), 0
