"""`ledgerport replay`: dead letters to their handlers, or all that was said of a Business to all who listen."""

from __future__ import annotations

from argparse import Namespace

from ledgerport.operations.v1 import operations_pb2 as pb
from ledgerport_admin.report import TROUBLE, USAGE, WELL, Report, counted
from ledgerport_admin.services import Services


async def run(services: Services, asked: Namespace) -> Report:
    """The command."""
    if asked.business:
        return await _business(services, asked)
    if asked.id and not asked.consumer:
        return Report(["Say with --consumer whose dead letters these are."], {"error": "no consumer"}, USAGE)
    found = await _letters(services, asked.consumer)
    chosen = {each: name for each, name in found.items() if not asked.id or each[1] in asked.id}
    return _listed(chosen) if asked.dry_run or not chosen else await _replayed(services, asked, chosen)


Letters = dict[tuple[str, int], tuple[str, pb.DeadLetter]]


async def _letters(services: Services, consumer: str) -> Letters:
    """By consumer and id: the service that keeps it, and the letter."""
    found: Letters = {}
    for name, service in services.operations.items():
        after = 0
        while True:
            request = pb.ListDeadLettersRequest(consumer=consumer, after_id=after)
            page = (await service.ListDeadLetters(request)).letters
            if not page:
                break
            found |= {(each.consumer, each.id): (name, each) for each in page}
            after = page[-1].id
    return found


def _listed(chosen: Letters) -> Report:
    rows = [
        {"service": name, "consumer": each.consumer, "id": each.id, "subject": each.subject, "error": each.error}
        for name, each in chosen.values()
    ]
    lines = [f"{row['consumer']} {row['id']}: {row['subject']}: {row['error']}" for row in rows]
    return Report([*lines, f"{counted(len(rows), 'dead letter')}."], {"dead_letters": rows})


async def _replayed(services: Services, asked: Namespace, chosen: Letters) -> Report:
    done = failed = 0
    lines = []
    for consumer, name in sorted({(key[0], kept[0]) for key, kept in chosen.items()}):
        of_this = {"done": 0, "failed": 0}
        last = 0
        while True:
            request = pb.ReplayDeadLettersRequest(consumer=consumer, ids=asked.id, after_id=last, done_by=asked.by)
            answer = await services.operations[name].ReplayDeadLetters(request)
            of_this["done"] += answer.done
            of_this["failed"] += answer.failed
            last = answer.last_id
            if not last:
                break
        lines.append(f"{consumer}: {of_this['done']} taken, {of_this['failed']} failed again.")
        done, failed = done + of_this["done"], failed + of_this["failed"]
    return Report(lines, {"done": done, "failed": failed}, TROUBLE if failed else WELL)


async def _business(services: Services, asked: Namespace) -> Report:
    request = pb.ReplayEventsRequest(business_id=asked.business, dry_run=asked.dry_run, done_by=asked.by)
    answer = await services.operations[asked.service].ReplayEvents(request)
    will = "would be published" if asked.dry_run else "are being published"
    sentence = f"{counted(answer.events, 'event')} of {asked.service} about {asked.business} {will} once more."
    return Report([sentence], {"events": answer.events, "service": asked.service, "dry_run": asked.dry_run})
