"""The part of Shopify's search syntax that the stores understand.

Terms are AND-ed, `OR` binds tighter, `NOT` or `-` negates, parentheses group; an unknown field is
ignored with a warning, exactly the trap the real one sets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Test = Callable[[Any], bool]
Getter = Callable[[Any], Any]

TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<word>-?(?:[A-Za-z_][\w.]*:(?:[<>]=?)?)?(?:'[^']*'|"[^"]*"|[^\s()]+)))"""
)
TERM = re.compile(r"(?:(?P<field>[A-Za-z_][\w.]*):(?P<op>[<>]=?)?)?(?P<value>.*)", re.DOTALL)


@dataclass
class Search:
    """A parsed query: `matches` decides, `warnings` name what was ignored."""

    matches: Test
    warnings: list[dict[str, str]] = field(default_factory=list)


def parse_search(text: str | None, fields: Mapping[str, Getter], free: Getter | None = None) -> Search:
    """Turn a `query:` argument into a test of records; `free` is what terms without a field look into."""
    parser = _Parser(text or "", fields, free)
    return Search(parser.all_terms(), parser.warnings)


class _Parser:
    def __init__(self, text: str, fields: Mapping[str, Getter], free: Getter | None) -> None:
        self._tokens = [m.group().strip() for m in TOKEN.finditer(text)]
        self._fields, self._free = fields, free
        self.warnings: list[dict[str, str]] = []

    def _peek(self) -> str | None:
        return self._tokens[0] if self._tokens else None

    def all_terms(self) -> Test:
        tests: list[Test] = []
        while self._peek() not in (None, ")"):
            if self._peek() == "AND":
                self._tokens.pop(0)
                continue
            tests.append(self._any_term())
        return lambda record: all(test(record) for test in tests)

    def _any_term(self) -> Test:
        tests = [self._one()]
        while self._peek() == "OR":
            self._tokens.pop(0)
            tests.append(self._one())
        return lambda record: any(test(record) for test in tests)

    def _one(self) -> Test:
        word = self._tokens.pop(0) if self._tokens else ""
        if word == "NOT":
            inner = self._one()
            return lambda record: not inner(record)
        if word == "(":
            inner = self.all_terms()
            if self._peek() == ")":
                self._tokens.pop(0)
            return inner
        if word.startswith("-") and len(word) > 1:
            positive = self._term(word[1:])
            return lambda record: not positive(record)
        return self._term(word)

    def _term(self, token: str) -> Test:
        found = TERM.fullmatch(token)
        name, operator, value = found.group("field", "op", "value") if found else (None, None, token)
        value = value.strip("'\"")
        if name is None:
            return self._free_text(value)
        getter = self._fields.get(name)
        if getter is None:
            self.warnings.append({"field": name, "message": "Invalid search field for this query."})
            return lambda _record: True
        return _comparison(getter, operator, value)

    def _free_text(self, value: str) -> Test:
        free = self._free
        if free is None or not value:
            return lambda _record: True
        return lambda record: value.lower() in str(free(record) or "").lower()


def _comparison(getter: Getter, operator: str | None, value: str) -> Test:
    if value == "*" and operator is None:
        return lambda record: getter(record) not in (None, "", [])

    def test(record: Any) -> bool:
        held = getter(record)
        if isinstance(held, datetime):
            wanted = _moment(value)
            return wanted is not None and _ordered(held, operator, wanted, day=len(value) == 10)
        if isinstance(held, list):
            return any(_same(item, value) for item in held)
        if isinstance(held, int) and not isinstance(held, bool):
            digits = value.rsplit("/", 1)[-1]
            return digits.isdigit() and _ordered(held, operator, int(digits), day=False)
        return _same(held, value)

    return test


def _ordered(held: Any, operator: str | None, wanted: Any, *, day: bool) -> bool:
    match operator:
        case ">=":
            return bool(held >= wanted)
        case ">":
            return bool(held > wanted)
        case "<=":
            return bool(held <= wanted)
        case "<":
            return bool(held < wanted)
        case _:
            return bool(held.date() == wanted.date()) if day else bool(held == wanted)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _same(held: Any, value: str) -> bool:
    if isinstance(held, bool):
        return value.lower() == str(held).lower()
    text, value = str(held or "").lower(), value.lower()
    return text.startswith(value[:-1]) if value.endswith("*") else text == value
