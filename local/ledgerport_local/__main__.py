"""`python -m ledgerport_local run` starts everything on this machine; `demo` shows the main job in a minute."""

import importlib
import sys

COMMANDS = {"run": "ledgerport_local.run", "demo": "ledgerport_local.demo"}
OLDEST_PYTHON = (3, 11)


def main(arguments: "list[str]") -> int:
    """Run one command; the exit code is 0, 1 after a sentence that says what went wrong, 2 for a wrong call."""
    if sys.version_info < OLDEST_PYTHON:
        return _refuse(f"LedgerPort needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    if not arguments or arguments[0] not in COMMANDS:
        _refuse(f"Usage: python -m ledgerport_local {' | '.join(COMMANDS)}")
        return 2
    try:
        command = importlib.import_module(COMMANDS[arguments[0]])
    except ModuleNotFoundError as missing:
        return _refuse(f"The library {missing.name} is missing. Run: make setup")
    from ledgerport_local.errors import LocalError

    try:
        return int(command.main(arguments[1:]))
    except LocalError as error:
        return _refuse(str(error))


def _refuse(sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
