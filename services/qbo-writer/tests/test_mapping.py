"""Mappings over gRPC: what a person chose wins, only what fits can be chosen, and what waited is tried again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
import pytest

from ledgerport.qbo_writer.v1 import mapping_pb2 as pb
from ledgerport_local.databases import TemplateDatabases
from qbo_writer.sync_config import load_settings, settings_stamp
from qbo_writer_testing.settings_office import OURS, THEIRS, Office, opened

PRODUCT, CUSTOMER = pb.MAPPING_KIND_PRODUCT, pb.MAPPING_KIND_CUSTOMER
GATEWAY, TAX = pb.MAPPING_KIND_GATEWAY, pb.MAPPING_KIND_TAX


@pytest.fixture
async def office(server: TemplateDatabases) -> AsyncIterator[Office]:
    async with opened(server) as made:
        made.company()
        yield made


async def listed(office: Office, kind: pb.MappingKind.ValueType, **told: object) -> pb.ListMappingsResponse:
    answer: pb.ListMappingsResponse = await office.call(pb.ListMappingsRequest(kind=kind, **told), "viewer")  # type: ignore[arg-type]
    return answer


async def names(office: Office, kind: pb.MappingKind.ValueType = PRODUCT, **told: object) -> list[str]:
    return [each.name for each in (await listed(office, kind, **told)).mappings]


def put(kind: pb.MappingKind.ValueType, source_id: str, quickbooks_id: str) -> pb.SetMappingRequest:
    return pb.SetMappingRequest(kind=kind, source_id=source_id, quickbooks_id=quickbooks_id)


def seen(office: Office, *, gateways: tuple[str, ...] = (), taxes: tuple[str, ...] = ()) -> None:
    for label in gateways:
        office.sql("INSERT INTO seen_gateway (business_id, label) VALUES (%s, %s)", OURS, label)
    for key in taxes:
        office.sql("INSERT INTO seen_tax (business_id, tax_key) VALUES (%s, %s)", OURS, key)


async def test_products_are_listed_by_name_with_what_stands_for_them(office: Office) -> None:
    office.product(1, "Teapot", "TEA-1", document="5")
    by_hand = office.product(2, "cup", "CUP-1", status="error", reason="PRODUCT_NOT_MAPPED")
    office.product(3, "Saucer")
    await office.call(put(PRODUCT, by_hand, "14"), "bookkeeper")
    answer = await listed(office, PRODUCT)
    assert [(each.name, each.detail, each.state, each.quickbooks.name) for each in answer.mappings] == [
        ("cup", "CUP-1", pb.MAPPING_STATE_MANUAL, "Red Mug"),
        ("Saucer", "", pb.MAPPING_STATE_UNMAPPED, ""),
        ("Teapot", "TEA-1", pb.MAPPING_STATE_AUTOMATIC, "Rock Fountain"),
    ]
    assert (answer.all, answer.unmapped, answer.company_read) == (3, 1, True)
    assert answer.mappings[0].mapped_by == "bookkeeper@x.test"


async def test_a_list_is_filtered_and_searched_by_name_sku_and_what_it_is_mapped_to(office: Office) -> None:
    office.product(1, "Teapot", "tea-77", document="5")
    office.product(2, "Cup", "CUP-1")
    assert await names(office, filter=pb.MAPPING_FILTER_UNMAPPED) == ["Cup"]
    assert await names(office, filter=pb.MAPPING_FILTER_MAPPED) == ["Teapot"]
    assert await names(office, text="TEA-77") == ["Teapot"]
    assert await names(office, text="fountain") == ["Teapot"]
    assert await names(office, text="up") == ["Cup"]
    assert await names(office, text="%") == []
    assert await names(office, text="variant/2") == ["Cup"]


async def test_what_only_the_payload_happens_to_hold_is_not_found(office: Office) -> None:
    office.product(1, "Cup", "CUP-1")
    office.sql("UPDATE record SET payload = payload || '\\x4a03'::bytea || 'tea'::bytea")
    assert await names(office, text="tea") == []


async def test_customers_are_found_by_e_mail(office: Office) -> None:
    office.customer(1, "Ann Lee", "Ann@Lee.test")
    office.customer(2, "Bo Ek", "bo@ek.test")
    assert await names(office, CUSTOMER, text="ann@lee") == ["Ann Lee"]


async def test_pages_hold_every_row_once_also_with_equal_names(office: Office) -> None:
    for number in range(7):
        office.product(number, "Mug" if number % 2 else f"Cup {number}")
    pages, token = [], ""
    for _ in range(4):
        answer = await listed(office, PRODUCT, page_size=2, page_token=token)
        pages.append([each.source_id for each in answer.mappings])
        token = answer.next_page_token
    assert token == ""
    assert [len(page) for page in pages] == [2, 2, 2, 1]
    assert len({source_id for page in pages for source_id in page}) == 7


async def test_a_search_over_many_finds_what_lies_far_behind(office: Office) -> None:
    for number in range(620):
        office.product(number, f"Cup {number:04}", "LAST" if number == 619 else "x")
    found = await listed(office, PRODUCT, text="last")
    assert [each.name for each in found.mappings] == ["Cup 0619"]


@pytest.mark.parametrize(
    ("kind", "qbo_id", "said"),
    [
        (PRODUCT, "12", "is a category"),
        (PRODUCT, "13", "is a bundle"),
        (PRODUCT, "17", "is inactive"),
        (PRODUCT, "404", "not in QuickBooks"),
        (CUSTOMER, "30", "not in QuickBooks"),
        (GATEWAY, "79", "is of type Income; a clearing account needs Bank or Other Current Asset"),
        (TAX, "TAX", "not in QuickBooks"),
    ],
)
async def test_only_what_fits_can_be_chosen(
    office: Office, kind: pb.MappingKind.ValueType, qbo_id: str, said: str
) -> None:
    seen(office, gateways=("Stripe",), taxes=("VAT 20 %",))
    source_id = {
        PRODUCT: office.product(1, "Cup"),
        CUSTOMER: office.customer(1, "Ann"),
        GATEWAY: "Stripe",
        TAX: "VAT 20 %",
    }[kind]
    refusal = await office.refused(put(kind, source_id, qbo_id), "bookkeeper")
    assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT
    assert said in refusal.say


async def test_what_did_not_come_from_the_store_cannot_be_mapped(office: Office) -> None:
    for kind, source_id in ((PRODUCT, "gid://shopify/ProductVariant/9"), (GATEWAY, "Nobody Pay"), (TAX, "x")):
        refusal = await office.refused(put(kind, source_id, "14"), "bookkeeper")
        assert refusal.code == grpc.StatusCode.NOT_FOUND


async def test_delivery_loads_what_was_chosen_by_the_keys_of_posting(office: Office) -> None:
    seen(office, gateways=("Stripe",), taxes=("VAT 8.25 %",))
    product, customer = office.product(1, "Cup"), office.customer(1, "Ann")
    for kind, source_id, qbo_id in (
        (PRODUCT, product, "14"),
        (CUSTOMER, customer, "6"),
        (GATEWAY, "Stripe", "35"),
        (TAX, "VAT 8.25 %", "2"),
    ):
        await office.call(put(kind, source_id, qbo_id), "bookkeeper")
    assert (await load_settings(office.db, OURS)).overlay == {
        ("product", product): "14",
        ("customer", customer): "6",
        ("setup", "account:clearing:Stripe"): "35",
        ("tax", "VAT 8.25 %"): "2",
    }
    assert (await load_settings(office.db, THEIRS)).overlay == {}
    assert await settings_stamp(office.db, OURS) == 4


async def test_a_mapping_frees_its_record_and_what_waited_for_mappings(office: Office) -> None:
    cup = office.product(1, "Cup", status="error", reason="SOMETHING_ELSE")
    order = office.record("order", "o1", "#1", status="on_hold", reason="PRODUCT_NOT_MAPPED")
    trigger = office.record("order", "o2", "#2", status="on_hold", reason="TRIGGER")
    ignored = office.product(2, "Mug", status="skipped", reason="IGNORED")
    await office.call(put(PRODUCT, cup, "14"), "bookkeeper")
    await office.call(put(PRODUCT, ignored, "14"), "bookkeeper")
    assert office.status(cup) == office.status(order) == ("pending", "")
    assert office.status(trigger) == ("on_hold", "TRIGGER")
    assert office.status(ignored) == ("skipped", "IGNORED")
    assert office.woken


async def test_a_choice_taken_back_gives_way_to_what_was_matched(office: Office) -> None:
    cup = office.product(1, "Cup", document="5", status="synced")
    await office.call(put(PRODUCT, cup, "14"), "bookkeeper")
    cleared = await office.call(pb.ClearMappingRequest(kind=PRODUCT, source_id=cup), "bookkeeper")
    assert (cleared.mapping.state, cleared.mapping.quickbooks.id) == (pb.MAPPING_STATE_AUTOMATIC, "5")
    assert (await load_settings(office.db, OURS)).overlay == {}
    again = await office.call(pb.ClearMappingRequest(kind=PRODUCT, source_id=cup), "bookkeeper")
    assert again == cleared, "safe to repeat"


async def test_who_mapped_what_is_kept(office: Office) -> None:
    cup = office.product(1, "Cup")
    await office.call(put(PRODUCT, cup, "14"), "bookkeeper")
    await office.call(put(PRODUCT, cup, "5"), "admin")
    await office.call(put(PRODUCT, cup, "5"), "admin")
    await office.call(pb.ClearMappingRequest(kind=PRODUCT, source_id=cup), "admin")
    changes = (await office.call(pb.ListMappingChangesRequest(), "viewer")).changes
    assert [(each.name, each.before, each.after, each.changed_by) for each in changes] == [
        ("Cup", "Rock Fountain", "", "admin@x.test"),
        ("Cup", "Red Mug", "Rock Fountain", "admin@x.test"),
        ("Cup", "", "Red Mug", "bookkeeper@x.test"),
    ]


async def test_what_became_unusable_in_quickbooks_says_so(office: Office) -> None:
    office.product(1, "Cup", document="17")
    office.product(2, "Gone", document="404")
    problems = {each.name: each.problem for each in (await listed(office, PRODUCT)).mappings}
    assert "inactive" in problems["Cup"]
    assert "not in QuickBooks any longer" in problems["Gone"]


async def test_a_gateway_shows_the_account_that_was_made_for_it_until_another_is_chosen(office: Office) -> None:
    seen(office, gateways=("Stripe", "PayPal"))
    office.record("setup", "account:clearing:Stripe", "Account", status="synced", document="36")
    rows = {each.name: each for each in (await listed(office, GATEWAY)).mappings}
    assert (rows["Stripe"].state, rows["Stripe"].quickbooks.name) == (pb.MAPPING_STATE_AUTOMATIC, "Stripe Clearing")
    assert rows["PayPal"].state == pb.MAPPING_STATE_UNMAPPED
    assert await names(office, GATEWAY, filter=pb.MAPPING_FILTER_UNMAPPED) == ["PayPal"]
    await office.call(put(GATEWAY, "Stripe", "35"), "bookkeeper")
    rows = {each.name: each for each in (await listed(office, GATEWAY)).mappings}
    assert (rows["Stripe"].state, rows["Stripe"].quickbooks.name) == (pb.MAPPING_STATE_MANUAL, "Checking")


async def test_quickbooks_is_searched_best_match_first_without_what_cannot_be_chosen(office: Office) -> None:
    async def found(which: pb.QuickBooksList.ValueType, text: str = "") -> list[str]:
        answer = await office.call(pb.SearchQuickBooksRequest(list=which, text=text), "viewer")
        return [each.name for each in answer.found]

    office.name("Item|30|A Red Mug of old|NonInventory||R|")
    office.name("Item|31|Red Mug, large|NonInventory|||")
    item = pb.QUICK_BOOKS_LIST_ITEM
    assert await found(item, "red mug") == ["Red Mug", "Red Mug, large", "A Red Mug of old"]
    assert await found(item, "garden") == await found(item, "old mug") == []
    assert await found(item, "pump-1") == ["Pump"]
    assert await found(pb.QUICK_BOOKS_LIST_CUSTOMER, "sporting@") == ["Ocean View", "Twin Lane"]
    assert await found(pb.QUICK_BOOKS_LIST_CLEARING_ACCOUNT) == ["Checking", "Stripe Clearing"]
    assert await found(pb.QUICK_BOOKS_LIST_TAX_CODE, "8.25") == ["Austin"]
    assert await found(item, "100%_\\") == []


async def test_auto_map_proposes_only_what_is_clear_and_changes_nothing(office: Office) -> None:
    office.product(1, "Something", "rock-1")
    office.product(2, "red  MUG")
    office.product(3, "Blue cup", "TWICE")
    office.product(4, "Pump", "OTHER-SKU")
    office.product(5, "Mapped already", "PUMP-1", document="11")
    answer = await office.call(pb.AutoMapRequest(kind=PRODUCT), "bookkeeper")
    assert [(each.name, each.quickbooks.name, each.because) for each in answer.proposals] == [
        ("red  MUG", "Red Mug", "Same name"),
        ("Something", "Rock Fountain", "Same SKU"),
    ]
    assert answer.unclear == 2
    assert (await load_settings(office.db, OURS)).overlay == {}


async def test_customers_are_proposed_by_e_mail_and_not_where_two_share_it(office: Office) -> None:
    office.customer(1, "A. Bird", "BIRDS@intuit.com")
    office.customer(2, "Cars", "cars@intuit.com")
    office.customer(3, "Somebody", "sporting@intuit.com")
    office.customer(4, "Twin Lane", "sporting@intuit.com")
    office.customer(5, "Dylan Sollfrank", "dylan@x.test")
    office.customer(6, "Amy's Bird Sanctuary", "another@x.test")
    answer = await office.call(pb.AutoMapRequest(kind=CUSTOMER), "bookkeeper")
    assert {each.name: each.quickbooks.name for each in answer.proposals} == {
        "A. Bird": "Amy's Bird Sanctuary",
        "Cars": "Cool Cars",
        "Twin Lane": "Twin Lane",
        "Dylan Sollfrank": "Dylan Sollfrank",
    }


async def test_taxes_are_proposed_by_name_or_where_one_code_has_the_rate(office: Office) -> None:
    seen(office, taxes=("Sales tax 8.25 %", "austin", "Odd tax 7 %"))
    answer = await office.call(pb.AutoMapRequest(kind=TAX), "bookkeeper")
    assert {each.name: each.because for each in answer.proposals} == {
        "Sales tax 8.25 %": "The only code of this rate",
        "austin": "Same name",
    }


async def test_picked_proposals_are_applied_and_what_was_mapped_meanwhile_is_left(office: Office) -> None:
    one, two = office.product(1, "Fountain", "ROCK-1"), office.product(2, "Red Mug")
    await office.call(put(PRODUCT, two, "5"), "admin")
    choices = [pb.Choice(source_id=one, quickbooks_id="5"), pb.Choice(source_id=two, quickbooks_id="14")]
    answer = await office.call(pb.ApplyAutoMapRequest(kind=PRODUCT, choices=choices), "bookkeeper")
    assert (answer.applied, answer.left) == (1, 1)
    assert (await load_settings(office.db, OURS)).overlay == {("product", one): "5", ("product", two): "5"}
    bad = [pb.Choice(source_id=office.product(3, "Bad"), quickbooks_id="12")]
    refusal = await office.refused(pb.ApplyAutoMapRequest(kind=PRODUCT, choices=bad), "bookkeeper")
    assert "Bad: “Garden” is a category" in next(iter(refusal.fields.values()))


async def test_an_export_can_be_changed_and_imported(office: Office) -> None:
    cup, pot = office.product(1, "=Cup, large", "CUP-1"), office.product(2, "Pot", document="5")
    exported = (await office.call(pb.ExportMappingsRequest(kind=PRODUCT), "viewer")).decode("utf-8-sig")
    lines = exported.splitlines()
    assert lines[0] == "shopify_id,shopify_name,sku_or_email,quickbooks_id,quickbooks_name,chosen_by"
    assert lines[1] == f'{cup},"\'=Cup, large",CUP-1,,,'
    assert lines[2] == f"{pot},Pot,,5,Rock Fountain,LedgerPort"
    changed = exported.replace("CUP-1,,,", "CUP-1,,red mug,")
    answer = await office.call(pb.ImportMappingsRequest(kind=PRODUCT, csv=changed.encode()), "bookkeeper")
    assert (answer.mapped, answer.unchanged) == (1, 1)
    assert (await load_settings(office.db, OURS)).overlay == {("product", cup): "14"}


async def test_an_import_is_taken_whole_or_not_at_all_with_a_sentence_for_each_bad_line(office: Office) -> None:
    cup = office.product(1, "Cup")
    pot = office.product(2, "Pot")
    content = "\n".join(
        [
            "shopify_id;quickbooks_id;quickbooks_name",
            f"{cup};14;",
            f"{pot};12;",
            "gid://shopify/ProductVariant/9;14;",
            f"{cup};5;",
            f"{pot};999;",
            ";14;",
            f"{pot};;No such thing",
        ]
    )
    refusal = await office.refused(pb.ImportMappingsRequest(kind=PRODUCT, csv=content.encode()), "bookkeeper")
    assert refusal.say == "Nothing was imported: 6 lines of the file cannot be taken."
    assert list(refusal.fields) == ["line 3", "line 4", "line 5", "line 6", "line 7", "line 8"]
    assert refusal.fields["line 5"] == f"{cup} stands in line 2 already."
    assert (await load_settings(office.db, OURS)).overlay == {}


async def test_a_thousand_bad_lines_are_told_as_far_as_an_answer_carries_them(office: Office) -> None:
    content = "shopify_id,quickbooks_id\n" + "\n".join(f"nobody-{number},1" for number in range(1000))
    refusal = await office.refused(pb.ImportMappingsRequest(kind=PRODUCT, csv=content.encode()), "bookkeeper")
    assert "1000 lines" in refusal.say
    assert refusal.fields["line 2"]
    assert refusal.fields[""].endswith("more.")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "shopify_id and quickbooks_id is missing"),
        (b"a,b\n1,2", "shopify_id and quickbooks_id is missing"),
        (b"shopify_id,quickbooks_id\n\xff\xfe,1", "not in UTF-8"),
        (b"PK\x03\x04\0\0", "no CSV file"),
        (b'shopify_id,quickbooks_id\n"a,1', "never closed"),
        (b"shopify_id,quickbooks_id\n" + b"a,1\n" * 20_001, "more than 20,000 lines"),
    ],
)
async def test_what_is_no_such_file_is_refused_in_a_sentence(office: Office, content: bytes, said: str) -> None:
    refusal = await office.refused(pb.ImportMappingsRequest(kind=PRODUCT, csv=content), "bookkeeper")
    assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT
    assert said in refusal.say


async def test_what_a_person_wants_made_is_tried_again_until_it_is_there(office: Office) -> None:
    cup = office.product(1, "Cup", status="error", reason="PRODUCT_NOT_MAPPED")
    request = pb.CreateInQuickBooksRequest(kind=PRODUCT, source_id=cup)
    answer = await office.call(request, "bookkeeper")
    assert answer.mapping.create_wanted
    assert office.status(cup) == ("pending", "")
    assert (await load_settings(office.db, OURS)).overlay == {("create", f"product|{cup}"): "1"}
    pot = office.product(2, "Pot", document="5")
    assert (await office.refused(pb.CreateInQuickBooksRequest(kind=PRODUCT, source_id=pot))).reason == "MAPPED_ALREADY"
    office.sql("DELETE FROM record WHERE source_id = %s", cup)
    office.product(1, "Cup", document="14")
    assert (await load_settings(office.db, OURS)).overlay == {}, "once is enough"


async def test_before_a_company_was_read_everything_is_listed_and_nothing_can_be_chosen(
    server: TemplateDatabases,
) -> None:
    async with opened(server) as office:
        cup = office.product(1, "Cup")
        answer = await listed(office, PRODUCT)
        assert [each.name for each in answer.mappings] == ["Cup"]
        assert not answer.company_read
        assert (await office.refused(put(PRODUCT, cup, "14"))).reason == "COMPANY_NOT_READ"
        assert (await office.refused(pb.AutoMapRequest(kind=PRODUCT))).reason == "COMPANY_NOT_READ"


@pytest.mark.parametrize(
    "request_",
    [
        pb.ListMappingsRequest(kind=PRODUCT, text="\0"),
        pb.ListMappingsRequest(kind=PRODUCT, page_token="WyJcdTAwMDAiLCAiYSJd"),
        pb.ListMappingsRequest(kind=PRODUCT, page_token="nonsense"),
        pb.ListMappingsRequest(kind=PRODUCT, page_size=201),
        pb.ListMappingsRequest(),
        put(PRODUCT, "\0", "1"),
        put(TAX, "\0", "1"),
        pb.SearchQuickBooksRequest(list=pb.QUICK_BOOKS_LIST_ITEM, text="\0"),
        pb.SearchQuickBooksRequest(text="x"),
        pb.ListMappingChangesRequest(source_id="\0"),
        pb.ListMappingChangesRequest(page_token="x"),
        pb.CreateInQuickBooksRequest(kind=TAX, source_id="x"),
        pb.ExportMappingsRequest(),
    ],
)
async def test_what_cannot_be_understood_is_refused_and_breaks_nothing(office: Office, request_: object) -> None:
    assert (await office.refused(request_)).code == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    "request_",
    [
        put(PRODUCT, "x", "1"),
        pb.ClearMappingRequest(kind=PRODUCT, source_id="x"),
        pb.CreateInQuickBooksRequest(kind=PRODUCT, source_id="x"),
        pb.ApplyAutoMapRequest(kind=PRODUCT),
        pb.ImportMappingsRequest(kind=PRODUCT),
    ],
)
async def test_a_viewer_changes_no_mapping(office: Office, request_: object) -> None:
    assert (await office.refused(request_, "viewer")).code == grpc.StatusCode.PERMISSION_DENIED


async def test_nothing_is_seen_or_mapped_across_businesses(office: Office) -> None:
    cup = office.product(1, "Cup")
    office.company(THEIRS)
    assert not (await office.call(pb.ListMappingsRequest(kind=PRODUCT), business=THEIRS)).mappings
    refusal = await office.refused(put(PRODUCT, cup, "14"), business=THEIRS)
    assert refusal.code == grpc.StatusCode.NOT_FOUND
