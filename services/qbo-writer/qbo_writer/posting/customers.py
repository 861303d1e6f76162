"""A Shopify customer becomes a QuickBooks customer: matched by e-mail, then by name, created when missing."""

from __future__ import annotations

from typing import Any

from ledgerport.events.v2 import entity_pb2
from qbo_writer.posting import texts
from qbo_writer.posting.company import Company, Mapped, fold
from qbo_writer.posting.config import Customers, SyncConfig
from qbo_writer.posting.verdicts import Adopt, Document, Problem, Verdict, refuse, skip

MARKER = "shopify:"
GENERIC_NAME = "Shopify customer"


def customer_document(
    source_id: str, customer: entity_pb2.Customer, company: Company, config: SyncConfig, mapped: Mapped
) -> Verdict:
    """The customer a person chose, the one clear match, or the document that creates one under a name that is free."""
    if ("customer", source_id) in mapped:
        return Adopt("Customer", mapped[("customer", source_id)])
    if config.customers is Customers.GENERIC or "customer" not in config.entities:
        return skip("GENERIC_CUSTOMER", "Sync Config books all orders on one generic customer.")
    source_id, _, currency = source_id.partition("|")
    if currency:
        return _foreign_customer(source_id, customer, company, currency)
    matches = company.names.with_email(customer.email) if customer.email else []
    wanted = display_name(source_id, customer)
    named = [match for match in matches if fold(match.name) == fold(wanted)]
    if len(named or matches) == 1:
        return Adopt("Customer", (named or matches)[0].qbo_id)
    same_name = company.names.named("Customer", wanted)
    if same_name and same_name.active and not (customer.email and same_name.email):
        return Adopt("Customer", same_name.qbo_id)
    for candidate in _candidates(source_id, customer, wanted):
        if candidate and not company.names.taken(candidate):
            return Document("Customer", _body(source_id, customer, candidate))
    return _no_free_name(wanted)


def _foreign_customer(source_id: str, customer: entity_pb2.Customer, company: Company, currency: str) -> Verdict:
    """A customer has one currency for good: who pays in another one has a second entry (Intuit: CurrencyRef)."""
    wanted = texts.unique_name(display_name(source_id, customer), f"({currency})")
    for candidate in (wanted, texts.unique_name(wanted, f"#{_number(source_id)}")):
        if candidate and not company.names.taken(candidate):
            body = _body(source_id, customer, candidate)
            return Document("Customer", {**body, "CurrencyRef": {"value": currency}})
    return _no_free_name(wanted)


def _no_free_name(wanted: str) -> Problem:
    return refuse(
        "DUPLICATE_NAME",
        f"Every name we could give {wanted} is taken in QuickBooks.",
        "Customers, vendors and employees share one list of names in QuickBooks.",
        "Rename the other one in QuickBooks, or map this customer by hand under Mapping › Customers.",
    )


def display_name(source_id: str, customer: entity_pb2.Customer) -> str:
    """The name a bookkeeper would expect: the company, the person, the e-mail, or Shopify's number."""
    person = f"{customer.first_name} {customer.last_name}".strip()
    for choice in (customer.company, person, customer.display_name, customer.email):
        cleaned = texts.name(choice)[:100].rstrip()
        if cleaned:
            return cleaned
    return f"{GENERIC_NAME} {_number(source_id)}"


def _candidates(source_id: str, customer: entity_pb2.Customer, wanted: str) -> list[str]:
    telling = [f"({texts.name(customer.email)})"] if texts.name(customer.email) else []
    return [wanted, *(texts.unique_name(wanted, s) for s in (*telling, f"#{_number(source_id)}"))]


def _number(source_id: str) -> str:
    return source_id.rpartition("/")[2]


def _body(source_id: str, customer: entity_pb2.Customer, name: str) -> dict[str, Any]:
    body: dict[str, Any] = {"DisplayName": name, "Notes": f"{MARKER}{source_id}"}
    parts = {"GivenName": customer.first_name, "FamilyName": customer.last_name, "CompanyName": customer.company}
    body |= {key: texts.name(value)[:100].rstrip() for key, value in parts.items() if texts.name(value)}
    if _is_address(customer.email):
        body["PrimaryEmailAddr"] = {"Address": customer.email}
    if customer.phone:
        body["PrimaryPhone"] = {"FreeFormNumber": texts.clean(customer.phone, 30)}
    address = address_body(customer.default_address)
    if address:
        body["BillAddr"] = address
    return body


def _is_address(email: str) -> bool:
    """QuickBooks wants an @ and a dot, in at most 100 characters (2210)."""
    local, at, domain = email.partition("@")
    return bool(local and at and "." in domain and len(email) <= 100 and email.isascii() and " " not in email)


def address_body(address: entity_pb2.Address) -> dict[str, str]:
    """A PhysicalAddress; empty when Shopify has none."""
    parts = {
        "Line1": texts.clean(address.line1, 500),
        "Line2": texts.clean(address.line2, 500),
        "City": texts.clean(address.city, 255),
        "CountrySubDivisionCode": texts.clean(address.province_code, 255),
        "PostalCode": texts.clean(address.postal_code, 30),
        "Country": texts.clean(address.country_code, 255),
    }
    return {key: value for key, value in parts.items() if value}


def generic_customer(company: Company, currency: str = "") -> Verdict:
    """The customer of guests and nameless buyers; a vendor or employee may have its name already."""
    base = f"{GENERIC_NAME} ({currency})" if currency else GENERIC_NAME
    for name in (base, f"{base} (guests)"):
        found = company.names.named("Customer", name)
        if found and found.active:
            return Adopt("Customer", found.qbo_id)
        if not company.names.taken(name):
            body = {"DisplayName": name, "Notes": f"{MARKER}customer:guests"}
            return Document("Customer", {**body, "CurrencyRef": {"value": currency}} if currency else body)
    return _no_free_name(base)
