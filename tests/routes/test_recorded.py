"""What the service answers, request by request, against what it once answered: nothing that a user sees changes unseen.

The requests go through every route in a fixed order on the demonstration's records; what differs from run to run (ids,
times, hashes, cursors, keys) is masked by the order in which it appears. ONRECORD_TEST_RECORD=1 writes the files anew,
whose difference is then to be read before it is committed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api.domain.writing import demonstration
from tests.conftest import Client, statement

ANSWERS = Path(__file__).parents[1] / "recorded/answers.ndjson"
DESCRIPTION = ANSWERS.with_name("description.ndjson")
RECORD = os.environ.get("ONRECORD_TEST_RECORD") == "1"
# What is another in every run.
RANDOM = re.compile(
    r"(?P<key>onr_[\w-]{43}_[0-9a-f]{8})|(?P<id>\b(?:stm|spk|out|src|rev|rel|key)_[0-9a-z]{26})"
    r"|(?P<time>\b20(?!22)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)|(?P<hash>\b[0-9a-f]{64}\b)"
    r'|(?P<epoch>\b[0-9a-f]{16}\b)|(?P<cursor>(?<=cursor=)[\w-]+|(?<="next":")[\w-]+)'
)
# Headers that say something about the answer instead of the run.
SHOWN = ("content-type", "allow", "link", "vary", "cache-control", "retry-after", "content-disposition", "location")

LISTS = (
    "?limit=3", "?limit=2", "?limit=2&sort=said_on", "?sort=-said_on&limit=3",
    "?count=none&limit=1", "?count=exact&limit=1",
    "?fields=id,text&limit=2", "?fields=speaker.name&limit=2", "?expand=speaker,outlet&limit=1", "?q=war&limit=1",
    "?q=war+OR+peace&limit=1", '?q="no-fly+zone"', "?q=nato&highlight=1&limit=2", "?kind=claim&limit=1",
    "?kind=quote,claim&limit=1",
    "?form=direct&limit=1", "?said_from=2022-03-20", "?said_to=2022-03-20&limit=1", "?speaker=Antony+Blinken&limit=1",
    "?outlet=nobody", "?topic=NATO&limit=1", "?lang=en&limit=1", "?status=published&limit=1",
    "?expand=reviews,relations&limit=1", "?sample=2&seed=1&fields=text", "?said_on.exists=true&limit=1",
    "?figure.exists=true&limit=1", "?medium=web&limit=1", "?limit=0", "?limit=05", "?limit=many", "?speker=x",
    "?sort=text", "?seed=1", "?cursor=abc", "?q=", "?said_from=yesterday", "?kind=rumour", "?fields=nothing",
    "?expand=nothing", "?format=xml", "?format=csv&limit=2", "?format=ndjson&limit=2",
)  # fmt: skip
OTHERS = (
    "/", "/livez", "/readyz", "/openapi.json", "/v1/me", "/v1/log/head", "/v1/changes?limit=2", "/v1/changes?since=x",
    "/v1/changes?since=2&limit=1", "/v1/log/entries/1", "/v1/log/entries/0", "/v1/log/entries/99999", "/v1/nothing",
    "/nothing", "/v1/speakers", "/v1/speakers?q=blink", "/v1/speakers.csv?limit=2", "/v1/outlets?limit=2",
    "/v1/outlets.ndjson?limit=1", "/v1/sources", "/v1/reviews", "/v1/relations", "/v1/keys",
    "/v1/statements.csv?limit=2", "/v1/statements.ndjson?limit=1", "/v1/statements.xml", "/v1/figures",
    "/v1/figures?name=killed", "/v1/figures?q=troops", "/v1/figures?name=", "/v1/statements/counts?by=speaker",
    "/v1/statements/counts?by=topic&limit=3", "/v1/statements/counts?by=month",
    "/v1/statements/counts?by=outlet&q=nato", "/v1/statements/counts", "/v1/statements/counts?by=colour",
    "/v1/check?text=NATO", "/v1/check?text=We+will+never+recognise", "/v1/check", "/v1/check?text=x&speaker=spk_0",
    "/problems", "/problems/invalid", "/problems/nothing", "/v1/schemas/statement.json", "/v1/schemas/check.json",
    "/v1/schemas/nothing.json", "/.well-known/security.txt",
)  # fmt: skip
WRITES: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/v1/statements", statement(text="Recorded words.")),
    ("POST", "/v1/statements", statement(text="Recorded words.")),
    ("POST", "/v1/statements", {"kind": "rumour", "text": "", "said_on": "2022-13", "unknown": 1}),
    ("POST", "/v1/statements", []),
    ("POST", "/v1/statements", {"kind": "claim", "text": "Said by nobody.", "outlet": "Reuters"}),
    ("POST", "/v1/speakers", {"name": "Joseph L. Votel", "aliases": ["General Votel"]}),
    ("POST", "/v1/speakers", {"name": ""}),
    ("POST", "/v1/outlets", {"name": "Example Wire", "url": "https://wire.example/"}),
    ("POST", "/v1/sources", {"url": "https://news.example/article", "title": "An article", "text": "Recorded words."}),
    ("POST", "/v1/sources", {"url": "no address"}),
    ("POST", "/v1/check", {"text": "Recorded words."}),
    ("POST", "/v1/check", {"text": "Recorded word.", "speaker": "Antony Blinken"}),
    ("POST", "/v1/check", {"texts": 1}),
    ("POST", "/v1/keys", {"name": "recorded", "scopes": ["read"]}),
    ("POST", "/v1/keys", {"name": "recorded", "scopes": ["everything"]}),
    ("PUT", "/v1/statements", {}),
)


Asked = tuple[str, Client, str, str, Any, dict[str, str]]


def masked(text: str, seen: dict[str, str]) -> str:
    """Return a text in which what is another in every run has the name of its kind and its place in the order."""

    def name(found: re.Match[str]) -> str:
        kind = str(found.lastgroup)
        # Times come in any number: only that there is one is said.
        return kind if kind == "time" else seen.setdefault(found[0], f"{kind}-{len(seen) + 1}")

    return RANDOM.sub(name, text)


def requests(
    charlie: Client, alice: Client, dora: Client
) -> Iterator[tuple[str, Client, str, str, Any, dict[str, str]]]:
    """Yield who asks for what; what is asked of a record is of those that the first list has."""
    for who, client in (("nobody", charlie), ("dora", dora)):
        for path in (*OTHERS, *(f"/v1/statements{query}" for query in LISTS)):
            yield who, client, "GET", path, None, {}
    for method, path, body in WRITES:
        for who, client in (("nobody", charlie), ("alice", alice), ("dora", dora)):
            yield who, client, method, path, body, {}
    made = alice.record(statement(text="Words of a record."))["id"]
    one = f"/v1/statements/{made}"
    for path in (one, f"{one}.csv", f"{one}/revisions", f"{one}/revisions/1", f"{one}/revisions/9", f"{one}/similar"):
        yield "nobody", charlie, "GET", path, None, {}
    for body, headers in (
        ({"context": "Said at noon."}, {}),
        ({"context": "Said at noon."}, {"If-Match": f'"{made}.1"'}),
        ({"context": "Said at noon."}, {"If-Match": f'"{made}.2"'}),
        ({"context": "Said at one."}, {"If-Match": f'"{made}.1"'}),
        ({"kind": None, "said_on": "noon"}, {"If-Match": "*"}),
    ):
        yield "alice", alice, "PATCH", one, body, {"Content-Type": "application/merge-patch+json", **headers}
    review = {"statement": made, "author": {"name": "Example Facts"}, "rating": {"alternate_name": "True"}}
    yield "alice", alice, "POST", "/v1/reviews", review, {}
    yield "alice", alice, "POST", "/v1/relations", {"subject": made, "type": "disagrees_with", "object": made}, {}
    correction = {"type": "correction", "note": "A word was wrong.", "changes": {"text": "Words of the record."}}
    yield "alice", alice, "POST", f"{one}/corrections", correction, {"If-Match": f'"{made}.2"'}
    bulk = "\n".join(
        json.dumps(each) for each in (statement(text="In a bulk."), {"kind": "quote"}, statement(text="In a bulk."))
    )
    for query in ("?dry_run=true", "?atomic=true", "", "?format=nothing"):
        headers = {"Content-Type": "application/x-ndjson"}
        yield "alice", alice, "POST", f"/v1/statements/bulk{query}", bulk.encode(), headers
    yield "nobody", charlie, "GET", f"{one}?expand=reviews,relations", None, {}
    yield "alice", alice, "DELETE", one, None, {}
    yield "dora", dora, "DELETE", one, {"reason": "It was a mistake."}, {"If-Match": "*"}
    yield "nobody", charlie, "GET", one, None, {}


def told(charlie: Client, alice: Client, dora: Client) -> list[dict[str, Any]]:
    """Return all requests with their answers."""
    found, seen = [], dict[str, str]()
    for who, client, method, path, body, headers in requests(charlie, alice, dora):
        given = {"data": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
        answer = client.open(method, path, headers=headers, **given)
        shown = {name: value for name, value in sorted(answer.headers.items()) if name.lower() in SHOWN}
        text = "see openapi.json" if path == "/openapi.json" else answer.get_data(as_text=True)
        shown = {name: masked(value, seen) for name, value in shown.items()}
        asked = masked(f"{method} {path}", seen)
        each = {
            "who": who,
            "request": asked,
            "status": answer.status_code,
            "headers": shown,
            "body": masked(text, seen),
        }
        found.append(each)
    return found


def test_every_answer_is_what_it_was(charlie: Client, alice: Client, dora: Client) -> None:
    demonstration.load()
    found = told(charlie, alice, dora)
    if RECORD:
        ANSWERS.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in found))
    recorded = [json.loads(line) for line in ANSWERS.read_text().splitlines()]
    assert [each["request"] for each in found] == [each["request"] for each in recorded]
    for each, before in zip(found, recorded, strict=True):
        assert each == before


def test_the_description_is_what_it_was(charlie: Client) -> None:
    document = charlie.get("/openapi.json").json
    parts = [[f"{method} {path}", each] for path, item in document["paths"].items() for method, each in item.items()]
    for kind, components in document.pop("components").items():
        parts += [[f"{kind} {name}", component] for name, component in components.items()]
    del document["paths"]
    found = [*parts, ["the rest", document]]
    if RECORD:
        DESCRIPTION.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in found))
    recorded = [json.loads(line) for line in DESCRIPTION.read_text().splitlines()]
    assert [name for name, _ in found] == [name for name, _ in recorded]
    for each, before in zip(found, recorded, strict=True):
        assert each == before
