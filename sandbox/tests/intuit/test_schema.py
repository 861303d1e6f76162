"""The property tables against Intuit's own schema, and documents against the property tables."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from intuit_sandbox.account_types import CLASSIFICATION, OTHER_SUBTYPES, TYPE_OF_SUBTYPE
from intuit_sandbox.entities import ENTITIES
from intuit_sandbox.harness import sale
from intuit_sandbox.line_shapes import EXPENSE_LINE, LINE
from intuit_sandbox.problems import problems_of
from intuit_sandbox.shapes import Field, Shape

SCHEMAS = Path(__file__).parents[4] / "shared" / "reference" / "qbo-xsd"
XSD = "{http://www.w3.org/2001/XMLSchema}"
JSON_ONLY = {"domain", "sparse", "status"}
WITHOUT_TABLE = {"CompanyInfo", "Preferences", "TaxAgency", "Employee"}
TYPES = {
    "TaxLine": "Line",
    "MemoRef": None,
    "CashBack": "CashBackInfo",
    "Entity": "EntityTypeRef",
    "WebSiteAddress": "WebSiteAddress",
}
# What Intuit's reference documents though the schema does not list it.
DOCUMENTED_ONLY = {"TxnStatus": {"Converted"}}
ENUMERATIONS = {"TxnStatus": "QboEstimateStatusEnum"}


class Schema:
    """The types and enumerations of Intuit's schema files."""

    def __init__(self, folder: Path) -> None:
        self.types: dict[str, ElementTree.Element] = {}
        self.enumerations: dict[str, set[str]] = {}
        for path in sorted(folder.glob("*.xsd")):
            root = ElementTree.parse(path).getroot()  # noqa: S314 - Intuit's own files
            self.types |= {node.get("name", ""): node for node in root.findall(f"{XSD}complexType")}
            for node in root.findall(f"{XSD}simpleType"):
                values = {one.get("value", "") for one in node.iter(f"{XSD}enumeration")}
                self.enumerations[node.get("name", "")] = values

    def elements(self, name: str) -> dict[str, str]:
        """Each element of a type and of those it extends, with the name of its type."""
        node = self.types[name]
        found: dict[str, str] = {}
        for base in node.iter(f"{XSD}extension"):
            parent = re.sub(".*:", "", base.get("base") or "")
            found |= self.elements(parent) if parent in self.types else {}
        for element in node.iter(f"{XSD}element"):
            kind = re.sub(".*:", "", element.get("type") or element.get("ref") or "")
            found[re.sub(".*:", "", element.get("name") or element.get("ref") or "")] = kind
        return found


@pytest.fixture(scope="module")
def schema() -> Schema:
    if not SCHEMAS.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("the schema files are not there")
        pytest.skip("the schema files are not there")
    return Schema(SCHEMAS)


def shapes() -> Iterator[tuple[str, Shape]]:
    """Every shape of every kind, entities first, each with the way to it."""
    waiting = [(name, entity.shape) for name, entity in ENTITIES.items() if name not in WITHOUT_TABLE]
    while waiting:
        path, shape = waiting.pop(0)
        yield path, shape
        waiting += [(f"{path}.{name}", field.shape) for name, field in shape.fields.items() if field.shape]


def schema_type(shape: Shape) -> str | None:
    return TYPES.get(shape.name, shape.name)


def test_every_property_is_one_of_intuits_schema_and_every_one_of_the_schema_is_known(schema: Schema) -> None:
    checked = 0
    for path, shape in shapes():
        if (kind := schema_type(shape)) is None:
            continue
        names, own = set(schema.elements(kind)), set(shape.fields) | shape.tolerated
        assert own - names - JSON_ONLY == set(), f"{path} has properties that Intuit does not know"
        assert names - own == set(), f"{path} would refuse properties that Intuit knows"
        checked += 1
    assert checked > 60


def test_every_enumeration_is_one_of_intuits_schema(schema: Schema) -> None:
    checked = 0
    for path, shape in shapes():
        kind = schema_type(shape)
        for name, field in shape.fields.items():
            if not field.allowed or kind is None:
                continue
            values = schema.enumerations.get(ENUMERATIONS.get(name) or schema.elements(kind)[name])
            if values is not None:
                assert field.allowed - values == DOCUMENTED_ONLY.get(name, set()), f"{path}.{name}"
                checked += 1
    assert checked >= 40


