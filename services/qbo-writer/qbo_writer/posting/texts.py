"""Cleaning texts to what QuickBooks takes: lengths, control characters, and what a name may not hold."""

from __future__ import annotations

import unicodedata

_BEYOND_BASIC_PLANE = 0xFFFF
# Marks that turn the direction of what follows: an amount or a name would read backwards.
_DIRECTIONS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str, longest: int) -> str:
    """One line without control characters, cut at the end where it is too long. For memos and descriptions only."""
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text if c not in _DIRECTIONS)
    return " ".join(kept.split())[:longest].rstrip()


def name(text: str) -> str:
    """A name part: no colon, tab, newline or emoji (companies in the US refuse them), blanks folded."""
    without = "".join("-" if c == ":" else c for c in text if ord(c) <= _BEYOND_BASIC_PLANE and not _is_symbol(c))
    return clean(unicodedata.normalize("NFC", without), 500)


def _is_symbol(char: str) -> bool:
    return unicodedata.category(char) in ("So", "Cs", "Co", "Cn") or char in "\u200d\ufe0f"


def unique_name(base: str, suffix: str, longest: int = 100) -> str:
    """`base` with a telling suffix; the base is cut where both are too long, never the suffix.

    Empty where the suffix leaves the base no room to tell anything.
    """
    room = longest - len(suffix) - 1
    return f"{base[:room].rstrip()} {suffix}" if room >= min(len(base), 10) else ""
