"""`ledgerport health`: what is not well in any service, by the same bounds as the alerts."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import grpc

from ledgerport.operations.v1 import operations_pb2 as pb
from ledgerport_admin.report import TROUBLE, UNREACHABLE, WELL, Report
from ledgerport_admin.services import Services

_PREFIX = "ledgerport_"
_PAUSED = {"yes": " and paused", "no": ""}
_LONGEST_ANSWER = 10.0
_OLDEST_FIGURES = 300.0
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Rule:
    """A figure of this metric (and of labels that it concerns) above the bound is not well."""

    metric: str
    above: float
    say: str
    concerns: Callable[[Labels], bool] = lambda _labels: True


_RULES = (
    _Rule("outbox_oldest_seconds", 120, "its outbox has not reached NATS for {value:.0f} s"),
    _Rule(
        "oldest_waiting_seconds",
        900,
        "the oldest of {queue} has waited for {value:.0f} s",
        lambda labels: labels["queue"] in ("records", "hints", "claims"),
    ),
    _Rule("consumer_lag", 2000, "{consumer} is {value:.0f} events of {stream} behind"),
    _Rule("dead_letters", 0, "{consumer} gave up on {value:.0f} events: see `ledgerport replay --dead --dry-run`"),
    _Rule(
        "refresh_tokens",
        0,
        "{value:.0f} refresh tokens of {provider} live {days} days",
        lambda labels: labels["days"] == "under 3",
    ),
    _Rule(
        "refresh_tokens",
        0,
        "{value:.0f} refresh tokens of {provider} have ended",
        lambda labels: labels["days"] == "over",
    ),
    _Rule(
        "connections",
        0,
        "{value:.0f} connections to {provider} are unhealthy: their people must connect again",
        lambda labels: labels["status"] == "unhealthy",
    ),
    _Rule("stores", 0, "{value:.0f} stores are {state}", lambda labels: labels["state"] != "well"),
)


async def run(services: Services, _asked: Namespace) -> Report:
    """The command."""
    names = list(services.operations)
    answers = dict(zip(names, await asyncio.gather(*(_ask(services, name) for name in names)), strict=True))
    troubles = {name: _troubles_of(answer) for name, answer in answers.items()}
    lines = [f"{name}: {'; '.join(of_it) if of_it else 'well'}." for name, of_it in troubles.items()]
    figures = {name: [] if isinstance(each, str) else list(each.figures) for name, each in answers.items()}
    told = {
        name: {
            "well": not troubles[name],
            "troubles": troubles[name],
            "figures": [_data(each) for each in figures[name]],
        }
        for name in names
    }
    code = TROUBLE if any(troubles.values()) else WELL
    if any(isinstance(answer, str) for answer in answers.values()):
        code = UNREACHABLE
    return Report([*lines, *_sums([each for of_it in figures.values() for each in of_it])], {"services": told}, code)


async def _ask(services: Services, name: str) -> pb.GetHealthResponse | str:
    try:
        return await services.operations[name].GetHealth(pb.GetHealthRequest(), timeout=_LONGEST_ANSWER)
    except grpc.aio.AioRpcError as failure:
        return failure.code().name


def _troubles_of(answer: pb.GetHealthResponse | str) -> list[str]:
    return [f"does not answer ({answer})"] if isinstance(answer, str) else list(_troubles(answer))


def _troubles(answer: pb.GetHealthResponse) -> Iterator[str]:
    yield from (f"{what} is not ready ({why})" for what, why in sorted(answer.troubles.items()))
    if answer.figures_age > _OLDEST_FIGURES:
        yield f"what is known of its database is {answer.figures_age:.0f} s old"
    for figure in answer.figures:
        for rule in _RULES:
            if (
                figure.metric == f"{_PREFIX}{rule.metric}"
                and figure.value > rule.above
                and rule.concerns(figure.labels)
            ):
                yield rule.say.format(value=figure.value, **figure.labels)


def _data(figure: pb.Figure) -> dict[str, object]:
    return {"metric": figure.metric, "labels": dict(figure.labels), "value": figure.value}


def _sums(figures: Sequence[pb.Figure]) -> Iterator[str]:
    """What waits and how connections stand, whether or not that is well."""
    waiting = [f"{each.labels['queue']} {each.value:.0f}" for each in figures if each.metric == f"{_PREFIX}waiting"]
    if waiting:
        yield f"Waiting: {', '.join(sorted(waiting))}."
    standing = [
        f"{each.labels['provider']} {each.labels['status']}{_PAUSED[each.labels['paused']]} {each.value:.0f}"
        for each in figures
        if each.metric == f"{_PREFIX}connections"
    ]
    if standing:
        yield f"Connections: {', '.join(sorted(standing))}."
