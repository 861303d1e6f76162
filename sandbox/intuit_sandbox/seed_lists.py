"""The names that a fresh sample company holds, as text tables: `id|name|…`, one entry a line."""

from __future__ import annotations

ACCOUNTS = """
35|Checking|Bank|Checking|
36|Savings|Bank|Savings|
84|Accounts Receivable (A/R)|Accounts Receivable|AccountsReceivable|
3|Prepaid Expenses|Other Current Asset|PrepaidExpenses|
4|Undeposited Funds|Other Current Asset|UndepositedFunds|
32|Uncategorized Asset|Other Current Asset|OtherCurrentAssets|
81|Inventory Asset|Other Current Asset|Inventory|
37|Truck|Fixed Asset|Vehicles|
33|Accounts Payable (A/P)|Accounts Payable|AccountsPayable|
41|Mastercard|Credit Card|CreditCard|
42|Visa|Credit Card|CreditCard|
43|Loan Payable|Other Current Liability|OtherCurrentLiabilities|
89|Arizona Dept. of Revenue Payable|Other Current Liability|GlobalTaxPayable|
90|Board of Equalization Payable|Other Current Liability|GlobalTaxPayable|
44|Notes Payable|Long Term Liability|OtherLongTermLiabilities|
2|Retained Earnings|Equity|RetainedEarnings|
34|Opening Balance Equity|Equity|OpeningBalanceEquity|
1|Services|Income|ServiceFeeIncome|
5|Fees Billed|Income|ServiceFeeIncome|
6|Refunds-Allowances|Income|DiscountsRefundsGiven|
30|Uncategorized Income|Income|ServiceFeeIncome|
45|Landscaping Services|Income|OtherPrimaryIncome|
46|Job Materials|Income|OtherPrimaryIncome|45
47|Decks and Patios|Income|OtherPrimaryIncome|46
48|Fountains and Garden Lighting|Income|OtherPrimaryIncome|46
49|Plants and Soil|Income|OtherPrimaryIncome|46
50|Sprinklers and Drip Systems|Income|OtherPrimaryIncome|46
51|Labor|Income|OtherPrimaryIncome|45
52|Installation|Income|OtherPrimaryIncome|51
53|Maintenance and Repair|Income|OtherPrimaryIncome|51
54|Pest Control Services|Income|OtherPrimaryIncome|
79|Sales of Product Income|Income|SalesOfProductIncome|
82|Design income|Income|OtherPrimaryIncome|
83|Other Income|Income|OtherPrimaryIncome|
85|Billable Expense Income|Income|OtherPrimaryIncome|
86|Discounts given|Income|DiscountsRefundsGiven|
87|Unapplied Cash Payment Income|Income|UnappliedCashPaymentIncome|
80|Cost of Goods Sold|Cost of Goods Sold|SuppliesMaterialsCogs|
7|Advertising|Expense|AdvertisingPromotional|
8|Bank Charges|Expense|BankCharges|
9|Commissions & fees|Expense|OtherMiscellaneousServiceCost|
10|Dues & Subscriptions|Expense|DuesSubscriptions|
11|Insurance|Expense|Insurance|
12|Legal & Professional Fees|Expense|LegalProfessionalFees|
13|Meals and Entertainment|Expense|EntertainmentMeals|
15|Office Expenses|Expense|OfficeGeneralAdministrativeExpenses|
17|Rent or Lease|Expense|RentOrLeaseOfBuildings|
20|Supplies|Expense|SuppliesMaterials|
24|Utilities|Expense|Utilities|
31|Uncategorized Expense|Expense|OtherMiscellaneousServiceCost|
78|Purchases|Expense|SuppliesMaterials|
25|Interest Earned|Other Income|InterestEarned|
14|Miscellaneous|Other Expense|OtherMiscellaneousExpense|
27|Penalties & Settlements|Other Expense|PenaltiesSettlements|
"""
CUSTOMERS = """
1|Amy's Bird Sanctuary|Birds@Intuit.com|
2|Bill's Windsurf Shop|Surf@Intuit.com|
3|Cool Cars|Cool_Cars@intuit.com|
4|Diego Rodriguez|Diego@Rodriguez.com|
5|Dukes Basketball Camp|Dukes_bball@intuit.com|
6|Dylan Sollfrank||
7|Freeman Sporting Goods|Sporting_goods@intuit.com|
8|0969 Ocean View Road|Sporting_goods@intuit.com|7
9|55 Twin Lane|Sporting_goods@intuit.com|7
10|Geeta Kalapatapu|Geeta@Kalapatapu.com|
11|Gevelber Photography|Photography@intuit.com|
12|Jeff's Jalopies|Jalopies@intuit.com|
13|John Melton|John@Melton.com|
14|Kate Whelan|Kate@Whelan.com|
15|Pye's Cakes|pyescakes@intuit.com|
16|Kookies by Kathy|qbwebsamplecompany@yahoo.com|
17|Mark Cho|Mark@Cho.com|
18|Paulsen Medical Supplies|Medical@intuit.com|
19|Rago Travel Agency|Rago_Travel@intuit.com|
20|Red Rock Diner|qbwebsamplecompany@yahoo.com|
21|Rondonuwu Fruit and Vegi|Tony@Rondonuwu.com|
22|Shara Barnett|Shara@Barnett.com|
23|Barnett Design|Design@intuit.com|22
24|Sonnenschein Family Store|Familiystore@intuit.com|
25|Sushi by Katsuyuki|Sushi@intuit.com|
26|Travis Waldron|Travis@Waldron.com|
27|Video Games by Dan|Videogames@intuit.com|
28|Wedding Planning by Whitney|Dream_Wedding@intuit.com|
29|Weiskopf Consulting|Consulting@intuit.com|
"""
VENDORS = """
30|Books by Bessie
31|Brosnahan Insurance Agency
32|Cal Telephone
33|Chin's Gas and Oil
34|Cigna Health Care
35|Computers by Jenni
36|Diego's Road Warrior Bodyshop
37|EDD
38|Ellis Equipment Rental
39|Fidelity
40|Hall Properties
41|Hicks Hardware
42|Lee Advertising
43|Mahoney Mugs
44|Met Life Dental
45|National Eye Care
46|Norton Lumber and Building Materials
47|Pam Seitz
48|PG&E
49|Robertson & Associates
50|Tania's Nursery
51|Tim Philip Masonry
52|Tony Rondonuwu
53|United States Treasury
"""
EMPLOYEES = """
54|John|Johnson
55|Emily|Platt
"""
ITEMS = """
1|Services|Service|1||
2|Hours|Service|1||
3|Concrete|Service|48||
4|Design|Service|82|75|
5|Rock Fountain|Inventory|79|275|125
6|Gardening|Service|45||
7|Installation|Service|52|50|
8|Lighting|Service|48||
9|Maintenance & Repair|Service|53||
10|Pest Control|Service|54|35|
11|Pump|Inventory|79|15|10
12|Refunds & Allowances|Service|6||
13|Rocks|Service|48|22.50|
14|Sod|Service|49||
15|Soil|Service|49|10|6.50
16|Sprinkler Heads|Inventory|79|2|0.75
17|Sprinkler Pipes|Inventory|79|4|2.50
18|Trimming|Service|45|35|
"""
TERMS = "1|Due on receipt|0\n2|Net 15|15\n3|Net 30|30\n4|Net 60|60"
METHODS = (
    "1|Cash|NON_CREDIT_CARD\n2|Check|NON_CREDIT_CARD\n3|Credit Card|CREDIT_CARD\n4|Visa|CREDIT_CARD\n"
    "5|MasterCard|CREDIT_CARD\n6|Discover|CREDIT_CARD\n7|American Express|CREDIT_CARD"
)
US_AGENCIES = "1|Board of Equalization\n2|Arizona Dept. of Revenue"
US_RATES = "3|California|8|1\n1|AZ State tax|7.1|2\n2|Tucson City|2|2"
US_CODES = "2|California|3\n3|Tucson|1 2"
AUTOMATED_AGENCIES = "1|California Department of Tax and Fee Administration"
AUTOMATED_RATES = "3|California State|6|1\n4|Los Angeles County|2.25|1"
AUTOMATED_CODES = "2|Automated sales tax|3 4"
GB_AGENCIES = "1|HM Revenue & Customs (VAT)"
GB_RATES = (
    "12|20.0% S|20|1\n13|5.0% R|5|1\n14|0.0% Z|0|1\n15|Exempt|0|1\n"
    "16|20.0% S (Purchases)|20|1\n17|5.0% R (Purchases)|5|1\n18|0.0% Z (Purchases)|0|1\n19|Exempt (Purchases)|0|1"
)
GB_CODES = "6|20.0% S|12|16\n7|5.0% R|13|17\n8|0.0% Z|14|18\n9|Exempt|15|19"
CA_AGENCIES = "1|Canada Revenue Agency\n2|Minister of Finance (British Columbia)"
CA_RATES = (
    "3|GST|5|1\n4|HST (ON)|13|1\n5|PST (BC)|7|2\n6|GST/HST (ZR)|0|1\n7|GST/HST Exempt|0|1\n"
    "8|GST (Purchases)|5|1\n9|HST (ON) (Purchases)|13|1\n10|GST/HST (ZR) (Purchases)|0|1\n11|Exempt (Purchases)|0|1"
)
CA_CODES = "2|HST ON|4|9\n3|GST|3|8\n4|GST/PST BC|3 5|8\n5|Zero-rated|6|10\n6|Exempt|7|11"


def table(text: str) -> list[list[str]]:
    """The cells of a text table, row by row."""
    return [line.split("|") for line in text.strip().splitlines()]
