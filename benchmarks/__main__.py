"""The run: `make bench`, or `python -m benchmarks --size 10000 --only "one record"`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import click
import orjson

from benchmarks import single, writing
from benchmarks.load import fetch_all, quantile
from benchmarks.rounds import Result, measure
from benchmarks.scenarios import Scenario, scenarios
from benchmarks.servers import THREADS, WORKERS, bare, service
from benchmarks.store import Store, ready

SMALL = 10_000
_BESIDE = {"bare": "bare Flask", "sql": "SQL alone", "others": "page 1", "small": "small store"}
_HEAD = f"{'scenario':52} {'req/s':>8} {'p50':>8} {'p99':>8} {'CPU':>8}  {'beside':>20} {'ratio':>19} {'goal':>7}"


@click.command()
@click.option("--size", default=1_000_000, show_default=True, help="How many statements the store holds.")
@click.option("--seconds", default=2.0, show_default=True, help="How long a round takes.")
@click.option("--rounds", default=7, show_default=True, help="How many rounds each side has.")
@click.option("--only", default="", help="Only scenarios whose name holds this.")
@click.option("--fresh", is_flag=True, help="Make the stores again, even where they are there.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def main(size: int, seconds: float, rounds: int, only: str, fresh: bool, as_json: bool) -> None:
    """Measure how fast the service is, beside the limits of the same machine in the same minutes."""
    store = ready(size, fresh=fresh)
    small = ready(SMALL, fresh=fresh) if size > SMALL else None
    click.echo("Choosing what to ask ...", err=True)
    chosen = [each for each in scenarios(store, small) if only in each.name]
    if not as_json:
        click.echo(f"{size:,} statements, {WORKERS} workers of {THREADS} threads, 8 connections\n\n{_HEAD}")
    done = []
    for result in _measured(chosen, store, small, seconds, rounds):
        done.append(_facts(result))
        if not as_json:
            click.echo(_line(done[-1]))
    for measurement in (*single.MEASUREMENTS, *writing.MEASUREMENTS):
        if only in measurement.__name__.replace("_", " ") and (facts := measurement(store)):
            done.append(facts)
            if not as_json:
                click.echo(_short(facts))
    if as_json:
        click.echo(orjson.dumps({"size": size, "results": done}, option=orjson.OPT_INDENT_2))


def _measured(
    chosen: list[Scenario], store: Store, small: Store | None, seconds: float, rounds: int
) -> Iterator[Result]:
    with ExitStack() as running:
        server = running.enter_context(service(store))
        lesser = running.enter_context(service(small)) if small else None
        ready_made = [path for each in chosen if each.beside == "bare" for path in each.paths]
        flask = running.enter_context(bare(fetch_all(server.port, ready_made))) if ready_made else None
        limits = {"bare": flask, "others": server, "small": lesser, "sql": None}
        for each in chosen:
            if each.paths:
                yield measure(each, server, limits[each.beside], store, seconds=seconds, rounds=rounds)
        peak = f"; most memory of a worker: {server.peak():.0f} MB"
        click.echo(f"(bare Flask's worker: {flask.peak():.0f} MB{peak})" if flask else peak[2:], err=True)


def _facts(result: Result) -> dict[str, Any]:
    scenario, side = result.scenario, result.side
    return {
        "name": scenario.name,
        "rate": side.rate,
        "p50": quantile(side.times, 0.50),
        "p99": quantile(side.times, 0.99),
        "cpu": side.cpu,
        "beside": scenario.beside,
        "limit": result.limit.rate,
        "limit_p99": quantile(result.limit.times, 0.99),
        "limit_cpu": result.limit.cpu,
        "ratio": result.ratio,
        "ratios": result.ratios,
        "plain": result.plain,
        "goal": scenario.goal,
        "met": result.met,
    }


def _line(facts: dict[str, Any]) -> str:
    spread = f"{min(facts['ratios']):.2f}..{max(facts['ratios']):.2f}"
    beside = f"{_BESIDE[facts['beside']]} {facts['limit']:,.0f}"
    sign = "≤" if facts["beside"] in ("others", "small") else "≥"
    line = (
        f"{facts['name']:52} {facts['rate']:8,.0f} {_ms(facts['p50'])} {_ms(facts['p99'])} {_ms(facts['cpu'])}  "
        f"{beside:>20} {facts['ratio']:6.2f} ({spread}) {sign}{facts['goal']:5.2f} {_mark(facts['met'])}"
    )
    if facts["plain"] is not None:
        line += f"\n{'':52} {facts['plain']:.1f} times the plain grouping (goal: 4)"
    return line


def _short(facts: dict[str, Any]) -> str:
    return f"{facts['name']:52} {facts['said']:40} {_mark(facts['met'])}"


def _mark(met: bool) -> str:
    return "met" if met else "NOT met"


def _ms(seconds: float | None) -> str:
    return f"{seconds * 1000:6.2f}ms" if seconds is not None else " " * 8


if __name__ == "__main__":
    main()
