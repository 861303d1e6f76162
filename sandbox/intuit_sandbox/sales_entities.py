"""The kinds of sales forms: receipts, refunds, invoices, credit memos and estimates."""

from __future__ import annotations

from intuit_sandbox.entity import EVERYWHERE, REMOVABLE, TRANSACTION, TRANSACTION_NOISE, TRANSACTIONS, entity
from intuit_sandbox.line_shapes import LINE, LINKED_ROWS, TAX_DETAIL
from intuit_sandbox.shapes import (
    ADDRESS,
    EMAIL_ADDRESS,
    MEMO,
    SET_BY_QUICKBOOKS,
    Field,
    boolean,
    choice,
    date,
    nested,
    ref,
    rows,
    text,
    words,
)

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
SALES_NOISE = TRANSACTION_NOISE | words(
    "AutoDocNumber RemitToRef SalesRepRef PONumber FOB ShippingTaxIncludedInTotalTax TemplateRef ARAccountRef "
    "FinanceCharge PaymentType CheckPayment CreditCardPayment DeliveryInfo DiscountRate DiscountAmt "
    "GovtTxnRefIdentifier TaxExemptionRef"
)
ASK_SALES = EVERYWHERE | words("TxnDate DocNumber CustomerRef TotalAmt")

SALES_ENTITIES = [
    entity(
        "SalesReceipt",
        {**SALES, "PaymentRefNum": text(21), "DepositToAccountRef": ref("Account")},
        SALES_NOISE | words("SalesTermRef DueDate SalesReceiptEx LessCIS"),
        sequence=TRANSACTIONS,
        askable=ASK_SALES,
        verbs=REMOVABLE | {"void"},
        required="Line",
    ),
    entity(
        "RefundReceipt",
        {**SALES, "PaymentRefNum": text(100), "DepositToAccountRef": ref("Account")},
        SALES_NOISE | words("SalesTermRef DueDate RemainingCredit RefundReceiptEx"),
        sequence=TRANSACTIONS,
        askable=ASK_SALES,
        verbs=REMOVABLE,
        required="Line DepositToAccountRef",
    ),
    entity(
        "Invoice",
        {
            **SALES,
            "DueDate": date(),
            "SalesTermRef": ref("Term"),
            "AllowOnlineCreditCardPayment": boolean(),
            "AllowOnlineACHPayment": boolean(),
            "AllowIPNPayment": boolean(),
            "AllowOnlinePayment": boolean(),
            "LinkedTxn": LINKED_ROWS,
            "Deposit": SET_BY_QUICKBOOKS,
            "DepositToAccountRef": SET_BY_QUICKBOOKS,
        },
        SALES_NOISE
        | words(
            "PaymentRefNum AllowOnlinePayPalPayment AllowOnlineAffirmPayment "
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
    entity(
        "CreditMemo",
        {**SALES, "RemainingCredit": SET_BY_QUICKBOOKS},
        SALES_NOISE | words("SalesTermRef DueDate PaymentRefNum DepositToAccountRef InvoiceRef CreditMemoEx"),
        sequence=TRANSACTIONS,
        askable=ASK_SALES | words("Balance"),
        verbs=REMOVABLE,
        required="Line CustomerRef",
    ),
    entity(
        "Estimate",
        {
            **SALES,
            "DueDate": date(),
            "SalesTermRef": ref("Term"),
            "TxnStatus": choice("Pending", "Accepted", "Closed", "Rejected", "Converted"),
            "ExpirationDate": date(),
            "AcceptedBy": text(100),
            "AcceptedDate": date(),
        },
        SALES_NOISE | words("PaymentRefNum DepositToAccountRef EstimateEx"),
        sequence=TRANSACTIONS,
        askable=ASK_SALES,
        verbs=REMOVABLE,
        required="Line CustomerRef",
    ),
]
