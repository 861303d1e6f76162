"""The query language: SELECT … FROM one entity, WHERE with AND only, ORDERBY, STARTPOSITION, MAXRESULTS."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from intuit_sandbox import clock, faults
from intuit_sandbox.books import Books, Row
from intuit_sandbox.entities import ENTITIES, Entity

Json = dict[str, Any]
TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:\\.|[^'\\])*')|(?P<op><=|>=|=|<|>)|(?P<mark>[(),*])|(?P<word>[A-Za-z0-9_.\-]+))"
)
ESCAPE = re.compile(r"\\(.)")
DEFAULT_ROWS, MOST_ROWS = 100, 1000
NUMERIC = frozenset({"TotalAmt", "Balance"})
KEYWORDS = frozenset({"where", "and", "orderby", "order", "startposition", "maxresults"})


@dataclass(frozen=True, slots=True)
class Condition:
    name: str
    op: str
    values: tuple[str, ...]


@dataclass(slots=True)
class Statement:
    """A parsed query. `fields` is empty for `*`."""

    entity: str
    fields: tuple[str, ...] = ()
    counting: bool = False
    conditions: list[Condition] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)
    start: int = 1
    most: int = DEFAULT_ROWS


class _Reader:
    """Tokens of a statement, read from the left."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at, text = 0, text.strip().rstrip(";")
        while at < len(text):
            match = TOKEN.match(text, at)
            if match is None:
                raise faults.unparsable_query(f'Encountered "{text[at : at + 20]}" at column {at + 1}.')
            self._tokens.append((str(match.lastgroup), match.group(str(match.lastgroup))))
            at = match.end()
            if not text[at:].strip():
                break
        self._at = 0

    @property
    def done(self) -> bool:
        return self._at >= len(self._tokens)

    def peek(self) -> str:
        return "" if self.done else self._tokens[self._at][1].lower()

    def take(self, kind: str = "", *wanted: str) -> str:
        if self.done:
            raise faults.unparsable_query('Encountered "<EOF>".')
        found, value = self._tokens[self._at]
        if (kind and found != kind) or (wanted and value.lower() not in wanted):
            raise faults.unparsable_query(f'Encountered "{value}". Was expecting {" or ".join(wanted) or kind}.')
        self._at += 1
        return value

    def skip(self, word: str) -> bool:
        if self.peek() == word:
            self._at += 1
            return True
        return False


@lru_cache(maxsize=512)
def parse(text: str) -> Statement:
    """Read a statement; 4000 if it cannot be parsed, 4001 if entity or fields are none."""
    reader = _Reader(text)
    reader.take("word", "select")
    statement = Statement("")
    if reader.skip("count"):
        for mark in "(*)":
            reader.take("mark", mark)
        statement.counting = True
    elif not reader.skip("*"):
        statement.fields = tuple(_listed(reader))
    elif reader.skip(","):
        _listed(reader)
    reader.take("word", "from")
    statement.entity = reader.take("word")
    if statement.entity not in ENTITIES:
        named = {name.lower(): name for name in ENTITIES}
        if statement.entity.lower() not in named:
            raise faults.invalid_query(f"invalid context declaration: {statement.entity}")
        statement.entity = named[statement.entity.lower()]
    _clauses(reader, statement)
    _check(ENTITIES[statement.entity], statement)
    return statement


def _listed(reader: _Reader) -> list[str]:
    names = [reader.take("word")]
    while reader.skip(","):
        names.append(reader.take("word"))
    return names


def _clauses(reader: _Reader, statement: Statement) -> None:
    if reader.skip("where"):
        statement.conditions.append(_condition(reader))
        while reader.skip("and"):
            statement.conditions.append(_condition(reader))
    if reader.skip("orderby") or (reader.skip("order") and reader.take("word", "by")):
        statement.order.append(_ordering(reader))
        while reader.skip(","):
            statement.order.append(_ordering(reader))
    if reader.skip("startposition"):
        statement.start = _number(reader)
    if reader.skip("maxresults"):
        statement.most = min(_number(reader), MOST_ROWS)
    if not reader.done:
        raise faults.unparsable_query(f'Encountered "{reader.take()}".')


def _number(reader: _Reader) -> int:
    word = reader.take("word")
    if not word.isdigit() or int(word) < 1:
        raise faults.unparsable_query(f'Encountered "{word}". Was expecting a number from 1 on.')
    return int(word)


def _ordering(reader: _Reader) -> tuple[str, bool]:
    name = reader.take("word")
    descending = reader.skip("desc")
    if not descending:
        reader.skip("asc")
    return name, descending


def _condition(reader: _Reader) -> Condition:
    name = reader.take("word")
    if name.lower() in KEYWORDS:
        raise faults.unparsable_query(f'Encountered "{name}".')
    if reader.skip("in"):
        reader.take("mark", "(")
        values = [_value(reader)]
        while reader.skip(","):
            values.append(_value(reader))
        reader.take("mark", ")")
        return Condition(name, "in", tuple(values))
    if reader.skip("like"):
        return Condition(name, "like", (_value(reader),))
    return Condition(name, reader.take("op"), (_value(reader),))


