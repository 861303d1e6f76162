"""`ledgerport rotate-keys`: call after call until nothing is sealed by a former key."""

from __future__ import annotations

from argparse import Namespace

from ledgerport.auth.v1 import sealing_pb2 as pb
from ledgerport_admin.report import TROUBLE, WELL, Report, counted
from ledgerport_admin.services import Services


async def run(services: Services, asked: Namespace) -> Report:
    """The command."""
    done = 0
    while True:
        answer = await services.sealing.Reseal(pb.ResealRequest(dry_run=asked.dry_run, done_by=asked.by))
        done += answer.done
        if asked.dry_run or not answer.waiting or not answer.done:
            break
    data = {
        "active_key": answer.active_key,
        "other_keys": list(answer.other_keys),
        "done": done,
        "waiting": answer.waiting,
        "broken": list(answer.broken),
        "dry_run": asked.dry_run,
    }
    if asked.dry_run:
        return Report([f"{counted(answer.waiting, 'value')} would be sealed anew with {answer.active_key}."], data)
    lines = [f"{counted(done, 'value')} sealed anew with {answer.active_key}."]
    lines += [f"Cannot be opened by any key on the ring: {place}." for place in answer.broken]
    if answer.waiting:
        left = counted(answer.waiting, "value is", "values are")
        lines.append(f"{left} sealed by another key still: does every auth pod have {answer.active_key} active?")
    elif answer.other_keys:
        lines.append(
            f"Everything is sealed with {answer.active_key}; can be removed now: {', '.join(answer.other_keys)}."
        )
    else:
        lines.append(f"Everything is sealed with {answer.active_key}.")
    return Report(lines, data, TROUBLE if answer.waiting else WELL)
