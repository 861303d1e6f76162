"""Clear matches and CSV files, without a database: whatever is in them, nothing is guessed."""

from __future__ import annotations

import csv
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from qbo_writer import mapping_csv
from qbo_writer.account_roles import ROLES, own_name, proposed
from qbo_writer.mapping_rules import CUSTOMER, GATEWAY, PRODUCT, Source, clear_matches
from qbo_writer.posting.company import Name

steady = settings(deadline=None, derandomize=True, database=None)
words = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
few = st.sampled_from(["", "a", "A", "b", "a b", "ß"])


def item(qbo_id: str, name: str, sku: str = "", *, active: bool = True, kind: str = "NonInventory") -> Name:
    return Name("Item", qbo_id, name, active, sku=sku, type=kind)


@steady
@given(
    st.lists(st.builds(Source, st.uuids().map(str), few, few), max_size=6),
    st.lists(st.tuples(few, few, st.booleans()), max_size=6),
)
def test_a_product_is_matched_only_to_the_one_item_that_is_the_same(
    sources: list[Source], rows: list[tuple[str, str, bool]]
) -> None:
    items = [item(str(number), name, sku, active=active) for number, (name, sku, active) in enumerate(rows)]
    for match in clear_matches(PRODUCT, sources, items):
        assert match.name.active
        same_sku = [i for i in items if i.active and match.source.detail and fold(i.sku) == fold(match.source.detail)]
        same_name = [i for i in items if i.active and fold(i.name) == fold(match.source.name)]
        assert match.name in (same_sku if same_sku else same_name)
        assert len(same_sku or same_name) == 1


def fold(text: str) -> str:
    return text.casefold().strip()


def test_a_name_alone_is_no_match_where_the_skus_or_e_mails_differ() -> None:
    assert not clear_matches(PRODUCT, [Source("1", "Mug", "X")], [item("1", "Mug", "Y")])
    known = Name("Customer", "1", "Ann", True, email="ann@one.test")
    assert not clear_matches(CUSTOMER, [Source("1", "Ann", "ann@two.test")], [known])
    assert clear_matches(CUSTOMER, [Source("1", "Ann")], [known])


def test_a_gateway_is_matched_to_a_clearing_account_of_its_name_and_of_the_right_type() -> None:
    bank = Name("Account", "1", "Stripe Clearing", True, type="Bank")
    income = Name("Account", "2", "PayPal", True, type="Income")
    found = clear_matches(GATEWAY, [Source("Stripe", "Stripe"), Source("PayPal", "PayPal")], [bank, income])
    assert [(match.source.name, match.name.qbo_id) for match in found] == [("Stripe", "1")]


def test_every_part_has_a_name_of_ours_and_needs_a_type() -> None:
    for role, wanted in ROLES.items():
        assert own_name(role)
        assert wanted.types


def test_two_receivable_accounts_are_no_clear_proposal() -> None:
    accounts = [
        Name("Account", str(number), "A/R", True, type="Accounts Receivable", subtype="AccountsReceivable")
        for number in (1, 2)
    ]
    assert proposed("receivable", accounts[:1]) == accounts[0]
    assert proposed("receivable", accounts) is None


@steady
@given(st.lists(st.lists(words, min_size=6, max_size=6), max_size=5))
def test_whatever_is_exported_is_read_back_as_it_was(rows: list[list[str]]) -> None:
    lines = mapping_csv.read(b"\xef\xbb\xbf" + mapping_csv.written([mapping_csv.COLUMNS, *rows]))
    told = [(clean(row[0]), clean(row[3]), clean(row[4])) for row in rows if any(clean(cell) for cell in row)]
    assert [(line.source_id, line.qbo_id, line.qbo_name) for line in lines] == told


def clean(cell: str) -> str:
    return cell.replace("\r\n", "\n").strip() if cell[:1] in "=+-@" else cell.strip()


@steady
@given(st.lists(words, min_size=1, max_size=6))
def test_no_cell_begins_like_a_formula(cells: list[str]) -> None:
    row = next(iter(csv.reader([mapping_csv.written([cells]).decode()])), [])
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


@steady
@given(st.binary(max_size=200))
def test_no_file_is_too_strange_to_be_answered(content: bytes) -> None:
    with suppress(mapping_csv.NoCsv):
        mapping_csv.read(content)
