"""The shapes of lines and tax details that the sales documents share."""

from __future__ import annotations

from intuit_sandbox.shapes import (
    CUSTOM_FIELD,
    ID,
    LINKED,
    SET_BY_QUICKBOOKS,
    Shape,
    boolean,
    choice,
    date,
    decimal,
    integer,
    nested,
    ref,
    rows,
    text,
    words,
)

SALES_ITEM = Shape(
    "SalesItemLineDetail",
    {
        "ItemRef": ref("Item"),
        "ClassRef": ref("Class"),
        "UnitPrice": decimal(),
        "Qty": decimal(),
        "TaxCodeRef": ref("TaxCode"),
        "ServiceDate": date(),
        "TaxInclusiveAmt": decimal(),
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
        "Amount": decimal(),
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
    words("LineNum Description"),
)
TAX_DETAIL = Shape(
    "TxnTaxDetail",
    {
        "TxnTaxCodeRef": ref("TaxCode"),
        "TotalTax": decimal(),
        "TaxLine": rows(TAX_LINE),
        "UseAutomatedSalesTax": boolean(),
        "TaxReviewStatus": SET_BY_QUICKBOOKS,
    },
    words("DefaultTaxCodeRef"),
)
LINE = Shape(
    "Line",
    {
        "Id": ID,
        "LineNum": integer(),
        "Description": text(4000),
        "Amount": decimal(),
        "DetailType": choice("SalesItemLineDetail", "DiscountLineDetail", "SubTotalLineDetail", "DescriptionOnly"),
        "SalesItemLineDetail": nested(SALES_ITEM),
        "DiscountLineDetail": nested(DISCOUNT),
        "SubTotalLineDetail": nested(Shape("SubTotalLineDetail", {}, words("ItemRef ServiceDate"))),
        "DescriptionLineDetail": nested(
            Shape("DescriptionLineDetail", {"ServiceDate": date()}, words("TaxCodeRef DescriptionLineDetailEx"))
        ),
        "LinkedTxn": rows(LINKED),
        "CustomField": rows(CUSTOM_FIELD),
        "LineEx": SET_BY_QUICKBOOKS,
    },
    words(
        "Received PaymentLineDetail TaxLineDetail ItemBasedExpenseLineDetail AccountBasedExpenseLineDetail "
        "ReimburseLineDetail DepositLineDetail PurchaseOrderItemLineDetail SalesOrderItemLineDetail "
        "ItemReceiptLineDetail JournalEntryLineDetail GroupLineDetail TDSLineDetail ItemAdjustmentLineDetail "
        "ProjectRef "
        "CostAmount HomeCostAmount CustomExtensions"
    ),
)
PAYMENT_LINE = Shape(
    "Line",
    {"Id": ID, "LineNum": integer(), "Amount": decimal(), "LinkedTxn": rows(LINKED), "LineEx": SET_BY_QUICKBOOKS},
    LINE.tolerated
    | words(
        "Description DetailType SalesItemLineDetail DiscountLineDetail SubTotalLineDetail "
        "DescriptionLineDetail CustomField"
    ),
)
