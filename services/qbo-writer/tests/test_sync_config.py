"""Sync Config over gRPC: kept in versions, validated with sentences, and what waited for it is tried again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import fields

import grpc
import psycopg
import pytest

from ledgerport.qbo_writer.v1 import sync_config_pb2 as pb
from ledgerport_local.databases import TemplateDatabases
from qbo_writer.posting.config import Customers, Method, SyncConfig
from qbo_writer.sync_config import RECONSIDERED, load_settings, settings_stamp
from qbo_writer_testing.settings_office import OURS, THEIRS, Office, Refusal, opened


@pytest.fixture
async def office(server: TemplateDatabases) -> AsyncIterator[Office]:
    async with opened(server) as made:
        made.company()
        yield made


async def now(office: Office) -> pb.GetSyncConfigResponse:
    answer: pb.GetSyncConfigResponse = await office.call(pb.GetSyncConfigRequest())
    return answer


async def changed(office: Office, who: str = "admin", **told: object) -> pb.UpdateSyncConfigRequest:
    """A change of what holds now."""
    held = await now(office)
    request = pb.UpdateSyncConfigRequest(config=held.config, expected_version=held.version)
    for name, value in told.items():
        if isinstance(value, list):
            request.config.ClearField(name)  # type: ignore[arg-type]
            getattr(request.config, name).extend(value)
        else:
            setattr(request.config, name, value)
    return request


def account(role: str, account_id: str) -> pb.RoleAccount:
    return pb.RoleAccount(role=pb.AccountRole.Value(f"ACCOUNT_ROLE_{role}"), account_id=account_id)


async def test_a_new_business_starts_with_the_defaults_and_proposals_of_its_own_chart(office: Office) -> None:
    held = await now(office)
    assert held.version == 0
    assert held.config.method == pb.SYNC_METHOD_SALES_RECEIPT
    proposed = {pb.AccountRole.Name(each.role).removeprefix("ACCOUNT_ROLE_"): each.proposed_id for each in held.roles}
    assert {role: qbo_id for role, qbo_id in proposed.items() if qbo_id} == {
        "SALES": "79",
        "SHIPPING": "45",
        "DISCOUNTS": "86",
        "REFUNDS": "6",
        "GIFT_CARDS": "43",
        "RECEIVABLE": "84",
    }
    assert next(each.own_name for each in held.roles if each.role == pb.ACCOUNT_ROLE_SHIPPING) == "Shipping Income"


async def test_the_companys_facts_stand_beside_it(office: Office) -> None:
    company = (await now(office)).company
    assert (company.name, company.tax_world, company.closed_until) == (
        "Willow Books",
        pb.TAX_WORLD_US_MANUAL,
        "2025-12-31",
    )
    assert (company.custom_numbers, company.multicurrency, company.class_tracking) == (True, False, True)
    classes = [each.name for each in (await now(office)).classes]
    assert classes == ["Online"], "what is inactive cannot be chosen"


async def test_only_accounts_of_the_right_type_can_be_chosen_for_a_part(office: Office) -> None:
    roles = {each.role: {account.name for account in each.accounts} for each in (await now(office)).roles}
    assert roles[pb.ACCOUNT_ROLE_GIFT_CARDS] == {"Gift Card Liability"}, "nor those that QuickBooks keeps by itself"
    assert "Checking" not in roles[pb.ACCOUNT_ROLE_SALES]
    assert "Old Shipping" not in roles[pb.ACCOUNT_ROLE_SHIPPING]
    assert "Bank Charges" in roles[pb.ACCOUNT_ROLE_REFUNDS]


async def test_what_is_saved_is_what_delivery_loads(office: Office) -> None:
    request = await changed(office, method=pb.SYNC_METHOD_INVOICE, number_prefix="SH-", start_date="2026-01-01")
    request.config.accounts.extend([account("SALES", "82"), account("TIPS", "")])
    request.config.customers = pb.CUSTOMER_POLICY_GENERIC
    assert (await office.call(request)).version == 1
    settings = await load_settings(office.db, OURS)
    assert settings.config == SyncConfig(
        version=1, method=Method.INVOICE, number_prefix="SH-", start_date="2026-01-01", customers=Customers.GENERIC
    )
    assert settings.overlay == {("setup", "account:sales"): "82"}
    assert (await load_settings(office.db, THEIRS)).config == SyncConfig()


async def test_every_setting_of_posting_can_be_read_and_changed_over_grpc(office: Office) -> None:
    known = {each.name for each in pb.SyncConfig.DESCRIPTOR.fields}
    assert known == {each.name for each in fields(SyncConfig)} - {"version"} | {"accounts"}
    await office.call(await changed(office))
    assert (await load_settings(office.db, OURS)).config == SyncConfig(version=1), "the defaults survive the way"


async def test_a_change_of_an_older_version_is_refused_and_names_who_was_faster(office: Office) -> None:
    mine, theirs = await changed(office, number_prefix="A"), await changed(office, number_prefix="B")
    await office.call(theirs)
    refusal = await office.refused(mine)
    assert refusal.code == grpc.StatusCode.FAILED_PRECONDITION
    assert refusal.reason == "STALE_VERSION"
    assert "admin@x.test saved other settings meanwhile" in refusal.say
    assert (await now(office)).config.number_prefix == "B"


async def test_of_many_who_save_at_once_exactly_one_is_taken(office: Office) -> None:
    requests = [await changed(office, number_prefix=f"P{number}") for number in range(6)]
    answers = await asyncio.gather(*(office.call(each) for each in requests), return_exceptions=True)
    refusals = [each for each in answers if isinstance(each, Refusal)]
    assert len(refusals) == 5
    assert {each.reason for each in refusals} == {"STALE_VERSION"}
    assert (await now(office)).version == 1


async def test_all_problems_are_told_at_once_each_at_its_field(office: Office) -> None:
    request = await changed(
        office,
        start_date="2026-02-30",
        payment_triggers=[],
        fulfillment_triggers=[],
        number_prefix="far too long",
        customer_memo="x" * 1001,
        class_id="5000000000000007281",
        unmapped_products=pb.UNMAPPED_PRODUCT_POLICY_FALLBACK,
        presentment_currency=True,
        posting_date=pb.POSTING_DATE_UNSPECIFIED,
    )
    request.config.accounts.extend([account("SALES", "35"), account("SHIPPING", "91"), account("TAX", "90")])
    refusal = await office.refused(request)
    assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT
    assert refusal.reason == "FIELDS_REFUSED"
    assert set(refusal.fields) == {
        *("start_date", "payment_triggers", "fulfillment_triggers", "number_prefix", "customer_memo", "class_id"),
        *("fallback_item_id", "presentment_currency", "posting_date"),
        *("accounts.sales", "accounts.shipping", "accounts.tax"),
    }
    assert refusal.fields["accounts.sales"] == "The account “Checking” is of type Bank; Sales needs Income."
    assert "inactive" in refusal.fields["accounts.shipping"]
    assert "by itself" in refusal.fields["accounts.tax"]
    assert (await now(office)).version == 0


@pytest.mark.parametrize(
    ("item", "said"), [("12", "category"), ("13", "bundle"), ("17", "inactive"), ("999", "not in QuickBooks")]
)
async def test_the_fallback_item_must_be_one_that_can_be_sold(office: Office, item: str, said: str) -> None:
    fallback = pb.UNMAPPED_PRODUCT_POLICY_FALLBACK
    refusal = await office.refused(await changed(office, unmapped_products=fallback, fallback_item_id=item))
    assert said in refusal.fields["fallback_item_id"]


async def test_a_class_cannot_be_set_where_classes_are_not_tracked(office: Office) -> None:
    office.company(AccountingInfoPrefs={})
    refusal = await office.refused(await changed(office, class_id="5000000000000007280", location_id="1"))
    assert set(refusal.fields) == {"class_id", "location_id"}
    assert "tracking is off" in refusal.fields["class_id"]


async def test_what_was_saved_and_does_not_hold_any_longer_is_told(office: Office) -> None:
    request = await changed(office)
    request.config.accounts.append(account("SHIPPING", "45"))
    await office.call(request)
    assert not (await now(office)).problems
    office.sql("UPDATE company_name SET active = false WHERE list = 'Account' AND qbo_id = '45'")
    [problem] = (await now(office)).problems
    assert problem.field == "accounts.shipping"


async def test_what_waited_for_other_settings_is_tried_again_and_nothing_else(office: Office) -> None:
    freed = [
        office.record("order", f"{reason}", "#1", status=status, reason=reason)
        for reason in RECONSIDERED
        for status in ["on_hold" if len(reason) % 2 else "error"]
    ]
    freed.append(office.record("order", "zero", "#2", status="skipped", reason="ZERO_ORDER"))
    kept = [
        office.record("order", "ignored", "#3", status="skipped", reason="IGNORED"),
        office.record("order", "refused", "#4", status="error", reason="AMOUNTS_DO_NOT_ADD_UP"),
        office.record("order", "done", "#5", status="synced", reason=""),
    ]
    before = {source_id: office.status(source_id) for source_id in kept}
    theirs = office.record("order", "theirs", "#1", status="on_hold", reason="TRIGGER", business=THEIRS)
    answer = await office.call(await changed(office, number_prefix="X"))
    assert answer.reconsidered == len(freed)
    assert {office.status(source_id) for source_id in freed} == {("pending", "")}
    assert {source_id: office.status(source_id) for source_id in kept} == before
    assert office.status(theirs) == ("on_hold", "TRIGGER")
    assert office.woken


async def test_every_version_stays_with_who_and_what_changed(office: Office) -> None:
    await office.call(await changed(office, method=pb.SYNC_METHOD_INVOICE))
    request = await changed(office, auto_sync=False)
    request.config.accounts.append(account("SALES", "82"))
    await office.call(request)
    listed = await office.call(pb.ListSyncConfigVersionsRequest(page_size=1), "viewer")
    [newest] = listed.versions
    assert (newest.version, newest.saved_by) == (2, "admin@x.test")
    assert list(newest.changes) == [
        "Auto-Sync: on → off",
        "Account for Sales: LedgerPort's own “Sales of Product Income” → “Design income”",
    ]
    rest = await office.call(pb.ListSyncConfigVersionsRequest(page_token=listed.next_page_token), "viewer")
    assert [list(each.changes) for each in rest.versions] == [["Sync method: sales receipt → invoice"]]


@pytest.mark.parametrize("statement", ["UPDATE sync_config SET config = '{}'", "DELETE FROM sync_config"])
async def test_no_version_can_be_changed_or_removed(office: Office, statement: str) -> None:
    await office.call(await changed(office))
    with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
        office.sql(statement)


async def test_the_stamp_grows_with_each_change_and_stays_for_others(office: Office) -> None:
    assert await settings_stamp(office.db, OURS) == 0
    await office.call(await changed(office))
    first = await settings_stamp(office.db, OURS)
    await office.call(await changed(office))
    assert 0 < first < await settings_stamp(office.db, OURS)
    assert await settings_stamp(office.db, THEIRS) == 0


@pytest.mark.parametrize("who", ["viewer", "bookkeeper"])
async def test_only_admins_change_settings(office: Office, who: str) -> None:
    refusal = await office.refused(await changed(office), who)
    assert refusal.code == grpc.StatusCode.PERMISSION_DENIED
    assert (await now(office)).version == 0


async def test_a_company_that_was_never_read_is_read_when_somebody_looks(server: TemplateDatabases) -> None:
    async with opened(server) as office:
        held = await now(office)
        assert not held.HasField("company")
        assert all(each.own_name and each.types and not each.accounts for each in held.roles)
        office.reads = True
        assert (await now(office)).company.name == "Willow Books"
        await now(office)
        assert len(office.readings) == 2, "and not once more"


async def test_without_a_company_nothing_of_it_can_be_chosen_but_the_rest_can_be_saved(
    server: TemplateDatabases,
) -> None:
    async with opened(server) as office:
        request = await changed(office, number_prefix="X")
        request.config.accounts.append(account("SALES", "79"))
        assert "has not been read yet" in (await office.refused(request)).fields["accounts.sales"]
        request.config.ClearField("accounts")
        assert (await office.call(request)).version == 1


async def test_the_company_is_read_again_when_a_bookkeeper_asks(office: Office) -> None:
    office.reads = True
    answer = await office.call(pb.ReadCompanyRequest(), "bookkeeper")
    assert answer.company.name == "Willow Books"
    assert office.readings == [OURS]
    office.sql("UPDATE company SET loaded_at = now()")
    await office.call(pb.ReadCompanyRequest(), "bookkeeper")
    assert office.readings == [OURS], "what was just read is not read again"
    office.reads = False
    office.sql("DELETE FROM company")
    assert (await office.refused(pb.ReadCompanyRequest(), "bookkeeper")).reason == "NOT_CONNECTED"


async def test_nothing_is_told_or_changed_across_businesses(office: Office) -> None:
    await office.call(await changed(office, number_prefix="OURS"))
    theirs = await office.call(pb.GetSyncConfigRequest(), business=THEIRS)
    assert theirs.version == 0
    assert not theirs.HasField("company")
    assert not (await office.call(pb.ListSyncConfigVersionsRequest(), business=THEIRS)).versions
