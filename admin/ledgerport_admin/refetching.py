"""`ledgerport refetch`: objects of a store are read anew, as if a webhook had named them."""

from __future__ import annotations

from argparse import Namespace

from ledgerport.shopify_sync.v1 import refetch_pb2 as pb
from ledgerport_admin.report import Report, counted
from ledgerport_admin.services import Services


async def run(services: Services, asked: Namespace) -> Report:
    """The command."""
    request = pb.RefetchRequest(
        business_id=asked.business,
        kind=asked.kind,
        source_ids=[_gid(asked.kind, each) for each in asked.id],
        say_again=asked.say_again,
        dry_run=asked.dry_run,
        done_by=asked.by,
    )
    if asked.since:
        request.updated_from.FromDatetime(asked.since)
    if asked.before:
        request.updated_before.FromDatetime(asked.before)
    answer = await services.refetch.Refetch(request)
    will = "would be" if asked.dry_run else "are being"
    sentence = f"{counted(answer.objects, asked.kind)} of {answer.shop_domain} {will} read anew."
    return Report([sentence], {"shop": answer.shop_domain, "objects": answer.objects, "dry_run": asked.dry_run})


def _gid(kind: str, given: str) -> str:
    return f"gid://shopify/{kind.capitalize()}/{given}" if given.isdecimal() else given