def test_the_enumerations_that_a_caller_chooses_from_are_whole(schema: Schema) -> None:
    def allowed(shape: Shape, *path: str) -> set[str]:
        field: Field = shape.fields[path[0]]
        return set(field.allowed) if len(path) == 1 else allowed(field.shape or shape, *path[1:])

    invoice, journal = ENTITIES["Invoice"].shape, ENTITIES["JournalEntry"].shape
    assert allowed(journal, "Line", "JournalEntryLineDetail", "PostingType") == schema.enumerations["PostingTypeEnum"]
    entity = allowed(journal, "Line", "JournalEntryLineDetail", "Entity", "Type")
    assert entity == schema.enumerations["EntityTypeEnum"]
    assert allowed(invoice, "GlobalTaxCalculation") == schema.enumerations["GlobalTaxCalculationEnum"]
    assert allowed(invoice, "EmailStatus") == schema.enumerations["EmailStatusEnum"]
    assert allowed(invoice, "PrintStatus") == schema.enumerations["PrintStatusEnum"]
    billable = allowed(EXPENSE_LINE, "AccountBasedExpenseLineDetail", "BillableStatus")
    assert billable == schema.enumerations["BillableStatusEnum"]
    assert allowed(LINE, "DetailType") <= schema.enumerations["LineDetailTypeEnum"]


def test_the_types_and_subtypes_of_accounts_are_those_of_the_schema(schema: Schema) -> None:
    assert set(CLASSIFICATION) == schema.enumerations["AccountTypeEnum"]
    assert set(TYPE_OF_SUBTYPE) | OTHER_SUBTYPES == schema.enumerations["AccountSubTypeEnum"]
    assert OTHER_SUBTYPES.isdisjoint(TYPE_OF_SUBTYPE)


def test_a_sound_document_has_no_problems() -> None:
    made = sale(("1", Decimal("12.34"), "TAX"), CustomerRef={"value": "1"}, DocNumber="1001", PrivateNote="😀")
    assert problems_of("SalesReceipt", made) == []
    assert problems_of("Invoice", {"Id": "1", "SyncToken": "0", "sparse": True, "PrivateNote": "x"}) == []


PROBLEMS: list[tuple[str, dict[str, Any], str]] = [
    ("SalesReceipt", {**sale(("1", 1)), "OrderNumber": "1"}, "OrderNumber: there is no such property"),
    ("SalesReceipt", {}, "Line: is required"),
    ("SalesReceipt", {**sale(("1", 1)), "TotalAmt": 1}, "TotalAmt: is set by QuickBooks"),
    ("SalesReceipt", {**sale(("1", 1)), "DocNumber": "x" * 22}, "DocNumber: 2050"),
    ("SalesReceipt", {**sale(("1", 1)), "PrivateNote": "bell \x07"}, "PrivateNote: 2040"),
    ("SalesReceipt", {**sale(("1", 1)), "TxnDate": "tomorrow"}, "TxnDate: 2070"),
    ("SalesReceipt", {**sale(("1", 1)), "BillEmail": {"Address": "nobody"}}, "BillEmail.Address: 2210"),
    ("SalesReceipt", {**sale(("1", 1)), "BillAddr": {"Zip": "1"}}, "BillAddr.Zip: there is no such property"),
    ("SalesReceipt", {**sale(("1", 1)), "CustomerRef": "1"}, "CustomerRef: 2010"),
    ("SalesReceipt", {**sale(("1", 1)), "CustomerRef": {"Value": "1"}}, "CustomerRef: 2010"),
    ("SalesReceipt", {"Line": {"Amount": 1}}, "Line: is not an array"),
    ("SalesReceipt", {"Line": ["x"]}, "Line[0]: is not an object"),
    (
        "SalesReceipt",
        {"Line": [{"Amount": 1, "DetailType": "SalesItemLineDetail"}]},
        "Line[0].SalesItemLineDetail: is missing",
    ),
    (
        "JournalEntry",
        {"Line": [{"Amount": "x", "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": {}}]},
        "Line[0].Amount: 2090",
    ),
    (
        "JournalEntry",
        {
            "Line": [
                {
                    "Amount": 1,
                    "DetailType": "JournalEntryLineDetail",
                    "JournalEntryLineDetail": {"PostingType": "Up", "Entity": {"Kind": "Customer"}},
                }
            ]
        },
        "Line[0].JournalEntryLineDetail.Entity.Kind: there is no such property",
    ),
    ("Payment", {"CustomerRef": {"value": "1"}}, "TotalAmt: is required"),
    ("Invoice", {"Id": "5", "sparse": True}, "SyncToken: is required"),
    ("Bill", {}, "Bill: there is no such kind"),
]


@pytest.mark.parametrize(("entity", "body", "said"), PROBLEMS, ids=[said[:40] for _, _, said in PROBLEMS])
def test_problems_are_named_with_the_way_to_them(entity: str, body: dict[str, Any], said: str) -> None:
    assert any(problem.startswith(said) for problem in problems_of(entity, body)), problems_of(entity, body)
