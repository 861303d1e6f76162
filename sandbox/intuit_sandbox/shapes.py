"""The shape of a JSON object the API takes: which properties there are, of what type and length."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date as calendar_date
from decimal import Decimal, InvalidOperation
from typing import Any

from intuit_sandbox import faults

Json = dict[str, Any]
Check = Callable[[str, Any], Any]

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
NAME_ILLEGAL = re.compile(r"[\x00-\x1f\x7f:]")
EMAIL = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+(\s*,\s*[^@\s,]+@[^@\s,]+\.[^@\s,]+)*")
PARTIES = ("Customer", "Vendor", "Employee")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
LARGEST = Decimal("99999999999")
LARGEST_AMOUNT = Decimal(10_000_000_000)


@dataclass(frozen=True, slots=True)
class Field:
    """One property: how its value is checked, what it refers to, and what is inside it or allowed for it."""

    check: Check
    refers_to: str = ""
    read_only: bool = False
    shape: Shape | None = None
    many: bool = False
    allowed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Shape:
    """The properties of one object; `tolerated` ones exist at Intuit and are kept without a look."""

    name: str
    fields: Mapping[str, Field]
    tolerated: frozenset[str] = frozenset()

    def clean(self, data: Any) -> Json:
        """The writable properties given, checked; nulls and read-only ones fall away, unknown ones are refused."""
        if not isinstance(data, dict):
            raise faults.unreadable_body(f"{self.name} is not an object and")
        kept: Json = {}
        fields = self.fields
        for name, value in data.items():
            field = fields.get(name)
            if field is None:
                if name not in self.tolerated:
                    raise faults.unknown_property(name)
                kept[name] = value
            elif not field.read_only and value is not None:
                kept[name] = field.check(name, value)
        return kept


def words(names: str) -> frozenset[str]:
    return frozenset(names.split())


def _string(name: str, value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise faults.unreadable_body(f"{name} is not a string and")
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def text(longest: int) -> Field:
    """Free text; line breaks are allowed, other control characters are not."""

    def check(name: str, value: Any) -> str:
        string = _string(name, value)
        if CONTROL.search(string):
            raise faults.invalid_string(name)
        if len(string) > longest:
            raise faults.too_long(name, 0, longest, len(string))
        return string

    return Field(check)


def refuse_beyond_latin1(payload: Any, name: str = "") -> None:
    """2040 for any text that ISO 8859-1 cannot hold, as older US companies keep it."""
    if isinstance(payload, dict):
        for member, value in payload.items():
            refuse_beyond_latin1(value, member)
    elif isinstance(payload, list):
        for value in payload:
            refuse_beyond_latin1(value, name)
    elif isinstance(payload, str) and payload and max(payload) > "\xff":
        raise faults.invalid_string(name)


def label(longest: int) -> Field:
    """A name: trimmed, and free of colons, tabs and line breaks."""

    def check(name: str, value: Any) -> str:
        string = _string(name, value).strip()
        if NAME_ILLEGAL.search(string):
            raise faults.invalid_string(name)
        if len(string) > longest:
            raise faults.too_long(name, 1, longest, len(string))
        return string

    return Field(check)


def _decimal(name: str, value: Any) -> Decimal:
    if isinstance(value, (bool, dict, list)):
        raise faults.invalid_number(name, value)
    try:
        number = Decimal(value)
    except (InvalidOperation, ValueError):
        raise faults.invalid_number(name, value) from None
    if not number.is_finite() or abs(number) > LARGEST:
        raise faults.invalid_number(name, value)
    return number


def decimal() -> Field:
    """An exact number."""
    return Field(_decimal)


def money() -> Field:
    """An amount: at most ten digits before the point and five after it."""

    def check(name: str, value: Any) -> Decimal:
        number = _decimal(name, value)
        if abs(number) >= LARGEST_AMOUNT or number != round(number, 5):
            raise faults.invalid_amount(name, value)
        return number

    return Field(check)


def boolean() -> Field:
    def check(name: str, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if value in ("true", "false"):
            return bool(value == "true")
        raise faults.invalid_boolean(name, value)

    return Field(check)


def integer() -> Field:
    def check(name: str, value: Any) -> int:
        number = _decimal(name, value)
        if number != number.to_integral_value():
            raise faults.invalid_number(name, value)
        return int(number)

    return Field(check)


def date() -> Field:
    def check(name: str, value: Any) -> str:
        if not isinstance(value, str) or not DATE.match(value):
            raise faults.invalid_date(name, value)
        try:
            return calendar_date.fromisoformat(value[:10]).isoformat()
        except ValueError:
            raise faults.invalid_date(name, value) from None

    return Field(check)


def choice(*allowed: str) -> Field:
    def check(name: str, value: Any) -> str:
        if value not in allowed:
            raise faults.invalid_choice(name, value)
        return str(value)

    return Field(check, allowed=frozenset(allowed))


def ref(kind: str = "") -> Field:
    """A reference: only `value` counts, the name is put there again on the way out."""

    def check(name: str, value: Any) -> Json:
        if not isinstance(value, dict):
            raise faults.unreadable_body(f"{name} is not a reference and")
        for member in value:
            if member not in ("value", "name", "type"):
                raise faults.unknown_property(member)
        target = value.get("value")
        if target is None or target == "" or isinstance(target, (dict, list, bool)):
            return {}
        return {"value": str(target)}

    return Field(check, refers_to=kind)


def party() -> Field:
    """A reference to a customer, vendor or employee, whose `type` says which it is."""
    plain = ref()

    def check(name: str, value: Any) -> Json:
        cleaned: Json = plain.check(name, value)
        kind = value.get("type")
        if cleaned and kind is not None:
            if str(kind).capitalize() not in PARTIES:
                raise faults.invalid_choice(f"{name}.type", kind)
            cleaned["type"] = str(kind).capitalize()
        return cleaned

    return Field(check)


def nested(shape: Shape) -> Field:
    return Field(lambda _name, value: shape.clean(value), shape=shape)


def rows(shape: Shape) -> Field:
    def check(name: str, value: Any) -> list[Json]:
        if not isinstance(value, list):
            raise faults.unreadable_body(f"{name} is not an array and")
        return [shape.clean(element) for element in value]

    return Field(check, shape=shape, many=True)


def identity(name: str, value: Any) -> str:
    string = str(value)
    if not string.isascii() or not string.isdigit():
        raise faults.invalid_id(value, name)
    return string


def _email(name: str, value: Any) -> str:
    string = _string(name, value).strip()
    if len(string) > 100:
        raise faults.too_long(name, 0, 100, len(string))
    if string and not EMAIL.fullmatch(string):
        raise faults.invalid_email(name)
    return string


ID = Field(identity)
SET_BY_QUICKBOOKS = Field(lambda _name, value: value, read_only=True)
ANYTHING = Field(lambda _name, value: value)

ADDRESS = Shape(
    "PhysicalAddress",
    {
        "Id": SET_BY_QUICKBOOKS,
        **{f"Line{n}": text(500) for n in range(1, 6)},
        "City": text(255),
        "Country": text(255),
        "CountrySubDivisionCode": text(255),
        "PostalCode": text(30),
        "Lat": SET_BY_QUICKBOOKS,
        "Long": SET_BY_QUICKBOOKS,
    },
    words("CountryCode County PostalCodeSuffix Tag Note"),
)
EMAIL_ADDRESS = Shape("EmailAddress", {"Address": Field(_email)}, words("Id Default Tag"))
PHONE = Shape(
    "TelephoneNumber",
    {"FreeFormNumber": text(30)},
    words("Id DeviceType CountryCode AreaCode ExchangeCode Extension Default Tag"),
)
WEB = Shape("WebSiteAddress", {"URI": text(1000)}, words("Id Default Tag"))
MEMO = Shape("MemoRef", {"value": text(1000)})
CUSTOM_FIELD = Shape(
    "CustomField",
    {"DefinitionId": text(20), "Name": text(100), "Type": text(30), "StringValue": text(31)},
    words("BooleanValue DateValue NumberValue"),
)
LINKED = Shape("LinkedTxn", {"TxnId": ID, "TxnType": text(30), "TxnLineId": text(20)})
