"""The types of accounts, the subtypes under them, and the side of the books that each is on."""

from __future__ import annotations

from intuit_sandbox.shapes import words

CLASSIFICATION = {
    "Bank": "Asset",
    "Accounts Receivable": "Asset",
    "Other Current Asset": "Asset",
    "Fixed Asset": "Asset",
    "Other Asset": "Asset",
    "Accounts Payable": "Liability",
    "Credit Card": "Liability",
    "Other Current Liability": "Liability",
    "Long Term Liability": "Liability",
    "Equity": "Equity",
    "Income": "Revenue",
    "Other Income": "Revenue",
    "Cost of Goods Sold": "Expense",
    "Expense": "Expense",
    "Other Expense": "Expense",
    "Non-Posting": "Asset",
}
SUBTYPES = {
    "Bank": "CashOnHand Checking MoneyMarket RentsHeldInTrust Savings TrustAccounts CashAndCashEquivalents",
    "Other Current Asset": "OtherCurrentAssets UndepositedFunds Inventory PrepaidExpenses AllowanceForBadDebts "
    "EmployeeCashAdvances LoansToOfficers LoansToOthers LoansToStockholders Retainage",
    "Fixed Asset": "OtherFixedAssets Vehicles Buildings Land FurnitureAndFixtures MachineryAndEquipment",
    "Other Asset": "OtherLongTermAssets SecurityDeposits Goodwill Licenses",
    "Accounts Receivable": "AccountsReceivable",
    "Accounts Payable": "AccountsPayable",
    "Credit Card": "CreditCard",
    "Other Current Liability": "OtherCurrentLiabilities SalesTaxPayable GlobalTaxPayable DeferredRevenue LoanPayable "
    "Gratuity PrepaidExpensesPayable GlobalTaxSuspense TrustAccountsLiabilities",
    "Long Term Liability": "NotesPayable OtherLongTermLiabilities ShareholderNotesPayable",
    "Equity": "OpeningBalanceEquity RetainedEarnings OwnersEquity PartnersEquity CommonStock",
    "Income": "SalesOfProductIncome ServiceFeeIncome OtherPrimaryIncome DiscountsRefundsGiven NonProfitIncome "
    "UnappliedCashPaymentIncome",
    "Other Income": "OtherMiscellaneousIncome InterestEarned OtherInvestmentIncome DividendIncome TaxExemptInterest",
    "Cost of Goods Sold": "SuppliesMaterialsCogs CostOfLaborCos ShippingFreightDeliveryCos OtherCostsOfServiceCos "
    "EquipmentRentalCos",
    "Expense": "BankCharges OtherMiscellaneousServiceCost OfficeGeneralAdministrativeExpenses AdvertisingPromotional "
    "Auto DuesSubscriptions EquipmentRental Insurance InterestPaid LegalProfessionalFees RentOrLeaseOfBuildings "
    "RepairMaintenance ShippingFreightDelivery SuppliesMaterials TaxesPaid Travel TravelMeals Utilities "
    "EntertainmentMeals OtherBusinessExpenses UnappliedCashBillPaymentExpense CostOfLabor PromotionalMeals BadDebts",
    "Other Expense": "OtherMiscellaneousExpense ExchangeGainOrLoss PenaltiesSettlements Depreciation Amortization",
}
TYPE_OF_SUBTYPE = {subtype: kind for kind, names in SUBTYPES.items() for subtype in names.split()}
# Subtypes that Intuit's schema lists without saying which type they are of.
OTHER_SUBTYPES = words(
    """
    AccrualsAndDeferredIncome AccruedLiabilities AccruedLongLermLiabilities AccruedVacationPayable
    AccumulatedAdjustment AccumulatedAmortization AccumulatedAmortizationOfOtherAssets AccumulatedDepletion
    AccumulatedDepreciation AccumulatedOtherComprehensiveIncome AmortizationExpense AppropriationsToDepreciation
    AssetsAvailableForSale AssetsHeldForSale AssetsInCourseOfConstruction AvailableForSaleFinancialAssets
    BalWithGovtAuthorities BankLoans BorrowingCost CalledUpShareCapital CalledUpShareCapitalNotPaid CapitalReserves
    CapitalWip CarriedForwardRelief CashExpenditureExpense CashReceiptIncome CharitableContributions
    CommissionsAndFees Communications CostOfSales CumulativeDepreciationOnIntangibleAssets CurrentLiabilities
    CurrentPortionEmployeeBenefitsObligations CurrentPortionOfObligationsUnderFinanceLeases CurrentTaxLiability
    DebtsRelatedToParticipatingInterests DeferredTax DeferredTaxExpense DeferredTaxLiabilities DepletableAssets
    Depletion DevelopmentCosts DirectDepositPayable DistributionCosts DividendDisbursed DividendsPayable
    DutiesAndTaxes Entertainment EquityInEarningsOfSubsiduaries EstimatedTaxes ExceptionalItems
    ExpenditureAuthorisationsAndLettersOfCredit ExternalServices ExtraordinaryCharges ExtraordinaryItems
    FederalIncomeTaxPayable FinanceCosts FinanceCostsRestricted FixedAssetComputers FixedAssetCopiers
    FixedAssetFurniture FixedAssetOtherToolsEquipment FixedAssetPhone FixedAssetPhotoVideo FixedAssetSoftware
    ForeignTaxesIncurred FreightAndDeliveryCos Funds GainLossOnSaleOfFixedAssets GainLossOnSaleOfInvestments
    GasAndFuel GlobalTaxDeferred GlobalTaxExpense GlobalTaxRefund GovernmentAndOtherPublicAuthorities
    GroupAndAssociates HealthSavingsAccountContributions Healthcare HomeOffice HomeownerRentalInsurance
    IncomeTaxExpense IncomeTaxOtherExpense IncomeTaxPayable InsurancePayable IntangibleAssets IntangibleAssetsOther
    IntangibleAssetsUnderDevelopment InterestPayables InternalTransfers InvestmentGrants
    Investment_MortgageRealEstateLoans Investment_Other Investment_TaxExemptSecurities
    Investment_USGovernmentObligations Investments LandAsset LeaseBuyout LeaseholdImprovements
    LiabilitiesRelatedToAssetsHeldForSale LineOfCredit LongTermBorrowings LongTermDebit
    LongTermEmployeeBenefitObligations LongTermInvestments LongTermLoansAndAdvancesToRelatedParties
    LossOnDiscontinuedOperationsNetOfTax LossOnDisposalOfAssets ManagementCompensation MatCredit
    MoneyReceivedAgainstShareWarrants MortgageInterestHomeOffice NonCurrentAssets ObligationsUnderFinanceLeases
    OperatingGrants OrganizationalCosts OtherConsumables OtherCurrentOperatingCharges OtherCurrentOperatingIncome
    OtherDebtors OtherEarmarkedBankAccounts OtherExternalServices OtherFreeReserves OtherHomeOfficeExpenses
    OtherIntangibleAssets OtherLongTermInvestments OtherLongTermLoansAndAdvances OtherLongTermProvisions
    OtherOperatingIncome OtherRentalCosts OtherSellingExpenses OtherVehicleExpenses
    OutstandingDuesMicroSmallEnterprise OutstandingDuesOtherThanMicroSmallEnterprise OwnWorkCapitalized
    PaidInCapitalOrSurplus ParkingAndTolls ParticipatingInterests PartnerContributions PartnerDistributions
    PayrollClearing PayrollExpenses PayrollTaxExpenses PayrollTaxPayable PayrollWageExpenses PersonalExpense
    PersonalIncome PreferredStock PremiumsPaid PremiumsReceived PrepaymentsAndAccruedIncome PriorPeriodItems
    ProjectStudiesSurveysAssessments PropertyTaxHomeOffice ProvisionForLiabilities ProvisionForWarrantyObligations
    ProvisionsCurrentAssets ProvisionsCurrentLiabilities ProvisionsFixedAssets ProvisionsNonCurrentAssets
    ProvisionsNonCurrentLiabilities PurchasesRebates RentARoomReliefReliefClaimed RentARoomReliefRentsReceived
    RentAndLeaseHomeOffice RentsInTrustLiability RepairsAndMaintainceHomeOffice RevenueGeneral SalesRetail
    SalesWholesale SavingsByTaxScheme ShareApplicationMoneyPendingAllotment ShareCapital ShippingAndDeliveryExpense
    ShortTermBorrowings ShortTermInvestmentsInRelatedParties ShortTermLoansAndAdvancesToRelatedParties
    SocialSecurityAgencies StaffAndRelatedLiabilityAccounts StaffAndRelatedLongTermLiabilityAccounts StaffCosts
    StateLocalIncomeTaxPayable Sundry SundryDebtorsAndCreditors TaxRoundoffGainOrLoss TradeAndOtherPayables
    TradeAndOtherReceivables TravelExpensesGeneralAndAdminExpenses TravelExpensesSellingExpense TreasuryStock
    UkTaxesWithheld UnrealisedLossOnSecuritiesNetOfTax UtilitiesHomeOffice Vehicle VehicleInsurance VehicleLease
    VehicleLoan VehicleLoanInterest VehicleRegistration VehicleRepairs WashAndRoadServices WithholdingAssetAmount
    WithholdingLiabilityAmount WithholdingTaxPurchases WithholdingTaxSales WithholdingTaxSuspense
    """
)
