"""Two things measured in turns, in short rounds, and the ratio between them.

Machines are shared and their speed changes by the minute. What runs in the same half minute runs under the
same conditions, so ratios are taken between neighbours, and their median is what is said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import mean, median

from benchmarks.load import Load, ask, quantile
from benchmarks.scenarios import Scenario
from benchmarks.servers import WORKERS, Server
from benchmarks.sql import loop, taken_down
from benchmarks.store import Store

Round = Callable[[int], Load]


@dataclass
class Side:
    """One of two things that are compared, by its rounds."""

    loads: list[Load] = field(default_factory=list)
    cpus: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second, in the median round."""
        return median(load.rate for load in self.loads)

    @property
    def mean(self) -> float:
        """Seconds that an answer takes, on average."""
        return mean(self.times)

    @property
    def times(self) -> list[float]:
        """How long every answer of every round took."""
        return [each for load in self.loads for each in load.times]

    @property
    def cpu(self) -> float | None:
        """Seconds of a processor that the server's workers use for an answer."""
        return median(self.cpus) if self.cpus else None


@dataclass
class Result:
    """What came of a scenario."""

    scenario: Scenario
    side: Side
    limit: Side
    ratios: list[float]
    plain: float | None = None

    @property
    def ratio(self) -> float:
        """The median of the ratios between neighbouring rounds."""
        return median(self.ratios)

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        if self.scenario.slower:
            return self.ratio <= self.scenario.goal
        slow = self.scenario.p99 is not None and quantile(self.side.times, 0.99) > self.scenario.p99
        few = self.plain is not None and self.plain < 4
        return self.ratio >= self.scenario.goal and not slow and not few


def measure(
    scenario: Scenario, server: Server, limit: Server | None, store: Store, *, seconds: float, rounds: int
) -> Result:
    """Measure a scenario and what it is measured beside, in turns; `limit` is the other server, if it is one."""
    side, other = Side(), Side()
    ours = _asking(side, server, scenario.paths, seconds)
    if scenario.beside == "sql":
        requests = taken_down(store, scenario.paths)
        theirs = _looping(other, store, requests, seconds)
    else:
        assert limit is not None
        theirs = _asking(other, limit, scenario.others or scenario.paths, seconds)
    _in_turns([ours, theirs], rounds)
    ratios = [mine.rate / its.rate for mine, its in zip(side.loads, other.loads, strict=True)]
    result = Result(scenario, side, other, [1 / each for each in ratios] if scenario.slower else ratios)
    if scenario.plain:
        plain = Side()
        _in_turns([ours, _looping(plain, store, [[each] for each in scenario.plain], seconds)], max(3, rounds // 2))
        again = side.loads[-len(plain.loads) :]
        result.plain = median(mine.rate / its.rate for mine, its in zip(again, plain.loads, strict=True))
    return result


def _in_turns(sides: list[Callable[[int], None]], rounds: int) -> None:
    for number in range(rounds):
        # Neither is always first.
        for each in sides if number % 2 else reversed(sides):
            each(number)


def _asking(side: Side, server: Server, paths: list[str], seconds: float) -> Callable[[int], None]:
    def once(number: int) -> None:
        before = server.cpu()
        load = ask(server.port, paths, seconds, workers=server.workers, start=number * 997)
        side.cpus.append((server.cpu() - before) / max(load.asked, 1))
        side.loads.append(load)

    return once


def _looping(side: Side, store: Store, requests: list[list[object]], seconds: float) -> Callable[[int], None]:
    def once(number: int) -> None:
        side.loads.append(loop(store, requests, seconds, processes=WORKERS, start=number * 997))  # type: ignore[arg-type]

    return once
