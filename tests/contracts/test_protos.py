"""What every contract keeps: each method says who may call it, and nothing is open to all."""

from __future__ import annotations

from importlib import import_module

import pytest
from google.protobuf.descriptor import MethodDescriptor

from ledgerport.common.v1 import access_pb2

MODULES = (
    "ledgerport.auth.v1.people_pb2",
    "ledgerport.auth.v1.api_tokens_pb2",
    "ledgerport.auth.v1.credentials_pb2",
    "ledgerport.auth.v1.recipients_pb2",
    "ledgerport.connections.v1.connections_pb2",
    "ledgerport.shopify_sync.v1.intake_pb2",
    "ledgerport.qbo_writer.v1.records_pb2",
    "ledgerport.qbo_writer.v1.push_pb2",
    "ledgerport.qbo_writer.v1.preview_pb2",
    "ledgerport.qbo_writer.v1.sync_config_pb2",
    "ledgerport.qbo_writer.v1.mapping_pb2",
)
SERVICES = {"auth", "connections", "shopify-sync", "qbo-writer", "gateway"}


def methods() -> list[MethodDescriptor]:
    files = [import_module(name).DESCRIPTOR for name in MODULES]
    return [m for file in files for service in file.services_by_name.values() for m in service.methods]


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.full_name)
def test_each_method_says_who_may_call_it_and_what_it_does(method: MethodDescriptor) -> None:
    access = method.GetOptions().Extensions[access_pb2.access]
    assert access.effect != access_pb2.EFFECT_UNSPECIFIED
    assert access.services or access.minimum_role or access.any_person, "nobody could ever call it"
    assert set(access.services) <= SERVICES


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.full_name)
def test_what_people_may_call_names_no_business(method: MethodDescriptor) -> None:
    access = method.GetOptions().Extensions[access_pb2.access]
    if access.minimum_role or access.any_person:
        assert "business_id" not in method.input_type.fields_by_name, "the Business is the caller's own"


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.full_name)
def test_no_viewer_changes_anything(method: MethodDescriptor) -> None:
    access = method.GetOptions().Extensions[access_pb2.access]
    if access.effect == access_pb2.EFFECT_CHANGE and access.minimum_role:
        assert access.minimum_role >= access_pb2.ROLE_BOOKKEEPER
