"""`ledgerport COMMAND` as a program: arguments in, sentences or JSON out, and an exit code."""

from __future__ import annotations

import asyncio
import json
import sys
from argparse import Namespace

import grpc
from pydantic import ValidationError

from ledgerport_admin.arguments import parse
from ledgerport_admin.report import TROUBLE, UNREACHABLE, USAGE, Report
from ledgerport_admin.services import Services, Settings
from ledgerport_libs.errors import AppError, InvalidRequest, PassingTrouble, error_of


def main(words: list[str]) -> int:
    """0: done, all is well. 1: something is not well, or was refused. 2: wrongly asked. 3: no answer."""
    asked = parse(words)
    try:
        settings = Settings()
    except ValidationError as error:
        missing = ", ".join(str(problem["loc"][0]).upper() for problem in error.errors())
        return _said(Report([f"Not set, or wrong: {missing}."], {"missing": missing}, USAGE), as_json=asked.json)
    try:
        report = asyncio.run(_run(asked, settings))
    except (OSError, ValueError) as error:
        report = Report([f"This cannot be used: {error}"], {"error": str(error)}, USAGE)
    except grpc.aio.AioRpcError as failure:
        report = _refused(error_of(failure))
    return _said(report, as_json=asked.json)


async def _run(asked: Namespace, settings: Settings) -> Report:
    async with Services.open(settings, asked.key) as services:
        report: Report = await asked.run(services, asked)
        return report


def _refused(error: AppError) -> Report:
    code = {PassingTrouble: UNREACHABLE, InvalidRequest: USAGE}.get(type(error), TROUBLE)
    return Report([error.say], {"error": error.say, "reason": error.reason}, code)


def _said(report: Report, *, as_json: bool) -> int:
    lines = [json.dumps(report.data, indent=2, sort_keys=True)] if as_json else report.sentences
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return report.code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
