"""The stores to play with: their settings, products and customers, the same on every fresh start."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from shopify_sandbox.journal import Journal
from shopify_sandbox.model import Address, Customer, Product, ShopFacts, TaxRate, Variant
from shopify_sandbox.shop import Shop

OPENED = datetime(2024, 3, 4, 9, 30, tzinfo=UTC)

SHOPS = (
    ShopFacts(
        domain="northwind-outfitters.myshopify.com",
        id=61200400001,
        name="Northwind Outfitters",
        email="owner@northwind-outfitters.example",
        currency="USD",
        zone="America/New_York",
        taxes_included=False,
        country="United States",
        country_code="US",
        province="New York",
        province_code="NY",
        taxes=[TaxRate(title="New York State Tax", parts=4000), TaxRate(title="New York City Tax", parts=4500)],
        next_id=7_100_000_000_000,
        created_at=OPENED,
    ),
    ShopFacts(
        domain="harbour-lane.myshopify.com",
        id=61200400002,
        name="Harbour Lane",
        email="owner@harbour-lane.example",
        currency="GBP",
        zone="Europe/London",
        taxes_included=True,
        country="United Kingdom",
        country_code="GB",
        province="England",
        province_code="ENG",
        taxes=[TaxRate(title="GB VAT", parts=20000)],
        next_id=7_200_000_000_000,
        created_at=OPENED,
    ),
    ShopFacts(
        domain="blank-canvas.myshopify.com",
        id=61200400003,
        name="Blank Canvas",
        email="owner@blank-canvas.example",
        currency="USD",
        zone="America/Los_Angeles",
        taxes_included=False,
        country="United States",
        country_code="US",
        province="California",
        province_code="CA",
        taxes=[TaxRate(title="California State Tax", parts=7250)],
        next_id=7_300_000_000_000,
        created_at=OPENED,
    ),
)
EMPTY = {"blank-canvas.myshopify.com"}

# title, vendor, type, variants as (title, sku, price in smallest units, taxable)
PRODUCTS: tuple[tuple[str, str, str, tuple[tuple[str, str | None, int, bool], ...]], ...] = (
    (
        "Trail Jacket",
        "Northwind",
        "Outerwear",
        (
            ("S", "JKT-S", 12900, True),
            ("M", "JKT-M", 12900, True),
            ("L", "JKT-L", 13450, True),
            ("XL", "JKT-XL", 13995, True),
        ),
    ),
    (
        "Merino Beanie",
        "Woolly",
        "Headwear",
        (("Red", "BEA-RED", 2495, True), ("Blue", "BEA-BLU", 2495, True), ("Sand", "BEA-SND", 2650, True)),
    ),
    ("Candle", "Hearth & Co", "Home", (("Fig", "CAN-FIG", 1899, True), ("Cedar", "CAN-CED", 1899, True))),
    ("Candle", "Hearth & Co", "Home", (("Default Title", "CAN-OLD", 999, True),)),
    ("Soap", "Hearth & Co", "Bath", (("Default Title", "SOAP-1", 445, True),)),
    (
        "Enamel Mug",
        "Camp Kitchen",
        "Kitchen",
        (("White", "MUG-WHT", 1450, True), ("Green", "MUG-GRN", 1450, True), ("Navy", "mug-nvy", 1475, True)),
    ),
    (
        "Field Notebook",
        "Paperworks",
        "Stationery",
        (("Ruled", "NB-RUL", 795, True), ("Dotted", "NB-DOT", 795, True), ("Plain", None, 795, True)),
    ),
    ("Gift wrap", "Northwind", "Service", (("Default Title", None, 350, False),)),
    ("Canvas Tote", "Paperworks", "Bags", (("Natural", "TOTE-NAT", 2200, True), ("Black", "TOTE-BLK", 2200, True))),
    ("Weekender Bag", "Northwind", "Bags", (("Olive", "WKD-OLV", 18900, True), ("Tan", "WKD-TAN", 19450, True))),
    (
        "Wool Socks",
        "Woolly",
        "Footwear",
        (("36-38", "SOC-36", 1833, True), ("39-41", "SOC-39", 1833, True), ("42-45", "SOC-42", 1833, True)),
    ),
    (
        "Hiking Boots",
        "Ridge",
        "Footwear",
        (
            ("40", "BOOT-40", 16999, True),
            ("41", "BOOT-41", 16999, True),
            ("42", "BOOT-42", 16999, True),
            ("43", "BOOT-43", 17499, True),
        ),
    ),
    ("Camp Chair", "Ridge", "Outdoor", (("Default Title", "CHR-1", 5933, True),)),
    ("Headlamp", "Ridge", "Outdoor", (("Standard", "LMP-STD", 3967, True), ("Pro", "LMP-PRO", 7933, True))),
    ("Water Bottle", "Camp Kitchen", "Kitchen", (("500 ml", "BTL-05", 1999, True), ("1 l", "BTL-10", 2666, True))),
    (
        "Granola – Nuts & Berries",
        "Camp Kitchen",
        "Food",
        (("250 g", "GRA-250", 649, False), ("500 g", "GRA-500", 1149, False)),
    ),
    ("Loose Tea", "Hearth & Co", "Food", (("Earl Grey", "TEA-EG", 1033, False), ("Mint", "TEA-MNT", 1033, False))),
    (
        "Café Crème Blend",
        "Hearth & Co",
        "Food",
        (("Whole bean", "COF-WB", 1667, False), ("Ground", "COF-GR", 1667, False)),
    ),
    ("Picnic Blanket", "Woolly", "Home", (("Default Title", "BLK-1", 6450, True),)),
    (
        "Kids’ Raincoat",
        "Northwind",
        "Outerwear",
        (("98", "KRC-98", 4333, True), ("110", "KRC-110", 4333, True), ("122", "KRC-122", 4555, True)),
    ),
    ('Patch Set "Summit"', "Northwind", "Accessories", (("Default Title", "PAT-1", 333, True),)),
    ("Pocket Knife", "Ridge", "Outdoor", (("Oak", "KNF-OAK", 4999, True), ("Walnut", "KNF-WAL", 5499, True))),
    (
        "Map of the Lakes",
        "Paperworks",
        "Stationery",
        (("Folded", "MAP-FLD", 1125, True), ("Rolled", "MAP-RLD", 1125, True)),
    ),
    ("Sample Pack", "Northwind", "Accessories", (("A", "SMP", 101, True), ("B", "SMP", 107, True))),
    (
        "Repair Kit 🧵",
        "Northwind",
        "Accessories",
        (("Tent", "REP-TNT", 1299, True), ("Jacket", "REP-JKT", 1099, True), ("Boot", None, 899, True)),
    ),
    ("Gift Card", "Northwind", "Gift card", (("25", "GC-25", 2500, False), ("50", "GC-50", 5000, False))),
)

PEOPLE: tuple[tuple[str | None, str | None], ...] = (
    ("Ada", "Sample"),
    ("Bruno", "O’Neill"),
    ("Chloé", "Dubois"),
    ("Siân", "Rhys-Jones"),
    ("Miguel", "Núñez"),
    ("Jürgen", "Weiß"),
    ("Aoife", "O'Brien"),
    ("Łukasz", "Żak"),
    ("Sofía", "d'Ávila"),
    ("Priya", "Raman"),
    ("Tom", "Baker"),
    ("Tom", "Baker"),
    ("Zoë", "Søn"),
    ("Nia", "Evans 🌿"),
    ("Kofi", "Mensah"),
    ("Yuki", "田中"),
    ("Elena", "Petrova"),
    ("Omar", "Haddad"),
    ("Grace", "Hopper-Lee"),
    ("Liam", "McDonald"),
    ("Ines", "Costa"),
    ("Bjørn", "Ås"),
    ("Fatima", "Zahra"),
    ("Jack", "St. John"),
    ("Mei", "Lin"),
    ("Ravi", None),
    (None, "Kowalski"),
    ("Anna", "Smith: Home"),
    ("Anna", "Smith"),
    ("Peter", "  van Dam "),
    ("Hugo", "Marchetti"),
    ("Leïla", "Ben Ali"),
    ("Sam", "Lee"),
    ("Ruth", "Ginsberg"),
    ("Otto", "Klein"),
    ("Maya", "Patel"),
    ("Noah", "Okafor"),
    ("Freya", "Thorsen"),
    (None, None),
    ("Carlos", "Ibáñez"),
)


def fresh_shop(facts: ShopFacts, journal: Journal) -> Shop:
    """A new store with its goods and people, written to the journal."""
    shop = Shop(facts, journal)
    shop.save_facts()
    if facts.domain not in EMPTY:
        chance = random.Random(facts.domain)  # noqa: S311
        for title, vendor, kind, variants in PRODUCTS:
            shop.save_product(_product(shop, title, vendor, kind, variants, chance))
        for index, (first, last) in enumerate(PEOPLE):
            shop.save_customer(_customer(shop, index, first, last))
    shop.save_facts()
    return shop


def _product(
    shop: Shop,
    title: str,
    vendor: str,
    kind: str,
    variants: tuple[tuple[str, str | None, int, bool], ...],
    chance: random.Random,
) -> Product:
    product = Product(
        id=shop.new_id(),
        title=title,
        vendor=vendor,
        product_type=kind,
        gift_card=kind == "Gift card",
        variants=[],
        created_at=OPENED,
        updated_at=OPENED,
    )
    for position, (name, sku, price, taxable) in enumerate(variants, start=1):
        product.variants.append(
            Variant(
                id=shop.new_id(),
                inventory_item_id=shop.new_id(),
                title=name,
                sku=sku,
                price=price,
                taxable=taxable,
                barcode=f"40{chance.randrange(10**10):010d}" if sku else None,
                cost=price * 2 // 5,
                tracked=kind not in ("Service", "Gift card"),
                requires_shipping=kind not in ("Service", "Gift card"),
                position=position,
                quantity=chance.randrange(50, 500),
                created_at=OPENED,
                updated_at=OPENED,
            )
        )
    return product


def _customer(shop: Shop, index: int, first: str | None, last: str | None) -> Customer:
    facts = shop.facts
    since = OPENED + timedelta(days=3 * index, hours=index)
    reachable = index % 9 != 7
    phone = f"+1555010{index:04d}" if index % 5 == 0 or not reachable else None
    address = None
    if index % 7 != 6:
        address = Address(
            first_name=first,
            last_name=last,
            company="Rivet & Sons, Ltd." if index % 10 == 3 else None,
            address1=f"{10 + index} Harbour Street",
            address2="Flat 2" if index % 8 == 1 else None,
            city="New York" if facts.country_code == "US" else "London",
            zip=f"100{index:02d}" if facts.country_code == "US" else f"E1 {index % 10}AA",
            province=facts.province,
            province_code=facts.province_code,
            country=facts.country,
            country_code=facts.country_code,
            phone=phone,
        )
    name = f"buyer{index:02d}" if index != 4 else "MIGUEL.N"
    return Customer(
        id=shop.new_id(),
        first_name=first,
        last_name=last,
        phone=phone,
        email=f"{name}@shoppers.example" if reachable else None,
        note="Rings twice" if index % 11 == 0 else None,
        tags=["vip"] if index % 6 == 0 else [],
        tax_exempt=index == 23,
        address=address,
        created_at=since,
        updated_at=since,
    )
