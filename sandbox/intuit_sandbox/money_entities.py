"""The kinds that move money: payments, deposits, transfers, purchases and journal entries."""

from __future__ import annotations

from intuit_sandbox.entity import EVERYWHERE, REMOVABLE, TRANSACTION, TRANSACTION_NOISE, TRANSACTIONS, entity
from intuit_sandbox.line_shapes import CASH_BACK, DEPOSIT_LINE, EXPENSE_LINE, JOURNAL_LINE, PAYMENT_LINE
from intuit_sandbox.shapes import (
    ADDRESS,
    SET_BY_QUICKBOOKS,
    boolean,
    choice,
    money,
    nested,
    party,
    ref,
    rows,
    text,
    words,
)

TAX_MODES = ("TaxExcluded", "TaxInclusive", "NotApplicable")

MONEY_ENTITIES = [
    entity(
        "Payment",
        {
            **TRANSACTION,
            "CustomerRef": ref("Customer"),
            "TotalAmt": money(),
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
    entity(
        "Deposit",
        {
            **TRANSACTION,
            "DepositToAccountRef": ref("Account"),
            "Line": rows(DEPOSIT_LINE),
            "CashBack": nested(CASH_BACK),
            "DepartmentRef": ref("Department"),
            "GlobalTaxCalculation": choice(*TAX_MODES),
            "DocNumber": SET_BY_QUICKBOOKS,
            "LinkedTxn": SET_BY_QUICKBOOKS,
            "TotalAmt": SET_BY_QUICKBOOKS,
            "HomeTotalAmt": SET_BY_QUICKBOOKS,
        },
        TRANSACTION_NOISE | words("TxnTaxDetail DepositEx"),
        sequence=TRANSACTIONS,
        askable=EVERYWHERE | words("TxnDate TotalAmt"),
        verbs=REMOVABLE,
        required="Line DepositToAccountRef",
    ),
    entity(
        "JournalEntry",
        {
            **TRANSACTION,
            "DocNumber": text(21),
            "Line": rows(JOURNAL_LINE),
            "Adjustment": boolean(),
            "LinkedTxn": SET_BY_QUICKBOOKS,
            "TotalAmt": SET_BY_QUICKBOOKS,
            "HomeTotalAmt": SET_BY_QUICKBOOKS,
        },
        TRANSACTION_NOISE
        | words(
            "DepartmentRef TxnTaxDetail GlobalTaxCalculation HomeCurrencyAdjustment EnteredInHomeCurrency "
            "JournalEntryEx"
        ),
        sequence=TRANSACTIONS,
        askable=EVERYWHERE | words("TxnDate DocNumber"),
        verbs=REMOVABLE,
        required="Line",
    ),
    entity(
        "Transfer",
        {
            **TRANSACTION,
            "FromAccountRef": ref("Account"),
            "ToAccountRef": ref("Account"),
            "Amount": money(),
            "ClassRef": ref("Class"),
            "DepartmentRef": ref("Department"),
            "DocNumber": SET_BY_QUICKBOOKS,
            "LinkedTxn": SET_BY_QUICKBOOKS,
        },
        TRANSACTION_NOISE | words("Line TxnTaxDetail TransferEx"),
        sequence=TRANSACTIONS,
        askable=EVERYWHERE | words("TxnDate"),
        verbs=REMOVABLE,
        required="FromAccountRef ToAccountRef Amount",
    ),
    entity(
        "Purchase",
        {
            **TRANSACTION,
            "DocNumber": text(21),
            "PaymentType": choice("Cash", "Check", "CreditCard"),
            "AccountRef": ref("Account"),
            "Line": rows(EXPENSE_LINE),
            "EntityRef": party(),
            "Credit": boolean(),
            "PaymentMethodRef": ref("PaymentMethod"),
            "PaymentRefNum": text(21),
            "DepartmentRef": ref("Department"),
            "GlobalTaxCalculation": choice(*TAX_MODES),
            "PrintStatus": choice("NotSet", "NeedToPrint", "PrintComplete"),
            "RemitToAddr": nested(ADDRESS),
            "TxnTaxDetail": SET_BY_QUICKBOOKS,
            "LinkedTxn": SET_BY_QUICKBOOKS,
            "TotalAmt": SET_BY_QUICKBOOKS,
        },
        TRANSACTION_NOISE | words("CheckPayment CreditCardPayment Memo PurchaseEx LessCIS IncludeInAnnualTPAR"),
        sequence=TRANSACTIONS,
        askable=EVERYWHERE | words("TxnDate DocNumber TotalAmt"),
        verbs=REMOVABLE,
        required="PaymentType AccountRef Line",
    ),
]
