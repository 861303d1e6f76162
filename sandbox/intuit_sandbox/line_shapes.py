"""The shapes of lines and tax details, by the kind of document that carries them."""

from __future__ import annotations

from intuit_sandbox.shapes import (
    CUSTOM_FIELD,
    ID,
    LINKED,
    SET_BY_QUICKBOOKS,
    Field,
    Shape,
    boolean,
    choice,
    date,
    decimal,
    integer,
    money,
    nested,
    party,
    ref,
    rows,
    text,
    words,
)

LINE_NOISE = words(
    "Received PaymentLineDetail DiscountLineDetail TaxLineDetail SalesItemLineDetail DescriptionLineDetail "
    "ItemBasedExpenseLineDetail AccountBasedExpenseLineDetail ReimburseLineDetail DepositLineDetail "
    "PurchaseOrderItemLineDetail SalesOrderItemLineDetail ItemReceiptLineDetail JournalEntryLineDetail "
    "GroupLineDetail SubTotalLineDetail TDSLineDetail ItemAdjustmentLineDetail CustomField ProjectRef CostAmount "
    "HomeCostAmount CustomExtensions"
)
BILLABLE = ("Billable", "NotBillable", "HasBeenBilled")
SALES_ITEM = Shape(
    "SalesItemLineDetail",
    {
        "ItemRef": ref("Item"),
        "ClassRef": ref("Class"),
        "UnitPrice": decimal(),
        "Qty": decimal(),
        "TaxCodeRef": ref("TaxCode"),
        "ServiceDate": date(),
        "TaxInclusiveAmt": money(),
        "DiscountRate": decimal(),
        "DiscountAmt": decimal(),
        "ItemAccountRef": SET_BY_QUICKBOOKS,
        "TaxClassificationRef": SET_BY_QUICKBOOKS,
    },
    words(
        "UnitCostPrice RatePercent PriceLevelRef MarkupInfo UOMRef InventorySiteRef DeferredRevenue "
        "RetainageAmount SalesItemLineDetailEx"
    ),
)
DISCOUNT = Shape(
    "DiscountLineDetail",
    {
        "PercentBased": boolean(),
        "DiscountPercent": decimal(),
        "DiscountAccountRef": ref("Account"),
        "ClassRef": ref("Class"),
        "TaxCodeRef": ref("TaxCode"),
    },
    words("DiscountRef ServiceDate DiscountLineDetailEx"),
)
TAX_LINE = Shape(
    "TaxLine",
    {
        "Id": ID,
        "Amount": money(),
        "DetailType": choice("TaxLineDetail"),
        "TaxLineDetail": nested(
            Shape(
                "TaxLineDetail",
                {
                    "TaxRateRef": ref("TaxRate"),
                    "PercentBased": boolean(),
                    "TaxPercent": decimal(),
                    "NetAmountTaxable": decimal(),
                    "TaxInclusiveAmount": decimal(),
                    "OverrideDeltaAmount": decimal(),
                },
                words("ServiceDate TaxLineDetailEx"),
            )
        ),
    },
    (LINE_NOISE - {"TaxLineDetail"}) | words("LineNum Description LinkedTxn LineEx"),
)
TAX_DETAIL = Shape(
    "TxnTaxDetail",
    {
        "TxnTaxCodeRef": ref("TaxCode"),
        "TotalTax": money(),
        "TaxLine": rows(TAX_LINE),
        "UseAutomatedSalesTax": boolean(),
        "TaxReviewStatus": SET_BY_QUICKBOOKS,
    },
    words("DefaultTaxCodeRef"),
)
LINE_BASE: dict[str, Field] = {
    "Id": ID,
    "LineNum": integer(),
    "Description": text(4000),
    "Amount": money(),
    "LinkedTxn": rows(LINKED),
    "LineEx": SET_BY_QUICKBOOKS,
}
DESCRIPTION = Shape("DescriptionLineDetail", {"ServiceDate": date()}, words("TaxCodeRef DescriptionLineDetailEx"))


def line_of(*types: str, **details: Field) -> Shape:
    """A line that carries these details; those of other documents are known to Intuit, but say nothing here."""
    fields = {**LINE_BASE, "DetailType": choice(*types), **details}
    return Shape("Line", fields, LINE_NOISE - fields.keys())


LINE = line_of(
    "SalesItemLineDetail",
    "DiscountLineDetail",
    "SubTotalLineDetail",
    "DescriptionOnly",
    SalesItemLineDetail=nested(SALES_ITEM),
    DiscountLineDetail=nested(DISCOUNT),
    SubTotalLineDetail=nested(Shape("SubTotalLineDetail", {}, words("ItemRef ServiceDate"))),
    DescriptionLineDetail=nested(DESCRIPTION),
    CustomField=rows(CUSTOM_FIELD),
)
PAYMENT_LINE = Shape(
    "Line",
    {name: LINE_BASE[name] for name in ("Id", "LineNum", "Amount", "LinkedTxn", "LineEx")},
    LINE_NOISE | words("Description DetailType"),
)
DEPOSIT_LINE = line_of(
    "DepositLineDetail",
    DepositLineDetail=nested(
        Shape(
            "DepositLineDetail",
            {
                "AccountRef": ref("Account"),
                "Entity": party(),
                "ClassRef": ref("Class"),
                "PaymentMethodRef": ref("PaymentMethod"),
                "CheckNum": text(21),
                "TaxCodeRef": ref("TaxCode"),
                "TaxApplicableOn": choice("Sales", "Purchase"),
                "TxnType": text(30),
            },
            words("DepositLineDetailEx"),
        )
    ),
)
CASH_BACK = Shape("CashBack", {"AccountRef": ref("Account"), "Amount": money(), "Memo": text(4000)})
JOURNAL_ENTITY = Shape("Entity", {"Type": choice("Customer", "Vendor", "Employee", "Job", "Other"), "EntityRef": ref()})
JOURNAL_LINE = line_of(
    "JournalEntryLineDetail",
    "DescriptionOnly",
    JournalEntryLineDetail=nested(
        Shape(
            "JournalEntryLineDetail",
            {
                "PostingType": choice("Debit", "Credit"),
                "AccountRef": ref("Account"),
                "Entity": nested(JOURNAL_ENTITY),
                "ClassRef": ref("Class"),
                "DepartmentRef": ref("Department"),
                "TaxCodeRef": ref("TaxCode"),
                "TaxApplicableOn": choice("Sales", "Purchase"),
                "TaxAmount": decimal(),
                "BillableStatus": choice(*BILLABLE),
            },
            words("TaxRateRef TaxInclusiveAmt JournalCodeRef JournalEntryLineDetailEx"),
        )
    ),
    DescriptionLineDetail=nested(DESCRIPTION),
)
EXPENSE_LINE = line_of(
    "AccountBasedExpenseLineDetail",
    "DescriptionOnly",
    AccountBasedExpenseLineDetail=nested(
        Shape(
            "AccountBasedExpenseLineDetail",
            {
                "AccountRef": ref("Account"),
                "CustomerRef": ref("Customer"),
                "ClassRef": ref("Class"),
                "BillableStatus": choice(*BILLABLE),
                "TaxCodeRef": ref("TaxCode"),
                "TaxAmount": decimal(),
                "TaxInclusiveAmt": decimal(),
            },
            words("MarkupInfo ExpenseDetailLineDetailEx"),
        )
    ),
    DescriptionLineDetail=nested(DESCRIPTION),
)
LINKED_ROWS = rows(LINKED)
