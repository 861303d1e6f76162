"""What a company has switched on or off: its country, tax world, numbering, closed period and plan."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

CURRENCY_NAMES = {
    "USD": "United States Dollar",
    "GBP": "British Pound Sterling",
    "EUR": "Euro",
    "CAD": "Canadian Dollar",
    "AUD": "Australian Dollar",
    "NZD": "New Zealand Dollar",
    "CHF": "Swiss Franc",
    "SEK": "Swedish Krona",
    "DKK": "Danish Krone",
    "NOK": "Norwegian Krone",
    "JPY": "Japanese Yen",
    "MXN": "Mexican Peso",
}


class CompanyProfile(BaseModel, extra="forbid"):
    """One company's settings, changed through the side door; callers see them as CompanyInfo and Preferences."""

    realm_id: str
    name: str
    country: str = "US"
    currency: str = "USD"
    multicurrency: bool = False
    subscription: str = "PAID"
    tax_world: Literal["manual", "automated", "global"] = "manual"
    using_sales_tax: bool = True
    automated_total: Literal["honoured", "ignored", "shifted"] = "honoured"
    automated_shift_minor: int = 1
    default_tax_code: str = "2"
    global_tolerance_minor: int = 100
    custom_txn_numbers: bool = True
    warn_duplicate_numbers: bool = True
    warn_duplicate_journal_numbers: bool = True
    warn_duplicate_check_numbers: bool = True
    next_doc_number: int = 1038
    next_journal_number: int = 1
    book_close_date: str | None = None
    book_close_password: bool = False
    inactive_code: Literal["610", "2500"] = "610"
    negative_deposit_lines: bool = False
    negative_refund_lines: bool = True
    latin1_only: bool = False
    allow_discount: bool = True
    allow_shipping: bool = False
    discount_account: str = "86"
    shipping_account: str = "45"
    undeposited_account: str = "4"
    receivable_account: str = "84"
    cost_account: str = "80"
    agency_accounts: dict[str, str] = {}
    default_term: str = "3"
    equals_ignores_case: bool = False
    track_departments: bool = False
    class_per_line: bool = False
    class_per_txn: bool = False
    address: dict[str, str] = {}
    version: int = 0

    @property
    def read_only(self) -> bool:
        """A lapsed plan takes no writes."""
        return self.subscription not in ("PAID", "TRIAL")

    def currency_ref(self) -> dict[str, Any]:
        return {"value": self.currency, "name": CURRENCY_NAMES.get(self.currency, self.currency)}

    def company_info(self, created: str) -> dict[str, Any]:
        """The CompanyInfo object."""
        address = {"Id": "1", **self.address}
        facts = {
            "NeoEnabled": "true",
            "IndustryType": "Landscaping Services",
            "CompanyType": "Other",
            "SubscriptionStatus": self.subscription,
            "OfferingSku": "QuickBooks Online Plus",
            "PayrollFeature": "false",
            "AccountantFeature": "false",
            "ItemCategoriesFeature": "true",
        }
        return {
            "CompanyName": self.name,
            "LegalName": self.name,
            "CompanyAddr": address,
            "LegalAddr": address,
            "CustomerCommunicationAddr": address,
            "CompanyStartDate": "2025-06-05",
            "FiscalYearStartMonth": "January",
            "Country": self.country,
            "Email": {"Address": "owner@sandbox.test"},
            "WebAddr": {},
            "SupportedLanguages": "en",
            "NameValue": [{"Name": n, "Value": v} for n, v in facts.items()],
            "domain": "QBO",
            "sparse": False,
            "Id": "1",
            "SyncToken": str(self.version),
            "MetaData": {"CreateTime": created, "LastUpdatedTime": created},
        }

    def preferences(self, created: str) -> dict[str, Any]:
        """The Preferences object; BookCloseDate and PartnerTaxEnabled are absent where Intuit leaves them out."""
        accounting: dict[str, Any] = {
            "FirstMonthOfFiscalYear": "January",
            "UseAccountNumbers": False,
            "TaxYearMonth": "January",
            "ClassTrackingPerTxn": self.class_per_txn,
            "TrackDepartments": self.track_departments,
            "ClassTrackingPerTxnLine": self.class_per_line,
            "CustomerTerminology": "Customers",
        }
        if self.book_close_date:
            accounting["BookCloseDate"] = self.book_close_date
        sales: dict[str, Any] = {
            "CustomTxnNumbers": self.custom_txn_numbers,
            "AllowDeposit": False,
            "AllowDiscount": self.allow_discount,
            "AllowEstimates": True,
            "AllowServiceDate": False,
            "AllowShipping": self.allow_shipping,
            "AutoApplyCredit": False,
            "DefaultTerms": {"value": self.default_term},
            "CustomField": [],
            "ETransactionPaymentEnabled": False,
        }
        if self.allow_discount:
            sales["DefaultDiscountAccount"] = self.discount_account
        if self.allow_shipping:
            sales["DefaultShippingAccount"] = self.shipping_account
        others = {
            "WarnDuplicateJournalNumber": self.warn_duplicate_journal_numbers,
            "WarnDuplicateCheckNumber": self.warn_duplicate_check_numbers,
            "VendorAndPurchasesPrefs.UseCustomTxnNumbers": True,
            "SalesFormsPrefs.AllowGratuity": False,
        }
        named_others = [{"Name": name, "Value": str(value).lower()} for name, value in others.items()]
        tax: dict[str, Any] = {"UsingSalesTax": self.using_sales_tax}
        if self.tax_world == "automated":
            tax["PartnerTaxEnabled"] = self.using_sales_tax
        elif self.tax_world == "manual":
            tax["TaxGroupCodeRef"] = {"value": self.default_tax_code}
        return {
            "AccountingInfoPrefs": accounting,
            "ProductAndServicesPrefs": {
                "ForSales": True,
                "ForPurchase": True,
                "QuantityWithPriceAndRate": True,
                "QuantityOnHand": True,
                "UOM": "Disabled",
            },
            "SalesFormsPrefs": sales,
            "TaxPrefs": tax,
            "CurrencyPrefs": {"MultiCurrencyEnabled": self.multicurrency, "HomeCurrency": {"value": self.currency}},
            "ReportPrefs": {"ReportBasis": "Accrual"},
            "OtherPrefs": {"NameValue": named_others},
            "domain": "QBO",
            "sparse": False,
            "Id": "1",
            "SyncToken": str(self.version),
            "MetaData": {"CreateTime": created, "LastUpdatedTime": created},
        }
