"""The long form: seed after seed, until one ends with wrong books: `make faults FIRST=1 SEEDS=1000`."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator

from tests.faults.seeds import Run, play
from tests.faults.towns import Town, running

from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.wiring import WITH_DATABASE

# The audit reads a whole store and a whole company: a merchant stays for so many seeds.
_SEEDS_A_TOWN = 4
_LAST_LINES, _LONGEST_LINE = 12, 500


def main() -> int:
    """0: every book was right. 1: some were not, and how to repeat each is printed."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--keep-going", action="store_true", help="go on after a seed that ended with wrong books")
    chosen = parser.parse_args()
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    with temporary_home() as home, running(home) as platform:
        runs = list(_runs(platform, list(seeds), chosen.keep_going))
    return _sum_up(runs)


def _runs(platform: LocalPlatform, seeds: list[int], keep_going: bool) -> Iterator[Run]:
    """A merchant whose books are wrong gets no further seed."""
    while seeds:
        town = Town(platform, seeds[0])
        for _ in range(min(_SEEDS_A_TOWN, len(seeds))):
            run = play(town, seeds.pop(0))
            _say(run)
            yield run
            if run.wrong:
                _quote_logs(platform)
                if not keep_going:
                    return
                break
        town.close()


def _say(run: Run) -> None:
    print(f"seed {run.seed}: {run.orders} orders, {run.seconds:.1f} s; {', '.join(run.happened)}", flush=True)  # noqa: T201
    for wrong in run.wrong:
        print(f"  {wrong}", flush=True)  # noqa: T201
    if run.wrong:
        print(f"  again: {run.repeat}", flush=True)  # noqa: T201


def _quote_logs(platform: LocalPlatform) -> None:
    """The last that each service said, but for what it says all the time."""
    for service in WITH_DATABASE:
        told = [line for line in platform.log(service).read_text().splitlines() if "caught_up" not in line]
        sys.stdout.writelines(f"    {service}: {line[:_LONGEST_LINE]}\n" for line in told[-_LAST_LINES:])


def _sum_up(runs: list[Run]) -> int:
    bad = [run for run in runs if run.wrong]
    drawn = Counter(name for run in runs for name in run.happened)
    kinds = Counter(wrong.partition(":")[0] for run in bad for wrong in run.wrong)
    print(  # noqa: T201
        f"{len(runs)} seeds, {sum(run.orders for run in runs)} orders, {sum(drawn.values())} disturbances: "
        f"{kinds['lost']} lost, {kinds['doubled']} doubled, {kinds['different']} different"
    )
    print("  " + ", ".join(f"{count} {name}" for name, count in sorted(drawn.items())))  # noqa: T201
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
