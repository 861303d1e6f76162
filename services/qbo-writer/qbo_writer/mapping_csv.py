"""Mappings as a CSV that a spreadsheet can change and give back. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from qbo_writer.field_problems import FieldProblem
from qbo_writer.mapping_rules import LIST_OF, unfit
from qbo_writer.posting.company import Name, fold

COLUMNS = ("shopify_id", "shopify_name", "sku_or_email", "quickbooks_id", "quickbooks_name", "chosen_by")
LARGEST, MOST_LINES = 2 * 1024 * 1024, 20_000
_NEEDED = ("shopify_id", "quickbooks_id")
# A spreadsheet takes what begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class NoCsv(Exception):
    """The whole file cannot be read; the text says why, for the person who sent it."""


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    source_id: str
    qbo_id: str
    qbo_name: str


def written(rows: Iterable[Iterable[str]]) -> bytes:
    """Lines of a CSV. What would be a formula is marked as text."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([_as_text(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def read(content: bytes) -> list[Line]:
    """The lines that have something to say. NoCsv where this is no such file."""
    if len(content) > LARGEST:
        raise NoCsv(f"The file is larger than {LARGEST // (1024 * 1024)} MiB. Split it into several.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NoCsv("The file is not in UTF-8. Save it again as “CSV UTF-8”.") from error
    if "\0" in text:
        raise NoCsv("This is no CSV file. Save the sheet as “CSV UTF-8”, then import that file.")
    head = text.split("\n", 1)[0]
    separator = max(",;\t", key=head.count)
    try:
        return list(_lines(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)))
    except csv.Error as error:
        raise NoCsv("The file has a quotation mark that is never closed, or text after a closed one.") from error


def _lines(reader: Iterator[list[str]]) -> Iterator[Line]:
    names = [cell.strip().lower() for cell in next(reader, [])]
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise NoCsv(
            f"The first line must name the columns; {' and '.join(missing)} is missing. Export first to see it."
        )
    for count, cells in enumerate(reader, start=2):
        if count > MOST_LINES + 1:
            raise NoCsv(f"The file has more than {MOST_LINES:,} lines. Split it into several.")
        row = {name: _from_text(cell) for name, cell in zip(names, cells, strict=False)}
        if any(row.values()):
            chosen = row.get("quickbooks_id", ""), row.get("quickbooks_name", "")
            yield Line(count, row.get("shopify_id", ""), *chosen)


def chosen(
    kind: str, lines: Iterable[Line], known: Collection[str], names: Iterable[Name]
) -> tuple[dict[str, str], list[FieldProblem]]:
    """What is to be mapped to what, and a sentence for each line that cannot be."""
    by_id = {name.qbo_id: name for name in names}
    by_name: dict[str, list[Name]] = {}
    for name in by_id.values():
        if name.active:
            by_name.setdefault(fold(name.name), []).append(name)
    found: dict[str, str] = {}
    problems, seen = [], dict[str, int]()
    for line in lines:
        wrong, qbo_id = _one(kind, line, known, by_id, by_name)
        if not wrong and line.source_id in seen:
            wrong = f"{line.source_id} stands in line {seen[line.source_id]} already."
        seen.setdefault(line.source_id, line.number)
        if wrong:
            problems.append(FieldProblem(f"line {line.number}", wrong))
        elif qbo_id:
            found[line.source_id] = qbo_id
    return found, problems


def _one(
    kind: str, line: Line, known: Collection[str], by_id: Mapping[str, Name], by_name: Mapping[str, list[Name]]
) -> tuple[str, str]:
    """What is wrong, and the Id that was meant; both empty where the line changes nothing."""
    if not line.source_id:
        return "shopify_id is empty.", ""
    if line.source_id not in known:
        return f"{line.source_id[:80]} has not come from your store.", ""
    if not line.qbo_id and not line.qbo_name:
        return "", ""
    if line.qbo_id:
        name = by_id.get(line.qbo_id)
        if name is None:
            return f"QuickBooks has no {_word(kind)} with the id {line.qbo_id[:40]}.", ""
    else:
        named = by_name.get(fold(line.qbo_name), [])
        if len(named) != 1:
            many = f"{len(named)} times" if named else "nowhere"
            return f"The name “{line.qbo_name[:80]}” is {many} in QuickBooks. Give its quickbooks_id.", ""
        name = named[0]
    return unfit(kind, name), name.qbo_id


def _word(kind: str) -> str:
    return {"TaxCode": "tax code"}.get(LIST_OF[kind], LIST_OF[kind].lower())


def _as_text(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _from_text(cell: str) -> str:
    told = cell.lstrip()  # blanks at the end go last: a tab alone was marked, too
    if told.startswith("'") and told[1:].startswith(_FORMULA):
        told = told[1:]
    return told.strip()
