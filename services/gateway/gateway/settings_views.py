"""Settings and mappings as the services answered them, in the shape that pages and the JSON API show."""

from __future__ import annotations

from gateway import wording
from gateway.views import View
from ledgerport.qbo_writer.v1 import mapping_pb2, sync_config_pb2

TAX_LABELS = {
    "US_MANUAL": "United States, set up by hand",
    "US_AUTOMATED": "United States, automated by QuickBooks",
    "GLOBAL": "VAT, GST or the like",
    "NONE": "Not used",
    "UNSPECIFIED": "",
}
STATE_LABELS = {"UNMAPPED": "Not mapped", "AUTOMATIC": "Matched", "MANUAL": "Chosen"}


def tax_word(world: sync_config_pb2.TaxWorld.ValueType) -> str:
    return sync_config_pb2.TaxWorld.Name(world).removeprefix("TAX_WORLD_")


def list_of(word: str) -> mapping_pb2.QuickBooksList.ValueType:
    """The list that a person chose, in any case; unspecified for anything else."""
    known = mapping_pb2.QuickBooksList.DESCRIPTOR.values_by_name.get(f"QUICK_BOOKS_LIST_{word.upper()}")
    return mapping_pb2.QuickBooksList.ValueType(known.number if known else 0)


def name(message: sync_config_pb2.QuickBooksName) -> View:
    return {"id": message.id, "name": message.name, "detail": message.detail}


def company(message: sync_config_pb2.CompanyFacts) -> View:
    world = tax_word(message.tax_world)
    return {
        "id": message.realm_id,
        "name": message.name,
        "country": message.country,
        "home_currency": message.home_currency,
        "tax_world": world,
        "tax_label": TAX_LABELS[world],
        "custom_numbers": message.custom_numbers,
        "multicurrency": message.multicurrency,
        "closed_until": message.closed_until,
        "class_tracking": message.class_tracking,
        "location_tracking": message.location_tracking,
        "read_at": wording.moment(message.read_at),
    }


def version(message: sync_config_pb2.SyncConfigVersion) -> View:
    return {
        "version": message.version,
        "saved_by": message.saved_by,
        "saved_at": wording.moment(message.saved_at),
        "changes": list(message.changes),
    }


def mapping(message: mapping_pb2.Mapping) -> View:
    state = mapping_pb2.MappingState.Name(message.state).removeprefix("MAPPING_STATE_")
    return {
        "source_id": message.source_id,
        "name": message.name,
        "detail": message.detail,
        "state": state,
        "state_label": STATE_LABELS.get(state, state),
        "quickbooks": name(message.quickbooks) if message.HasField("quickbooks") else None,
        "problem": message.problem,
        "mapped_by": message.mapped_by,
        "mapped_at": wording.moment(message.mapped_at),
        "record_id": message.record_id,
        "record_status": wording.status_word(message.record_status) if message.record_status else "",
        "record_sentence": message.record_sentence,
        "create_wanted": message.create_wanted,
    }


def proposal(message: mapping_pb2.Proposal) -> View:
    return {
        "source_id": message.source_id,
        "name": message.name,
        "detail": message.detail,
        "quickbooks": name(message.quickbooks),
        "because": message.because,
    }


def change(message: mapping_pb2.MappingChange) -> View:
    return {
        "name": message.name,
        "before": message.before,
        "after": message.after,
        "changed_by": message.changed_by,
        "changed_at": wording.moment(message.changed_at),
    }
