"""A store with long and with many records, and the heaviest request of every route that is known to it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.servers import Server, onrecord

# Words that look like words: their stems differ, and most stand in many texts.
_PARTS = ("ba", "ken", "lor", "mi", "ta", "ru", "sel", "vo", "ni", "gar", "pe", "dus")
WORDS = [a + b + c for a in _PARTS for b in _PARTS for c in ("s", "ing", "ed", "er", "al", "")]
# How many statements have the longest text there is.
LONG = 600
_TEXT = 9_950


@dataclass(frozen=True)
class Shot:
    """One request."""

    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Heavy:
    """The heaviest request of a route, in words; `shot` makes the one of a number."""

    route: str
    label: str
    shot: Callable[[Store, int], Shot]

    @property
    def public(self) -> bool:
        """Whether it needs no key, so that half of them are sent without one."""
        return (self.route.startswith("GET ") and self.route != "GET /v1/keys") or self.route.endswith("/v1/check")


@dataclass(frozen=True)
class Store:
    """What is stored, as far as requests need to know."""

    statements: list[str]
    heavy: str
    speakers: list[str]
    outlets: list[str]
    sources: list[str]
    reviews: list[str]
    relations: list[str]
    keys: list[str]


def text(chance: random.Random, characters: int) -> str:
    """Return so many characters of words, in sentences."""
    found, length = [], 0
    while length < characters:
        sentence = " ".join(chance.choice(WORDS) for _ in range(12)).capitalize() + "."
        found.append(sentence)
        length += len(sentence) + 1
    return " ".join(found)[:characters].rstrip()


def large(chance: random.Random, number: int) -> dict[str, Any]:
    """Return a statement with as much of everything as fits."""
    return {
        "kind": "quote",
        "text": text(chance, _TEXT),
        "context": text(chance, _TEXT),
        "speaker": f"Speaker {number % 40}",
        "said_on": "2022-03-23",
        "topics": [f"{chance.choice(WORDS)} {number} {at}" for at in range(50)],
        "figures": [{"name": f"{chance.choice(WORDS)} {at}", "value": at, "unit_text": "pieces"} for at in range(50)],
        "appearances": [
            {
                "outlet": f"Outlet {at}",
                "url": f"https://outlet-{at}.example/{number}/{chance.random()}",
                "title": text(chance, 300),
                "published_on": "2022-03",
                "byline": [f"Author {other}" for other in range(10)],
                "via": [{"name": f"Agency {other}"} for other in range(20)],
            }
            for at in range(30)
        ],
    }


def lines(size: int) -> list[dict[str, Any]]:
    """Return the statements of a store: some very long, at both ends of the calendar, most of them short."""
    chance = random.Random(7)
    found = []
    for number in range(size):
        year = chance.choice([1, 9999, *range(1900, 2026)])
        long = number % max(1, size // LONG) == 0
        found.append(
            {
                "kind": chance.choice(["quote", "quote", "claim"]),
                "text": text(chance, _TEXT if long else chance.randrange(60, 400)),
                "speaker": f"Speaker {chance.randrange(2000)} {chance.choice(WORDS)}",
                "outlet": f"Outlet {chance.randrange(200)}",
                "url": f"https://outlet.example/{number}",
                "said_on": f"{year:04d}-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}",
                "topics": [chance.choice(WORDS) for _ in range(chance.randrange(6))],
                "figures": [{"name": " ".join(chance.choices(WORDS, k=4)), "value": number}] if number % 3 else [],
                "lang": chance.choice(["en", "en", "en", "de", "fr"]),
            }
        )
    return found


def fill(url: str, folder: Path, size: int) -> str:
    """Store so many statements and return a key that may do everything."""
    onrecord(url, "migrate")
    file = folder / "statements.ndjson"
    with file.open("w") as out:
        for line in lines(size):
            out.write(json.dumps(line) + "\n")
    onrecord(url, "import", str(file), "--format", "ndjson")
    file.unlink()
    made = onrecord(url, "keys", "create", "--name", "heaviest", "--scope", "admin", "--json")
    return str(json.loads(made.stdout)["key"])


def prepare(server: Server, size: int) -> Store:
    """Store what there is to be found, one by one, and return what is needed of it."""
    chance = random.Random(8)

    def make(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = server.ask("POST", path, body, timeout=60)
        assert answer.status == 201, answer.body
        return dict(answer.json)

    def some(path: str) -> list[str]:
        return [each["id"] for each in server.ask("GET", path, timeout=60).json["data"]]

    one = make("/v1/statements", large(chance, 0))
    other = {name: member for name, member in large(chance, 1).items() if name not in ("kind", "speaker")}
    patched = server.ask("PATCH", f"/v1/statements/{one['id']}", {**other, "version": 1}, timeout=60)
    assert patched.status == 200, patched.body
    statements = some("/v1/statements?limit=200&sort=created_at")
    for number in range(300):
        facts = {"author": {"name": f"Facts {number % 9}"}, "rating": {"alternate_name": "True"}}
        make("/v1/reviews", {"statement": one["id"], "claim_reviewed": text(chance, 900), **facts})
        relation = {"subject": one["id"], "type": "confirms", "object": statements[number % 200]}
        if number < 200:
            make("/v1/relations", {**relation, "note": text(chance, 900)})
    for number in range(30):
        page = {"url": f"https://source.example/{number}", "outlet": "Outlet 1", "text": text(chance, 400_000)}
        source = make("/v1/sources", page)
        given = {"kind": "quote", "text": text(chance, 500), "speaker": "Speaker 1"}
        make("/v1/statements", {**given, "appearances": [{"outlet": "Outlet 1", "source": source["id"]}]})
    return Store(
        statements=statements,
        heavy=one["id"],
        speakers=some("/v1/speakers?limit=200"),
        outlets=some("/v1/outlets?limit=200"),
        sources=some("/v1/sources?limit=200"),
        reviews=some("/v1/reviews?limit=200"),
        relations=some("/v1/relations?limit=200"),
        keys=[make("/v1/keys", {"name": f"key {number}", "scopes": ["read"]})["id"] for number in range(8)],
    )


# --- the requests ---

_EVERY = {"If-Match": "*"}
_MANY = "&".join(f"topic.not={quote(word)}" for word in WORDS[:90])
_OR = quote(" OR ".join(WORDS[:89]))
_PREFIXES = quote(" ".join(f"{a}{b[0]}*" for a in _PARTS for b in _PARTS[:7]))
_COMMON = quote(" ".join(WORDS[at * 7] for at in range(60)))
_PHRASES = quote(" ".join(f'"{WORDS[at]} {WORDS[at + 1]}"' for at in range(0, 90, 2)))
_ALL = "speaker,outlet,reviews,relations,source"
_LONGEST = "".join(chr(0x430 + at % 32) for at in range(900))
_GROUPS = ("speaker", "outlet", "topic", "kind", "lang", "year", "month", "day")


def _get(route: str, label: str, path: str | Callable[[Store, int], str]) -> Heavy:
    given = path if callable(path) else lambda store, number: path
    return Heavy(f"GET {route}", label, lambda store, number: Shot("GET", given(store, number)))


def _send(route: str, label: str, path: Callable[[Store, int], str], body: Callable[[Store, int], Any]) -> Heavy:
    method = route.split(" ")[0]
    return Heavy(route, label, lambda store, number: Shot(method, path(store, number), body(store, number), _EVERY))


def _plain(*paths: str) -> list[Heavy]:
    return [_get(path, "as it is", path) for path in paths]


def _chance(number: int) -> random.Random:
    return random.Random(1000 + number)


def _lists() -> list[Heavy]:
    found = []
    for query, label in (
        (f"limit=200&sort=created_at&expand={_ALL}", "200 with all that belongs to them"),
        (f"limit=200&q={_OR}&highlight=1&sort=created_at", "90 words by OR, marked in 200"),
        (f"limit=200&q={_OR}&highlight=1&lang=de,fr,es,ru,it", "the same in five languages"),
        (f"limit=200&q={_OR}&count=exact", "90 words by OR, counted"),
        (f"limit=200&q={_PREFIXES}&count=exact", "84 beginnings of words"),
        (f"limit=200&q={_PREFIXES.replace('%20', '%20OR%20')}&highlight=1", "84 beginnings of words by OR, marked"),
        (f"limit=200&q={_PHRASES.replace('%20%22', '%20OR%20%22')}&highlight=1", "45 phrases by OR, marked"),
        (f"limit=200&q={_COMMON}", "60 words"),
        (f"limit=200&count=exact&{_MANY}", "90 topics left out"),
        (f"sample=200&seed=7&expand={_ALL}", "a sample"),
        (f"limit=200&figure={_COMMON}", "60 words of a figure"),
        ("limit=200&from=0001&to=9999&sort=said_on&count=exact", "all years"),
        (f"limit=200&sort=said_on&url=https://outlet.example/{quote(_LONGEST)}", "a long address"),
        ("limit=200&" + "&".join(f"id={'stm_' + str(at).zfill(26)}" for at in range(100)), "100 ids"),
        ("&".join(f"{quote(_LONGEST[:6])}{at}=1" for at in range(150)), "150 unknown parameters"),
        (f"{'kinds' * 900}=1&kind={'quot' * 900}", "long unknown names"),
    ):
        path = f"/v1/statements?{query.replace('limit=200&sample', 'sample')}"
        found.append(_get("/v1/statements", label, path))
    for form in ("ndjson", "csv"):
        found.append(_get("/v1/statements", f"all of them as {form}", f"/v1/statements.{form}?sort=said_on"))
    found.append(_get("/v1/statements", "all with all that belongs to them", f"/v1/statements.ndjson?expand={_ALL}"))
    for by in _GROUPS:
        path = f"/v1/statements/counts?by={by}&from=0001&to=9999&limit=1000"
        found.append(_get("/v1/statements/counts", f"by {by}, all years", path))
        found.append(_get("/v1/statements/counts", f"by {by}, of a search", f"{path}&q={_OR}"))
    for path, label in (
        ("name=" + "&name=".join(WORDS[:40]), "40 words"),
        (f"limit=200&q={_OR}&figure.gte=0&figure.lte=1e300&count=exact", "of a search"),
    ):
        found.append(_get("/v1/figures", label, f"/v1/figures?{path}"))
    for kind in ("speakers", "outlets", "sources", "reviews", "relations"):
        found.append(_get(f"/v1/{kind}", "200, counted", f"/v1/{kind}?limit=200&count=exact"))
        found.append(_get(f"/v1/{kind}", "all as csv", f"/v1/{kind}.csv"))
    for kind in ("speakers", "outlets"):
        begun = quote(" ".join(f"{word[0]}" for word in WORDS[:400:8]))
        found.append(_get(f"/v1/{kind}", "50 beginnings of words", f"/v1/{kind}?limit=200&q={begun}"))
    return found


def _records() -> list[Heavy]:
    one = "/v1/statements/{id}"
    found = [
        _get(one, "with all that belongs to it", lambda store, number: f"/v1/statements/{store.heavy}?expand={_ALL}"),
        _get(f"{one}/similar", "a long one", lambda store, number: f"/v1/statements/{store.heavy}/similar?limit=50"),
        _get(f"{one}/revisions", "a diff", lambda store, number: f"/v1/statements/{store.heavy}/revisions?diff=1..2"),
        _get(
            f"{one}/revisions/{{version}}",
            "a long one",
            lambda store, number: f"/v1/statements/{store.heavy}/revisions/1",
        ),
    ]
    for kind in ("speakers", "outlets", "sources", "reviews", "relations"):
        for below, path in (("", ""), ("/revisions", "/revisions?limit=200"), ("/revisions/{version}", "/revisions/1")):
            found.append(_get(f"/v1/{kind}/{{id}}{below}", "one", _of(kind, path)))
    return found


def _of(kind: str, path: str, first: int = 0) -> Callable[[Store, int], str]:
    def made(store: Store, number: int) -> str:
        ids: list[str] = getattr(store, kind)
        return f"/v1/{kind}/{ids[(first + number) % len(ids)]}{path}"

    return made


def _checks() -> list[Heavy]:
    def question(store: Store, number: int) -> str:
        return quote(text(_chance(number), 1_000))

    def items(store: Store, number: int) -> Any:
        return {
            "items": [{"text": text(_chance(number * 100 + at), _TEXT), "speaker": "Speaker 1"} for at in range(10)]
        }

    def stored(store: Store, number: int) -> Any:
        # What is stored with every tenth word another one.
        found = []
        for at in range(10):
            words = text(random.Random(8), _TEXT).split()
            words[at::10] = [_chance(number).choice(WORDS) for _ in words[at::10]]
            found.append({"text": " ".join(words)[:_TEXT]})
        return {"items": found}

    return [
        _get("/v1/check", "a thousand characters", lambda store, number: f"/v1/check?text={question(store, number)}"),
        _send("POST /v1/check", "10 texts of 10,000 characters", lambda store, number: "/v1/check", items),
        _send("POST /v1/check", "10 of 10,000 like a long one", lambda store, number: "/v1/check", stored),
    ]


def _named(kind: str, number: int) -> dict[str, Any]:
    return {
        "name": f"{kind} of heaviest {number}",
        "aliases": [f"{WORDS[at]} {WORDS[at + 1]} {number}" for at in range(100)],
        "same_as": [f"https://about.example/{number}/{at}" for at in range(50)],
    }


def _writes() -> list[Heavy]:
    sent: dict[str, Callable[[Store, int], Any]] = {
        "statements": lambda store, number: large(_chance(number), number),
        "speakers": lambda store, number: _named("speaker", number),
        "outlets": lambda store, number: _named("outlet", number),
        "sources": lambda store, number: {
            "url": f"https://heavy.example/{number}",
            "outlet": "Outlet 1",
            "text": text(_chance(number), 450_000),
        },
        "reviews": lambda store, number: {
            "statement": store.heavy,
            "claim_reviewed": text(_chance(number), 4_000),
            "author": {"name": f"Facts {number}"},
            "rating": {"alternate_name": "False"},
        },
        "relations": lambda store, number: {
            "subject": store.heavy,
            "type": "refutes",
            "object": store.statements[number],
            "note": text(_chance(number), 4_000),
        },
    }
    changes: dict[str, Callable[[Store, int], Any]] = {
        "statements": lambda store, number: {"text": text(_chance(number), _TEXT), "context": text(_chance(9), _TEXT)},
        "speakers": lambda store, number: {"name": f"Renamed speaker {number}"},
        "outlets": lambda store, number: {"name": f"Renamed outlet {number}"},
        "sources": lambda store, number: {"text": text(_chance(number), 450_000)},
        "reviews": lambda store, number: {"claim_reviewed": text(_chance(number), 4_000)},
        "relations": lambda store, number: {"note": text(_chance(number), 4_000)},
    }
    found = []
    for kind, body in sent.items():
        found.append(_send(f"POST /v1/{kind}", "a large one", _path(f"/v1/{kind}"), body))
        found.append(_send(f"PATCH /v1/{kind}/{{id}}", "its longest text", _of(kind, ""), changes[kind]))
    for kind in ("speakers", "outlets"):
        into = _into(kind)
        found.append(_send(f"POST /v1/{kind}/{{id}}/merge", "one into another", _of(kind, "/merge"), into))
        found.append(
            _send(f"POST /v1/{kind}/{{id}}/unmerge", "back again", _of(kind, "/unmerge"), lambda store, number: {})
        )
    note = {"kind": "clarification", "note": "It was longer."}
    found.append(
        _send(
            "POST /v1/statements/{id}/corrections",
            "with another text",
            _of("statements", "/corrections", 20),
            lambda store, number: {**note, "patch": {"text": text(_chance(number), _TEXT)}},
        )
    )
    for kind in ("relations", "reviews", "statements", "sources", "speakers", "outlets"):
        found.append(_send(f"DELETE /v1/{kind}/{{id}}", "one", _of(kind, "", 10), lambda store, number: None))
    return found


def _path(path: str) -> Callable[[Store, int], str]:
    return lambda store, number: path


def _into(kind: str) -> Callable[[Store, int], Any]:
    def made(store: Store, number: int) -> Any:
        ids: list[str] = getattr(store, kind)
        return {"into": ids[number + 50]}

    return made


def _bulk() -> list[Heavy]:
    # All eight send the same, of which nothing is stored, so that the sender needs no eight times 60 MB.
    lines_of = {"Content-Type": "application/x-ndjson"}

    @cache
    def wrong() -> bytes:
        bad = {f"unknown {at}": 1 for at in range(20)}
        return (json.dumps(bad) + "\n").encode() * 9_999

    @cache
    def good() -> bytes:
        chance = _chance(0)
        given = {"kind": "quote", "speaker": "Speaker 1", "outlet": "Outlet 1"}
        some = ({**given, "text": f"{text(chance, 150)} {at}"} for at in range(10_000))
        return "\n".join(map(json.dumps, some)).encode()

    @cache
    def long() -> bytes:
        given = {"kind": "quote", "speaker": "Speaker 1", "outlet": "Outlet 1", "context": text(_chance(0), _TEXT)}
        return "\n".join(json.dumps({**given, "text": f"Number {at}"}) for at in range(6_000)).encode()

    @cache
    def empty() -> bytes:
        return b"\n" * (60 * 2**20)

    return [
        Heavy(
            "POST /v1/statements/bulk",
            label,
            lambda store, number, made=made, query=query: Shot(  # type: ignore[misc]
                "POST", f"/v1/statements/bulk{query}", made(), lines_of
            ),
        )
        for label, query, made in (
            ("9,999 lines of 20 mistakes", "", wrong),
            ("60 MB of empty lines", "", empty),
            ("10,000 lines, tried only", "?dry_run=true", good),
            ("60 MB, tried only", "?dry_run=true", long),
        )
    ]


HEAVIEST: tuple[Heavy, ...] = (
    *_plain(
        "/", "/.well-known/security.txt", "/livez", "/openapi.json", "/readyz", "/v1/log/head", "/v1/me", "/v1/keys"
    ),
    _get("/problems/{slug}", "one", "/problems/invalid"),
    _get("/v1/schemas/{name}.json", "a large one", "/v1/schemas/statement.json"),
    _get("/v1/changes", "1,000 from the beginning", "/v1/changes?since=0&limit=1000"),
    _get("/v1/changes", "waiting", "/v1/changes?since=now&wait=3"),
    _get("/v1/log/entries/{seq}", "one", "/v1/log/entries/1"),
    *_lists(),
    *_records(),
    *_checks(),
    _send(
        "POST /v1/keys",
        "one",
        _path("/v1/keys"),
        lambda store, number: {"name": f"heaviest {number}", "scopes": ["read"]},
    ),
    _send("DELETE /v1/keys/{id}", "one", _of("keys", ""), lambda store, number: None),
    *_writes(),
    *_bulk(),
)
