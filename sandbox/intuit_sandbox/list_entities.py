"""The kinds of names and lists: customers, vendors, items, accounts, terms, currencies and the like."""

from __future__ import annotations

from intuit_sandbox.entity import ASK_LISTED, EVERYWHERE, IDENTITY, NAMES, entity
from intuit_sandbox.shapes import (
    ADDRESS,
    ANYTHING,
    EMAIL_ADDRESS,
    PHONE,
    SET_BY_QUICKBOOKS,
    WEB,
    Field,
    boolean,
    choice,
    date,
    decimal,
    integer,
    label,
    nested,
    ref,
    text,
    words,
)

ANY_OBJECT = words("AttachableRef CustomField")
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

ASK_PERSON = EVERYWHERE | words(
    "DisplayName GivenName FamilyName MiddleName CompanyName FullyQualifiedName PrimaryEmailAddr Active Balance"
)

_TAX_CODE = "Description Hidden Taxable TaxGroup SalesTaxRateList PurchaseTaxRateList AdjustmentTaxRateList"
_TAX_RATE = "Description RateValue AgencyRef TaxReturnLineRef EffectiveTaxRate SpecialTaxType DisplayType"
TAX_CODE = {**SHORT_LISTED, **dict.fromkeys(f"{_TAX_CODE} TaxCodeConfigType".split(), SET_BY_QUICKBOOKS)}
TAX_RATE = {**SHORT_LISTED, **dict.fromkeys(f"{_TAX_RATE} OriginalTaxRate".split(), SET_BY_QUICKBOOKS)}

LIST_ENTITIES = [
    entity(
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
    entity(
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
    entity("Employee", PERSON, "", sequence=NAMES, askable=ASK_PERSON, verbs=frozenset()),
    entity(
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
    entity(
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
    entity(
        "PaymentMethod",
        {**SHORT_LISTED, "Name": label(31), "Type": choice("CREDIT_CARD", "NON_CREDIT_CARD")},
        ANY_OBJECT | words("PaymentMethodEx"),
        required="Name",
    ),
    entity(
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
    entity(
        "Class",
        {**LISTED, "ParentRef": ref("Class"), "SubClass": boolean()},
        ANY_OBJECT | words("ClassEx"),
        required="Name",
    ),
    entity(
        "Department",
        {**LISTED, "ParentRef": ref("Department"), "SubDepartment": boolean(), "Address": ANYTHING},
        ANY_OBJECT | words("DepartmentEx"),
        required="Name",
    ),
    entity(
        "CompanyCurrency",
        {**IDENTITY, "Code": label(3), "Name": label(100), "Active": boolean()},
        ANY_OBJECT | words("CompanyCurrencyEx"),
        askable=EVERYWHERE | words("Code Name Active"),
        required="Code",
        fixed="Code",
    ),
    entity(
        "ExchangeRate",
        {
            **IDENTITY,
            "SourceCurrencyCode": label(3),
            "TargetCurrencyCode": label(3),
            "Rate": decimal(),
            "AsOfDate": date(),
        },
        ANY_OBJECT | words("ExchangeRateEx"),
        askable=words("MetaData.LastUpdatedTime SourceCurrencyCode TargetCurrencyCode AsOfDate"),
        verbs=frozenset(),
        required="SourceCurrencyCode Rate AsOfDate",
    ),
    entity("TaxCode", TAX_CODE, ANY_OBJECT | words("TaxCodeEx"), verbs=frozenset()),
    entity("TaxRate", TAX_RATE, ANY_OBJECT | words("TaxRateEx"), verbs=frozenset()),
    entity(
        "TaxAgency",
        {**IDENTITY, "DisplayName": label(100)},
        required="DisplayName",
        askable=EVERYWHERE | words("DisplayName"),
        verbs=frozenset({"create"}),
    ),
    entity("CompanyInfo", IDENTITY, verbs=frozenset(), askable=EVERYWHERE),
    entity("Preferences", IDENTITY, verbs=frozenset(), askable=EVERYWHERE),
]