def _value(reader: _Reader) -> str:
    if reader.peek() in ("true", "false"):
        return reader.take("word").lower()
    return ESCAPE.sub(r"\1", reader.take("string")[1:-1])


def _check(entity: Entity, statement: Statement) -> None:
    for name in (*(c.name for c in statement.conditions), *(name for name, _ in statement.order)):
        if name not in entity.askable and name != "SyncToken":
            raise faults.invalid_query(f"Property {name} not found for Entity {entity.name}")
    for name in statement.fields:
        top = name.split(".")[0]
        if top not in entity.shape.fields and top not in entity.shape.tolerated:
            raise faults.invalid_query(f"Property {name} not found for Entity {entity.name}")


def run(books: Books, statement: Statement) -> Json:
    """The QueryResponse of a statement."""
    entity = ENTITIES[statement.entity]
    if entity.name in ("CompanyInfo", "Preferences"):
        return _singleton(books, entity, statement)
    tests = [_test(books, condition) for condition in statement.conditions]
    if entity.name_field in entity.askable and not any(c.name == "Active" for c in statement.conditions):
        tests.append(lambda row: row.body.get("Active") is not False)
    found = [row for row in _candidates(books, statement) if all(test(row) for test in tests)]
    if statement.counting:
        return {"totalCount": len(found)}
    for name, descending in reversed(statement.order):
        found.sort(key=lambda row, name=name: _sort_key(row, name), reverse=descending)  # type: ignore[misc]
    page = found[statement.start - 1 : statement.start - 1 + statement.most]
    if not page:
        return {}
    bodies = [_projected(books.shown(row), statement.fields) for row in page]
    return {entity.name: bodies, "startPosition": statement.start, "maxResults": len(page)}


def _singleton(books: Books, entity: Entity, statement: Statement) -> Json:
    created = clock.stamp(0)
    body = books.profile.company_info(created) if entity.name == "CompanyInfo" else books.profile.preferences(created)
    return {"totalCount": 1} if statement.counting else {entity.name: [body], "startPosition": 1, "maxResults": 1}


def _candidates(books: Books, statement: Statement) -> Iterable[Row]:
    """All living rows, or the few that an exact Id or DocNumber leaves."""
    rows = books.rows[statement.entity]
    for condition in statement.conditions:
        if condition.op in ("=", "in"):
            if condition.name == "Id":
                picked = [rows[value] for value in condition.values if value in rows]
                return [row for row in picked if not row.deleted]
            if condition.name == "DocNumber" and not books.profile.equals_ignores_case:
                return [
                    rows[row_id]
                    for value in dict.fromkeys(condition.values)
                    for row_id in books.holders_of_number(statement.entity, value)
                ]
    return books.of_kind(statement.entity)


def read(row: Row, name: str) -> Any:
    """The value that a condition on this field looks at."""
    value: Any = row.body
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, dict):
        return value.get("value", value.get("Address"))
    return value


def _comparable(name: str, value: Any) -> Any:
    if value is None:
        return None
    try:
        if name in NUMERIC:
            return Decimal(value)
        if name.startswith("MetaData."):
            return clock.read(value)
        if name == "Id":
            return (len(value), value)
    except (InvalidOperation, ValueError):
        raise faults.unparsable_query(f"Invalid value {value} for {name}.") from None
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _sort_key(row: Row, name: str) -> tuple[bool, Any]:
    value = _comparable(name, read(row, name))
    return (value is not None, value if value is not None else "")


def _test(books: Books, condition: Condition) -> Callable[[Row], bool]:
    name, op = condition.name, condition.op
    if op == "like":
        pattern = ".*".join(re.escape(part) for part in condition.values[0].split("%"))
        like = re.compile(pattern, re.IGNORECASE | re.DOTALL)
        return lambda row: (value := read(row, name)) is not None and like.fullmatch(str(value)) is not None
    wanted = [_comparable(name, value) for value in condition.values]
    if op in ("=", "in"):
        fold = books.profile.equals_ignores_case
        allowed = {value.casefold() if fold and isinstance(value, str) else value for value in wanted}

        def equal(row: Row) -> bool:
            value = _comparable(name, _current(books, row, name))
            return (value.casefold() if fold and isinstance(value, str) else value) in allowed

        return equal
    bound = wanted[0]
    compare: dict[str, Callable[[Any], bool]] = {
        "<": lambda value: value < bound,
        ">": lambda value: value > bound,
        "<=": lambda value: value <= bound,
        ">=": lambda value: value >= bound,
    }
    ordered = compare[op]
    return lambda row: (value := _comparable(name, _current(books, row, name))) is not None and ordered(value)


def _current(books: Books, row: Row, name: str) -> Any:
    return books.shown(row).get(name) if name == "Balance" else read(row, name)


def _projected(body: Json, fields: tuple[str, ...]) -> Json:
    if not fields:
        return body
    kept = {"domain", "Id", *(name.split(".")[0] for name in fields)}
    return {**{name: value for name, value in body.items() if name in kept}, "sparse": True}
