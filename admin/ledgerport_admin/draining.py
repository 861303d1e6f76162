"""`ledgerport drain`: a writer gives its companies back, and takes none for a while."""

from __future__ import annotations

from argparse import Namespace

from ledgerport.qbo_writer.v1 import writers_pb2 as pb
from ledgerport_admin.report import TROUBLE, Report, counted
from ledgerport_admin.services import Services


async def run(services: Services, asked: Namespace) -> Report:
    """The command."""
    writers = list((await services.writers.ListWriters(pb.ListWritersRequest())).writers)
    if asked.list:
        return Report(
            [_line(each) for each in writers] or ["No writer runs."],
            {"writers": [_data(each) for each in writers]},
        )
    chosen = [each for each in writers if each.name == asked.writer or each.holder.startswith(asked.writer)]
    if len(chosen) != 1:
        say = "No writer" if not chosen else "More than one writer"
        return Report(
            [f"{say} is called {asked.writer}: see `ledgerport drain --list`."], {"found": len(chosen)}, TROUBLE
        )
    [writer] = chosen
    if asked.minutes and not [each for each in writers if each is not writer and not each.rests]:
        note = ["No other writer works: its companies wait until it works again."]
    else:
        note = []
    data = {"writer": _data(writer), "minutes": asked.minutes, "dry_run": asked.dry_run}
    will = "would" if asked.dry_run else "will"
    if not asked.dry_run:
        request = pb.RestWriterRequest(holders=[writer.holder], seconds=asked.minutes * 60, done_by=asked.by)
        await services.writers.RestWriter(request)
    if not asked.minutes:
        return Report([f"{writer.name} {will} take companies again."], data)
    companies = counted(writer.companies, "company", "companies")
    sentence = f"{writer.name} {will} give back {companies} and rest for {asked.minutes:g} minutes."
    return Report([sentence, *note], data)


def _line(writer: pb.Writer) -> str:
    state = f"rests for {writer.rests / 60:.0f} more minutes" if writer.rests else "works"
    return f"{writer.name} ({writer.holder[:8]}) has {counted(writer.companies, 'company', 'companies')} and {state}."


def _data(writer: pb.Writer) -> dict[str, object]:
    return {"name": writer.name, "holder": writer.holder, "companies": writer.companies, "rests": writer.rests}
