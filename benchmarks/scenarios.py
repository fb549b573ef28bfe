"""What is asked of the service, with parameters that vary, and how fast it should be answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlencode

from api.app import create_app
from api.storage.db import close_database, rows
from benchmarks.apart import apart
from benchmarks.store import SEED, Store

RECORDS, LISTS, SEARCHES, COUNTS = 4_000, 300, 200, 100
PAGE = 50


@dataclass(frozen=True)
class Scenario:
    """Requests of one sort, what they are measured beside, and the least or most that the ratio should be.

    Beside `bare` Flask and the `sql` alone the ratio is of answers a second; beside other requests, of `others`
    or of those to a `small` store, it is of the time an answer takes. `plain` is SQL to be compared with as well.
    """

    name: str
    beside: str
    goal: float
    paths: list[str]
    others: list[str] | None = None
    p99: float | None = None
    plain: list[tuple[str, list[Any]]] | None = None

    @property
    def slower(self) -> bool:
        """Whether the ratio is how much slower it is, so that less is better."""
        return self.beside in ("others", "small")


def scenarios(store: Store, small: Store | None) -> list[Scenario]:
    """Return what is measured on a store; beside a smaller one, if there is one."""
    return apart(_scenarios, store, small)


def _scenarios(store: Store, small: Store | None) -> list[Scenario]:
    with _opened(store) as ask:
        records, lists = _records(RECORDS), _lists(LISTS)
        deepest = 2_000 if store.size >= 1_000_000 else max(2, store.size // PAGE // 3)
        first, deep = _pages(ask, deepest)
        few = _lists(40, speakers=5)
        found = [
            Scenario("one record by id", "bare", 0.70, records),
            Scenario("list of 50 by speaker and dates", "bare", 0.40, [f"{each}&count=none" for each in lists]),
            Scenario("the same with the default count", "bare", 0.30, lists),
            Scenario(f"page {deepest:,} along the cursor", "others", 1.3, deep, others=first),
            Scenario("search of two rare words, 25 by relevance", "sql", 0.35, _searches(ask, store, _rare, 1, 200)),
            Scenario("search of a phrase", "sql", 0.35, _searches(ask, store, _phrase, 1, 5_000)),
            Scenario(
                "search of two common words, 25 by relevance",
                *("sql", 0.8, _searches(ask, store, _common, min(1_000, store.size // 100), 200_000)),
                p99=0.150,
            ),
            *_counts(ask),
        ]
        large = [_records(RECORDS), [f"{each}&count=none" for each in few], deep[:2]]
    if small is not None:
        with _opened(small) as ask:
            beside = [_records(2_000), [f"{each}&count=none" for each in _lists(40, speakers=5)]]
            beside.append(_pages(ask, 100)[1][:2])
        what = ("one record", "filtered page", "deep page")
        for name, paths, others in zip(what, large, beside, strict=True):
            found.append(Scenario(f"{name}, beside {small.size:,} records", "small", 1.3, paths, others=others))
    return found


class _opened:
    """The service on a store, in this process, as a function that gives the JSON of an answer."""

    def __init__(self, store: Store) -> None:
        self.client = create_app(store.settings).test_client()

    def __enter__(self) -> Callable[[str], Any]:
        return self._ask

    def _ask(self, path: str) -> Any:
        answer = self.client.get(path)
        return answer.json if answer.status_code == 200 else None

    def __exit__(self, *_: object) -> None:
        close_database()


def _records(count: int) -> list[str]:
    random, last = Random(SEED), rows("SELECT max(n) FROM statement")[0][0]
    numbers = random.sample(range(1, last + 1), min(count, last))
    marks = ", ".join("?" * len(numbers))
    found = [id for (id,) in rows(f"SELECT id FROM statement WHERE n IN ({marks}) AND status <> 'withheld'", numbers)]
    random.shuffle(found)
    return [f"/v1/statements/{id}" for id in found]


def _lists(count: int, speakers: int = 1_000) -> list[str]:
    """Return lists by a speaker, by id or by name, and a range of months, each with a next page."""
    random = Random(SEED)
    most = rows(
        "SELECT s.id, json_extract(s.document, '$.name') FROM speaker s JOIN (SELECT speaker, count(*) AS held "
        "FROM statement WHERE speaker IS NOT NULL GROUP BY speaker) c ON c.speaker = s.n "
        f"WHERE held > {PAGE * 2} ORDER BY held DESC LIMIT {speakers}"
    )
    found: list[str] = []
    while len(found) < count:
        id, name = random.choice(most)
        since, until = sorted(f"{random.randint(1995, 2026)}-{random.randint(1, 12):02}" for _ in range(2))
        said = int(since.replace("-", "")) * 100, int(until.replace("-", "")) * 100 + 31
        if len(_held(id, *said)) > PAGE:
            query = {"speaker": name if len(found) % 2 else id, "from": since, "to": until, "limit": PAGE}
            found.append(f"/v1/statements?{urlencode(query)}")
    return found


def _held(speaker: str, since: int, until: int) -> list[Any]:
    return rows(
        "SELECT 1 FROM statement t JOIN speaker s ON s.n = t.speaker WHERE s.id = ? "
        f"AND said_lower BETWEEN ? AND ? AND status <> 'withheld' LIMIT {PAGE + 1}",
        (speaker, since, until),
    )


def _pages(ask: Callable[[str], Any], number: int) -> tuple[list[str], list[str]]:
    """Return the first pages of some lists and the pages so many along the cursor."""
    ids = {kind: rows(f"SELECT id FROM {kind} ORDER BY n LIMIT 1")[0][0] for kind in ("outlet", "speaker")}
    filters = [{}, {"kind": "quote"}, {"outlet": ids["outlet"]}, {"speaker": ids["speaker"]}]
    first, deep = [], []
    for each in filters:
        address = f"/v1/statements?{urlencode({**each, 'count': 'none'})}"
        cursor = _cursor(ask, f"{address}&limit=200", (number - 1) * PAGE)
        if cursor is not None:
            first.append(f"{address}&limit={PAGE}")
            deep.append(f"{address}&limit={PAGE}&cursor={cursor}")
    return first, deep


def _cursor(ask: Callable[[str], Any], address: str, behind: int) -> str | None:
    """Return the cursor behind so many records, None where there are not as many."""
    cursor = ""
    for passed in range(0, behind, 200):
        step = address.replace("limit=200", f"limit={min(200, behind - passed)}")
        cursor = ask(f"{step}&cursor={cursor}" if cursor else step)["next"]
        if cursor is None:
            return None
    return cursor


def _searches(
    ask: Callable[[str], Any], store: Store, words: Callable[[Store, Random], str], least: int, most: int
) -> list[str]:
    """Return searches that find between so many statements."""
    random, found = Random(SEED), dict[str, None]()
    tried = 0
    while len(found) < SEARCHES and (tried := tried + 1) < SEARCHES * 20:
        query = urlencode({"q": words(store, random), "limit": 25})
        total = (ask(f"/v1/statements?{query}&count=exact") or {"total": 0})["total"]
        if least <= total <= most:
            found[f"/v1/statements?{query}"] = None
    return list(found)


def _rare(store: Store, random: Random) -> str:
    story = _press(store).story(int(_press(store).stories * random.random() ** 1.5))
    return " ".join(story[4:])


def _phrase(store: Store, random: Random) -> str:
    story = _press(store).story(int(_press(store).stories * random.random() ** 1.5))
    return '"' + " ".join(story[:3]) + '"'


def _common(store: Store, random: Random) -> str:
    words = _press(store).words
    return " ".join(words[int(random.random() ** 2 * 300)] for _ in range(2))


_presses: dict[int, Any] = {}


def _press(store: Store) -> Any:
    return _presses.setdefault(store.size, store.press)


def _counts(ask: Callable[[str], Any]) -> Iterator[Scenario]:
    """Yield the two counts, if the service has them; each beside a plain grouping of the same rows."""
    speakers = rows("SELECT n, id FROM speaker ORDER BY n LIMIT 50")
    outlets = rows("SELECT n, id FROM outlet ORDER BY n LIMIT 50")
    random = Random(SEED)
    by_outlet, by_month = [], []
    plain_outlet: list[tuple[str, list[Any]]] = []
    plain_month: list[tuple[str, list[Any]]] = []
    for _ in range(COUNTS):
        n, id = random.choice(speakers)
        since = random.randint(1990, 2020)
        until = random.randint(since, 2026)
        query = urlencode({"by": "outlet", "speaker": id, "from": since, "to": until})
        by_outlet.append(f"/v1/statements/counts?{query}")
        plain_outlet.append((_PLAIN_BY_OUTLET, [n, since * 10_000 + 101, until * 10_000 + 1231]))
        n, id = random.choice(outlets)
        by_month.append(f"/v1/statements/counts?{urlencode({'by': 'month', 'outlet': id})}")
        plain_month.append((_PLAIN_BY_MONTH, [n]))
    if ask(by_outlet[0]) is not None:
        yield Scenario("counts by outlet under speaker and dates", "sql", 0.5, by_outlet, plain=plain_outlet)
        yield Scenario("counts by month under an outlet", "sql", 0.5, by_month, plain=plain_month)


# The same counts without indexes that hold all that is counted: found by speaker or outlet and date, each row
# is visited (`version` is in no index).
_PLAIN_BY_OUTLET = (
    "SELECT t.outlet, count(*) FROM statement t WHERE t.speaker = ? AND t.said_upper >= ? "
    "AND t.said_lower BETWEEN 1 AND ? AND t.status <> 'withheld' AND t.version > 0 GROUP BY 1 ORDER BY 2 DESC"
)
_PLAIN_BY_MONTH = (
    "SELECT t.said_lower / 100, count(*) FROM statement t WHERE t.outlet = ? AND t.status <> 'withheld' "
    "AND t.version > 0 GROUP BY 1 ORDER BY 1"
)
