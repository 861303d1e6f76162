"""What the accounting service answers when it refuses, by Intuit's published error codes."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class Fault(Exception):
    """A refusal of the accounting service: HTTP 400 with one error, unless said otherwise."""

    def __init__(
        self,
        code: str,
        message: str,
        detail: str,
        element: str = "",
        *,
        status: int = 400,
        kind: str = "ValidationFault",
    ) -> None:
        super().__init__(f"{code} {message}: {detail}")
        self.code, self.message, self.detail, self.element = code, message, detail, element
        self.status, self.kind = status, kind

    def body(self) -> Json:
        """The member `Fault`, as it stands in an envelope or in a batch item."""
        error = {"Message": self.message, "Detail": self.detail, "code": self.code, "element": self.element}
        return {"Error": [error], "type": self.kind}


def unsupported_operation(detail: str) -> Fault:
    return Fault("500", "Unsupported Operation", f"Operation {detail} is not supported.")


def deleted_transaction() -> Fault:
    return Fault("610", "Object Not Found", "Object Not Found : Another user has deleted this transaction.")


def made_inactive(element: str = "", code: str = "610") -> Fault:
    message = "Object Not Found" if code == "610" else "Invalid Reference Id"
    return Fault(
        code,
        message,
        f"{message} : Something you're trying to use has been made inactive. "
        "Check the fields with accounts, customers, items, vendors or employees.",
        element,
    )


def duplicate_request_id() -> Fault:
    return Fault("600", "Duplicate Request ID", "Duplicate Request ID : this id was used for another operation.")


def batch_too_large(limit: int) -> Fault:
    return Fault("1040", "Batch size exceeds allowed limit", f"The maximum number of items in a batch is {limit}.")


def unknown_property(name: str) -> Fault:
    return Fault(
        "2010",
        "Request has invalid or unsupported property",
        f'Property Name:Unrecognized field "{name}" specified is unsupported or invalid',
        name,
    )


def unreadable_body(why: str) -> Fault:
    return Fault("2010", "Request has invalid or unsupported property", f"Property Name:{why}")


def missing(name: str) -> Fault:
    return Fault(
        "2020",
        "Required param missing, need to supply the required value for the API",
        f"Required parameter {name} is missing in the request",
        name,
    )


def invalid_id(value: object, element: str = "Id") -> Fault:
    return Fault("2030", "Invalid ID", f"Id should be a valid number. Supplied value:{value}", element)


def invalid_string(name: str) -> Fault:
    return Fault("2040", "Invalid String", f"String contains invalid characters. Property Name:{name}", name)


def too_long(name: str, shortest: int, longest: int, supplied: int) -> Fault:
    return Fault(
        "2050",
        "String length is either shorter or longer than supported by specification",
        f"String length specified does not match the supported length. Min: {shortest}, Max: {longest}, "
        f"Supplied length: {supplied}",
        name,
    )


def invalid_date(name: str, value: object) -> Fault:
    return Fault("2070", "Invalid Date format", f"Date value is invalid. Supplied value:{value}", name)


def invalid_number(name: str, value: object) -> Fault:
    return Fault("2090", "Invalid Decimal", f"Decimal value is invalid. Supplied value:{value}", name)


def invalid_amount(name: str, value: object) -> Fault:
    return Fault("2100", "Invalid Amount", f"Amount value is invalid. Supplied value:{value}", name)


def invalid_choice(name: str, value: object) -> Fault:
    return Fault("2170", "Invalid Enumeration", f"Enumeration value is invalid. Supplied value:{value}", name)


def invalid_boolean(name: str, value: object) -> Fault:
    return Fault("2230", "Invalid Boolean", f"Boolean value is invalid. Supplied value:{value}", name)


def invalid_request_id() -> Fault:
    return Fault("2130", "Invalid Request Id Format", "The request id has at most 50 characters.")


def invalid_email(name: str) -> Fault:
    return Fault(
        "2210", "Invalid Email Address format", "Email Address does not conform to the RFC 822 standard.", name
    )


def invalid_currency(code: str) -> Fault:
    return Fault("2220", "Invalid Currency Type", f"Currency {code} is not enabled for this company.", "CurrencyRef")


def missing_lines(detail: str) -> Fault:
    return Fault("2250", "Missing Lines", detail, "Line")


def missing_posting_type() -> Fault:
    return Fault("2260", "Missing Posting Type", "PostingType of a journal line is Debit or Credit.", "PostingType")


def negative_amount(value: object) -> Fault:
    return Fault(
        "2290",
        "Negative Amount",
        f"Negative amounts aren't supported on transaction lines. Supplied value:{value}",
        "Amount",
    )


def unbalanced() -> Fault:
    return Fault("2300", "Amount on debits not equal to credits", "Debits and credits must be equal.", "Line")


def conflicting(detail: str) -> Fault:
    return Fault("2600", "Conflicting elements", detail)


def not_linkable(detail: str) -> Fault:
    return Fault("620", "Transaction cannot be linked", f"Transaction can't be linked: {detail}", "LinkedTxn")


def cannot_delete(detail: str) -> Fault:
    return Fault("800", "Cannot delete object", detail)


def feature_not_supported(detail: str) -> Fault:
    return Fault("5030", "Feature Not Supported", f"The feature is not supported by this company: {detail}")


def no_amount() -> Fault:
    return business("You must set a transaction amount.", "Amount")


def invalid_reference(family: str, value: str, element: str = "") -> Fault:
    return Fault(
        "2500", "Invalid Reference Id", f"Invalid Reference Id : {family} element id {value} not found", element
    )


def unparsable_query(why: str) -> Fault:
    return Fault("4000", "Error parsing query", f"QueryParserError: {why}")


def invalid_query(why: str) -> Fault:
    return Fault("4001", "Invalid query", f"QueryValidationError: {why}")


def stale() -> Fault:
    return Fault(
        "5010",
        "Stale Object Error",
        "Stale Object Error : You and someone else were working on this at the same time. "
        "They finished before you did, so your work was not saved.",
    )


def business(detail: str, element: str = "") -> Fault:
    return Fault(
        "6000",
        "A business validation error has occurred while processing your request",
        f"Business Validation Error: {detail}",
        element,
    )


def invalid_account_type(detail: str) -> Fault:
    return Fault("6010", "Invalid AccountType / AccountSubType", detail)


def wrong_product(supplied: object) -> Fault:
    return Fault(
        "6070",
        "Amount calculation incorrect in the request",
        f"Amount calculation incorrect in the request. Amount is not equal to UnitPrice * Qty. "
        f"Supplied value:{supplied}",
        "Amount",
    )


def no_name() -> Fault:
    return Fault(
        "6080",
        "No name provided",
        "At least one of Title, GivenName, MiddleName, FamilyName, Suffix, DisplayName is required.",
    )


def incomplete_discount() -> Fault:
    return Fault("6090", "Discount line missing required info", "Amount or DiscountPercent is required.")


def invalid_line_tax_code(value: str) -> Fault:
    return Fault(
        "6100", "Invalid Line TaxCode", f"Line tax code must be TAX or NON. Supplied value:{value}", "TaxCodeRef"
    )


def duplicate_number(number: str, kind: str, holder: str) -> Fault:
    return Fault(
        "6140",
        "Duplicate Document Number Error",
        "Duplicate Document Number Error : You must specify a different number. This number has already been "
        f"used. DocNumber={number} is assigned to TxnType={kind} with TxnId={holder}",
    )


def tax_detail_not_allowed() -> Fault:
    return Fault(
        "6170", "TxnTaxDetail not allowed", "TxnTaxDetail is not allowed when GlobalTaxCalculation is NotApplicable."
    )


def lapsed_subscription() -> Fault:
    return Fault(
        "6190",
        "Invalid Company Status",
        "Subscription period has ended or canceled or there was a billing problem : You can't add data to "
        "QuickBooks Online Plus because your trial or subscription period ended.",
    )


def closed_books(*, with_password: bool = False) -> Fault:
    return Fault(
        "6210" if with_password else "6200",
        "Account Period Closed Error",
        "The account period has closed and the account books cannot be updated through the QBO Services API. "
        "Please use the QBO website to make these changes.",
    )


def has_balance() -> Fault:
    return Fault("6220", "Cannot make inactive", "This name has an open balance and cannot be made inactive.")


def duplicate_name(kind: str) -> Fault:
    return Fault(
        "6240",
        "Duplicate Name Exists Error",
        f"The name supplied already exists. : Another {kind} is already using this name. Please use a different name.",
    )


def dated_before_stock() -> Fault:
    return Fault(
        "6270",
        "Inventory transaction dated before item start date",
        "Transaction date is prior to start date for inventory item.",
    )


def missing_customer(detail: str) -> Fault:
    return Fault("6310", "Missing Customer", detail, "CustomerRef")


def detail_required(detail: str) -> Fault:
    return Fault("6440", "Transaction detail information required", detail)


def email_required() -> Fault:
    return Fault("6420", "Email address is required", "BillEmail is required when EmailStatus is NeedToSend.")


def invalid_account(detail: str, element: str) -> Fault:
    return Fault("6430", "Invalid account type used", f"Invalid account type used : {detail}", element)


def invalid_tax_rate(detail: str) -> Fault:
    return Fault("6470", "TaxLiabilityAccount or TaxRate error", detail)


def deposited() -> Fault:
    return Fault(
        "6540",
        "Deposited Transaction cannot be changed",
        "This transaction has been deposited. If you want to change or delete it, you must edit the deposit it "
        "appears on and remove it first.",
    )


def system_failure(why: str) -> Fault:
    return Fault(
        "10000",
        "An application error has occurred while processing your request",
        f"System Failure Error: {why}",
        status=500,
        kind="SystemFault",
    )
