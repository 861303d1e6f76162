"""The table of entities: properties, limits, what is required, what refers to what, what can be asked and done.

A new kind is a new row here, plus a rule in `rules` if it is more than a plain list entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from intuit_sandbox.line_shapes import LINE, PAYMENT_LINE, TAX_DETAIL
from intuit_sandbox.shapes import (
    ADDRESS,
    ANYTHING,
    CUSTOM_FIELD,
    EMAIL_ADDRESS,
    ID,
    MEMO,
    PHONE,
    SET_BY_QUICKBOOKS,
    WEB,
    Field,
    Shape,
    boolean,
    choice,
    date,
    decimal,
    integer,
    label,
    nested,
    ref,
    rows,
    text,
    words,
)

NAMES = "names"
TRANSACTIONS = "transactions"

ANY_OBJECT = words("AttachableRef CustomField")
IDENTITY: dict[str, Field] = {
    "Id": ID,
    "SyncToken": text(20),
    "sparse": boolean(),
    "domain": SET_BY_QUICKBOOKS,
    "MetaData": SET_BY_QUICKBOOKS,
    "status": SET_BY_QUICKBOOKS,
}
TRANSACTION: dict[str, Field] = {
    **IDENTITY,
    "TxnDate": date(),
    "CurrencyRef": ref(),
    "ExchangeRate": decimal(),
    "PrivateNote": text(4000),
    "CustomField": rows(CUSTOM_FIELD),
}
SALES: dict[str, Field] = {
    **TRANSACTION,
    "CustomerRef": ref("Customer"),
    "DocNumber": text(21),
    "Line": rows(LINE),
    "TxnTaxDetail": nested(TAX_DETAIL),
    "GlobalTaxCalculation": choice("TaxExcluded", "TaxInclusive", "NotApplicable"),
    "CustomerMemo": nested(MEMO),
    "BillAddr": nested(ADDRESS),
    "ShipAddr": nested(ADDRESS),
    "ShipFromAddr": nested(ADDRESS),
    "ShipDate": date(),
    "TrackingNum": text(31),
    "ShipMethodRef": ref(),
    "BillEmail": nested(EMAIL_ADDRESS),
    "BillEmailCc": nested(EMAIL_ADDRESS),
    "BillEmailBcc": nested(EMAIL_ADDRESS),
    "EmailStatus": choice("NotSet", "NeedToSend", "EmailSent"),
    "PrintStatus": choice("NotSet", "NeedToPrint", "PrintComplete"),
    "ApplyTaxAfterDiscount": boolean(),
    "ClassRef": ref("Class"),
    "DepartmentRef": ref("Department"),
    "PaymentMethodRef": ref("PaymentMethod"),
    "LinkedTxn": SET_BY_QUICKBOOKS,
    "TotalAmt": SET_BY_QUICKBOOKS,
    "HomeTotalAmt": SET_BY_QUICKBOOKS,
    "Balance": SET_BY_QUICKBOOKS,
    "HomeBalance": SET_BY_QUICKBOOKS,
    "FreeFormAddress": SET_BY_QUICKBOOKS,
}
TRANSACTION_NOISE = words(
    "AttachableRef TxnSubType TxnStatus TxnSource TaxFormType TaxFormNum TransactionLocationType Tag TxnApprovalInfo "
    "RecurDataRef RecurringInfo ProjectRef TotalCostAmount HomeTotalCostAmount"
)
SALES_NOISE = TRANSACTION_NOISE | words(
    "AutoDocNumber RemitToRef SalesRepRef PONumber FOB ShippingTaxIncludedInTotalTax TemplateRef ARAccountRef "
    "FinanceCharge PaymentType CheckPayment CreditCardPayment DeliveryInfo DiscountRate DiscountAmt "
    "GovtTxnRefIdentifier TaxExemptionRef"
)
PERSON: dict[str, Field] = {
    **IDENTITY,
    "DisplayName": label(500),
    "Title": label(16),
    "Suffix": label(16),
    "GivenName": label(100),
    "MiddleName": label(100),
    "FamilyName": label(100),
    "CompanyName": label(100),
    "PrintOnCheckName": text(110),
    "Active": boolean(),
    "PrimaryEmailAddr": nested(EMAIL_ADDRESS),
    "PrimaryPhone": nested(PHONE),
    "Mobile": nested(PHONE),
    "AlternatePhone": nested(PHONE),
    "Fax": nested(PHONE),
    "WebAddr": nested(WEB),
    "BillAddr": nested(ADDRESS),
    "CurrencyRef": ref(),
    "Notes": text(2000),
    "FullyQualifiedName": SET_BY_QUICKBOOKS,
    "Balance": SET_BY_QUICKBOOKS,
    "V4IDPseudonym": SET_BY_QUICKBOOKS,
}
PERSON_NOISE = ANY_OBJECT | words(
    "IntuitId Organization UserId OtherContactInfo DefaultTaxCodeRef ContactName AltContactName OtherAddr "
    "ShipAddr OpenBalanceDate CreditLimit AcctNum TDSEnabled BusinessNumber GSTIN GSTRegistrationType Source ParentRef"
)
SHORT_LISTED: dict[str, Field] = {**IDENTITY, "Name": label(100), "Active": boolean()}
LISTED: dict[str, Field] = {**SHORT_LISTED, "FullyQualifiedName": SET_BY_QUICKBOOKS}

EVERYWHERE = words("Id MetaData.CreateTime MetaData.LastUpdatedTime")
ASK_SALES = EVERYWHERE | words("TxnDate DocNumber CustomerRef TotalAmt")
ASK_PERSON = EVERYWHERE | words(
    "DisplayName GivenName FamilyName MiddleName CompanyName FullyQualifiedName PrimaryEmailAddr Active Balance"
)
ASK_LISTED = EVERYWHERE | words("Name Active FullyQualifiedName")
ALL_WRITES = words("create update")
REMOVABLE = words("create update delete")


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of object and what the API lets a caller do with it."""

    name: str
    shape: Shape
    sequence: str
    askable: frozenset[str]
    verbs: frozenset[str] = ALL_WRITES
    required: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        return self.name.lower()

    @property
    def is_transaction(self) -> bool:
        return self.sequence == TRANSACTIONS

    @property
    def name_field(self) -> str:
        return "DisplayName" if self.sequence in (NAMES, "TaxAgency") else "Name"


