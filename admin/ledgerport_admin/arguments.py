"""What can be asked: commands and their options."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from typing import TypeAlias

from ledgerport_admin import draining, health, refetching, replaying, rotating
from ledgerport_admin.services import NAMES, STDIN

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
_CODES = "Exit codes: 0 done, all is well; 1 something is not well, or was refused; 2 wrongly asked; 3 no answer."


def parse(words: list[str]) -> argparse.Namespace:
    """The command, with `run` to carry it out. Ends the program with code 2 where the words make no sense."""
    parser = argparse.ArgumentParser(
        prog="ledgerport", description="Looks at a running LedgerPort and steers it.", epilog=_CODES
    )
    parser.add_argument(
        "--key",
        default=os.environ.get("ADMIN_KEY_FILE", STDIN),
        help="file with the private key of `admin`; - (the default): standard input",
    )
    parser.add_argument("--json", action="store_true", help="say it as JSON")
    parser.add_argument("--by", default=os.environ.get("USER", "an operator"), help="who does it, for the record")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _health(commands)
    _replay(commands)
    _drain(commands)
    _refetch(commands)
    _rotate(commands)
    return parser.parse_args(words)


def _command(commands: _Commands, name: str, about: str) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=about, description=about, epilog=_CODES)


def _dry(command: argparse.ArgumentParser) -> None:
    command.add_argument("--dry-run", action="store_true", help="say what would be done, and change nothing")


def _health(commands: _Commands) -> None:
    command = _command(commands, "health", "Says of all services what is not well: readiness, backlog, tokens, stores.")
    command.set_defaults(run=health.run)


def _replay(commands: _Commands) -> None:
    command = _command(commands, "replay", "Hands events to their handlers once more. Handlers take repetitions.")
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument("--dead", action="store_true", help="events that were given up")
    what.add_argument("--business", metavar="ID", help="what a service ever said of this Business, from its outbox")
    command.add_argument("--consumer", default="", help="with --dead: of this consumer alone")
    command.add_argument(
        "--id",
        type=int,
        action="append",
        default=[],
        help="with --dead and --consumer: this one alone; may be repeated",
    )
    command.add_argument(
        "--service", choices=NAMES, default="shopify-sync", help="with --business: which service said it (shopify-sync)"
    )
    _dry(command)
    command.set_defaults(run=replaying.run)


def _drain(commands: _Commands) -> None:
    command = _command(commands, "drain", "Lets a writer finish what it has sent and give its companies to the others.")
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument("writer", nargs="?", help="its pod, or the beginning of its holder id")
    what.add_argument("--list", action="store_true", help="which writers there are")
    command.add_argument("--minutes", type=float, default=15.0, help="for so long (15); 0: it works again")
    _dry(command)
    command.set_defaults(run=draining.run)


def _refetch(commands: _Commands) -> None:
    command = _command(
        commands, "refetch", "Reads objects of a Business's store anew. What is as it was is not said again."
    )
    command.add_argument("business", help="id of the Business")
    command.add_argument("kind", choices=("order", "customer", "product"))
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument("--id", action="append", default=[], help="a number or gid of Shopify's; may be repeated")
    what.add_argument(
        "--from",
        dest="since",
        type=_moment,
        metavar="TIME",
        help="what changed last since then, for example 2026-01-31 or 2026-01-31T12:00Z",
    )
    command.add_argument("--before", type=_moment, metavar="TIME", help="with --from: and before then")
    command.add_argument("--say-again", action="store_true", help="also where nothing changed")
    _dry(command)
    command.set_defaults(run=refetching.run)


def _rotate(commands: _Commands) -> None:
    command = _command(
        commands, "rotate-keys", "Seals all stored tokens with the active key. Safe to stop and to repeat."
    )
    _dry(command)
    command.set_defaults(run=rotating.run)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