def _entity(
    name: str,
    fields: Mapping[str, Field],
    noise: str | frozenset[str] = "",
    *,
    sequence: str = "",
    askable: frozenset[str] = ASK_LISTED,
    verbs: frozenset[str] = ALL_WRITES,
    required: str = "",
    fixed: str = "",
) -> Entity:
    tolerated = words(noise) if isinstance(noise, str) else noise
    return Entity(
        name,
        Shape(name, fields, tolerated - fields.keys()),
        sequence or name,
        askable,
        verbs,
        tuple(required.split()),
        tuple(fixed.split()),
    )


_ALL = [
    _entity(
        "SalesReceipt",
        {**SALES, "PaymentRefNum": text(21), "DepositToAccountRef": ref("Account")},
        SALES_NOISE | words("SalesTermRef DueDate SalesReceiptEx LessCIS"),
        sequence=TRANSACTIONS,
        askable=ASK_SALES,
        verbs=REMOVABLE | {"void"},
        required="Line",
    ),
    _entity(
        "RefundReceipt",
        {**SALES, "PaymentRefNum": text(100), "DepositToAccountRef": ref("Account")},
        SALES_NOISE | words("SalesTermRef DueDate RemainingCredit RefundReceiptEx"),
        sequence=TRANSACTIONS,
        askable=ASK_SALES,
        verbs=REMOVABLE,
        required="Line DepositToAccountRef",
    ),
    _entity(
        "Invoice",
        {
            **SALES,
            "DueDate": date(),
            "SalesTermRef": ref("Term"),
            "AllowOnlineCreditCardPayment": boolean(),
            "AllowOnlineACHPayment": boolean(),
            "AllowIPNPayment": boolean(),
            "AllowOnlinePayment": boolean(),
        },
        SALES_NOISE
        | words(
            "PaymentRefNum DepositToAccountRef Deposit AllowOnlinePayPalPayment AllowOnlineAffirmPayment "
            "EInvoiceStatus "
            "ECloudStatusTimeStamp CfdiUse Exportation GlobalInfo invoiceStatus callToAction invoiceStatusLog "
            "InvoiceEx LessCIS "
            "InvoiceLink PaymentDetailsMessage ConvenienceFeeDetail EnabledSurchargeInfo InvoiceLinkSecurityCode "
            "InvoiceLinkExpiryDate AutoPayEligible SchedulePayEligible ScheduledPaymentId GratuityEnabled "
            "FinancingProductType SubscriptionPaymentsSetting TxnRetainageDetail"
        ),
        sequence=TRANSACTIONS,
        askable=ASK_SALES | words("Balance DueDate"),
        verbs=REMOVABLE | {"void"},
        required="Line CustomerRef",
    ),
    _entity(
        "CreditMemo",
        {**SALES, "RemainingCredit": SET_BY_QUICKBOOKS},
        SALES_NOISE | words("SalesTermRef DueDate PaymentRefNum DepositToAccountRef InvoiceRef CreditMemoEx"),
        sequence=TRANSACTIONS,
        askable=ASK_SALES | words("Balance"),
        verbs=REMOVABLE,
        required="Line CustomerRef",
    ),
    _entity(
        "Payment",
        {
            **TRANSACTION,
            "CustomerRef": ref("Customer"),
            "TotalAmt": decimal(),
            "Line": rows(PAYMENT_LINE),
            "DepositToAccountRef": ref("Account"),
            "PaymentMethodRef": ref("PaymentMethod"),
            "PaymentRefNum": text(21),
            "ProcessPayment": boolean(),
            "ARAccountRef": ref("Account"),
            "UnappliedAmt": SET_BY_QUICKBOOKS,
            "LinkedTxn": SET_BY_QUICKBOOKS,
        },
        TRANSACTION_NOISE
        | words(
            "DocNumber DepartmentRef TxnTaxDetail RemitToRef PaymentType CheckPayment "
            "CreditCardPayment PaymentExtendedType PaymentEx"
        ),
        sequence=TRANSACTIONS,
        askable=EVERYWHERE | words("TxnDate CustomerRef TotalAmt PaymentRefNum"),
        verbs=REMOVABLE | {"void"},
        required="CustomerRef TotalAmt",
    ),
    _entity(
        "Customer",
        {
            **PERSON,
            "ShipAddr": nested(ADDRESS),
            "Taxable": boolean(),
            "DefaultTaxCodeRef": ref("TaxCode"),
            "TaxExemptionReasonId": text(2),
            "ResaleNum": text(16),
            "Job": boolean(),
            "ParentRef": ref("Customer"),
            "BillWithParent": boolean(),
            "SalesTermRef": ref("Term"),
            "PaymentMethodRef": ref("PaymentMethod"),
            "PreferredDeliveryMethod": choice("Print", "Email", "None"),
            "BalanceWithJobs": SET_BY_QUICKBOOKS,
            "Level": SET_BY_QUICKBOOKS,
        },
        PERSON_NOISE
        | words(
            "RootCustomerRef CustomerTypeRef SalesRepRef TaxGroupCodeRef TaxRateRef CCDetail PriceLevelRef "
            "OverDueBalance "
            "TotalRevenue TotalExpense JobInfo CustomerEx SecondaryTaxIdentifier ARAccountRef "
            "PrimaryTaxIdentifier IsProject "
            "IsCISContractor ClientCompanyId ClientEntityId TaxRegime"
        ),
        sequence=NAMES,
        askable=ASK_PERSON,
        fixed="CurrencyRef",
    ),
    _entity(
        "Vendor",
        {**PERSON, "AcctNum": text(100), "TermRef": ref("Term"), "Vendor1099": boolean()},
        PERSON_NOISE
        | words(
            "TaxCountry TaxIdentifier TaxIdEffectiveDate VendorTypeRef PrefillAccountRef BillRate T4AEligible "
            "T5018Eligible "
            "TDSEntityTypeId TDSSectionTypeId TDSOverrideThreshold TaxReportingBasis APAccountRef VendorEx "
            "IsSubContractor "
            "SubcontractorType CISRate HasTPAR VendorPaymentBankDetail CostRate AgencyVerificationStatus "
            "AgencyVerificationStatusMsg AgencyVerificationTSUTC CompanyRegistrationNumber"
        ),
        sequence=NAMES,
        askable=ASK_PERSON,
        fixed="CurrencyRef",
    ),
    _entity("Employee", PERSON, "", sequence=NAMES, askable=ASK_PERSON, verbs=frozenset()),
    _entity(
        "Item",
        {
            **LISTED,
            "Sku": text(100),
            "Description": text(4000),
            "PurchaseDesc": text(1000),
            "Type": choice("Inventory", "NonInventory", "Service", "Category", "Group"),
            "IncomeAccountRef": ref("Account"),
            "ExpenseAccountRef": ref("Account"),
            "AssetAccountRef": ref("Account"),
            "TrackQtyOnHand": boolean(),
            "QtyOnHand": decimal(),
            "InvStartDate": date(),
            "UnitPrice": decimal(),
            "PurchaseCost": decimal(),
            "Taxable": boolean(),
            "SalesTaxCodeRef": ref("TaxCode"),
            "PurchaseTaxCodeRef": ref("TaxCode"),
            "SalesTaxIncluded": boolean(),
            "SubItem": boolean(),
            "ParentRef": ref("Item"),
            "ReorderPoint": decimal(),
            "Level": SET_BY_QUICKBOOKS,
            "ClassRef": ref("Class"),
            "PrefVendorRef": ref("Vendor"),
            "TaxClassificationRef": ref(),
        },
        ANY_OBJECT
        | words(
            "PercentBased RatePercent PaymentMethodRef UOMSetRef PurchaseTaxIncluded COGSAccountRef AvgCost "
            "QtyOnPurchaseOrder "
            "QtyOnSalesOrder ManPartNum DepositToAccountRef BuildPoint PrintGroupedItems SpecialItem SpecialItemType "
            "ItemGroupDetail ItemAssemblyDetail AbatementRate ReverseChargeRate ServiceType ItemCategoryType ItemEx "
            "UQCDisplayText UQCId Source DeferredRevenue CustomExtensions"
        ),
        askable=ASK_LISTED | words("Sku Type"),
        required="Name Type",
    ),
    _entity(
        "Account",
        {
            **LISTED,
            "AccountType": text(100),
            "AccountSubType": text(100),
            "AcctNum": text(20),
            "Description": text(100),
            "ParentRef": ref("Account"),
            "SubAccount": boolean(),
            "CurrencyRef": ref(),
            "TaxCodeRef": ref("TaxCode"),
            "Classification": SET_BY_QUICKBOOKS,
            "CurrentBalance": SET_BY_QUICKBOOKS,
            "CurrentBalanceWithSubAccounts": SET_BY_QUICKBOOKS,
        },
        ANY_OBJECT
        | words(
            "AccountAlias TxnLocationType AccountPurposes AcctNumExtn BankNum OpeningBalance OpeningBalanceDate "
            "TaxAccount "
            "OnlineBankingEnabled FIName JournalCodeRef AccountEx"
        ),
        askable=ASK_LISTED | words("AccountType AccountSubType Classification"),
        required="Name",
        fixed="CurrencyRef",
    ),
    _entity(
        "PaymentMethod",
        {**SHORT_LISTED, "Name": label(31), "Type": choice("CREDIT_CARD", "NON_CREDIT_CARD")},
        ANY_OBJECT | words("PaymentMethodEx"),
        required="Name",
    ),
    _entity(
        "Term",
        {
            **SHORT_LISTED,
            "Name": label(31),
            "DueDays": integer(),
            "DayOfMonthDue": integer(),
            "DueNextMonthDays": integer(),
            "DiscountPercent": decimal(),
            "DiscountDays": integer(),
            "Type": SET_BY_QUICKBOOKS,
        },
        ANY_OBJECT | words("DiscountDayOfMonth SalesTermEx"),
        required="Name",
    ),
    _entity(
        "Class",
        {**LISTED, "ParentRef": ref("Class"), "SubClass": boolean()},
        ANY_OBJECT | words("ClassEx"),
        required="Name",
    ),
    _entity(
        "Department",
        {**LISTED, "ParentRef": ref("Department"), "SubDepartment": boolean(), "Address": ANYTHING},
        ANY_OBJECT | words("DepartmentEx"),
        required="Name",
    ),
    _entity("TaxCode", LISTED, verbs=frozenset()),
    _entity("TaxRate", LISTED, verbs=frozenset()),
    _entity(
        "TaxAgency",
        {**IDENTITY, "DisplayName": label(100)},
        required="DisplayName",
        askable=EVERYWHERE | words("DisplayName"),
        verbs=frozenset({"create"}),
    ),
    _entity("CompanyInfo", IDENTITY, verbs=frozenset(), askable=EVERYWHERE),
    _entity("Preferences", IDENTITY, verbs=frozenset(), askable=EVERYWHERE),
]
ENTITIES: Mapping[str, Entity] = {entity.name: entity for entity in _ALL}
BY_PATH: Mapping[str, Entity] = {entity.path: entity for entity in _ALL}
SALES_KINDS = frozenset({"SalesReceipt", "RefundReceipt", "Invoice", "CreditMemo"})
