"""One more format is one more file: a toy, registered for a while, goes out and comes in by every way that there is."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.app import create_app
from api.domain.core import keys
from api.domain.keeping.verification import Seen, verify
from api.formats import registry
from api.formats.format import Sheet
from api.settings import Settings
from api.storage.db import close_database, execute
from api.web.streams import Stream, chunks
from schemas.statements import StatementOut
from tests.conftest import Client, statement
from tests.formats.toys import LOUD, PLAIN, PROFILE, Sayings, registered
from tests.servers import ROOT, environment, onrecord

BULK = "/v1/statements/bulk"
TYPE = f'text/x-toy; profile="{PROFILE}"; charset=utf-8'
START = "from tests.formats.toys import registered\nwith registered():\n    from api.cli import main; main()"


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The application, with toys."""
    with registered():
        yield create_app(Settings(database=database_url))
    close_database()


@pytest.fixture
def held(alice: Client) -> list[str]:
    """The ids of three statements, the second of which was reviewed."""
    ids = [alice.record(statement(text=f"Word {n}.", said_on=f"2022-03-2{n}"))["id"] for n in range(3)]
    review = {"statement": ids[1], "author": {"name": "Example Facts"}, "rating": {"alternate_name": "True"}}
    alice.record(review, "reviews")
    return ids


def command(url: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command where there are toys."""
    return subprocess.run(
        [sys.executable, "-c", START, *arguments], env=environment(url), cwd=ROOT, capture_output=True, timeout=120
    )


def lines(texts: str) -> str:
    return f"% sayings at http://localhost\n{texts}"


def line(n: int, reviews: int = 0) -> str:
    return f"Antony Blinken: Word {n}. ({reviews} reviews)\n"


WHOLE = lines(f"{line(2)}{line(1, 1)}{line(0)}% 3 in all\n")


# --- out -----------------------------------------------------------------------------------------------------


def test_one_record_goes_out_by_suffix_parameter_and_header(held: list[str], charlie: Client) -> None:
    address = f"/v1/statements/{held[1]}"
    plain = charlie.get(address)
    asked: list[tuple[str, dict[str, str]]] = [
        (".toy.txt", {}), ("?format=toy.txt", {}), ("", {"Accept": f'text/x-toy;profile="{PROFILE}"'}),
        ("", {"Accept": "text/*;q=0.9, application/json;q=0.8"}),
    ]  # fmt: skip
    for by, headers in asked:
        answer = charlie.get(address + by, headers=headers)
        assert (answer.text, answer.headers["Content-Type"]) == (lines(f"{line(1, 1)}% 1 in all\n"), TYPE), by
        assert answer.headers["ETag"] != plain.headers["ETag"]
        assert answer.headers["ETag"].startswith(f'"{held[1]}.1-')
        same = charlie.get(address + by, headers={**headers, "If-None-Match": answer.headers["ETag"]})
        assert same.status_code == 304
    assert charlie.get(f"{address}.toy.txt?loud=1").text.splitlines()[1] == "Antony Blinken: WORD 1. (1 reviews)"
    assert charlie.get(f"{address}.json").data == plain.data
    # The other form is for lists only, and neither is for other kinds.
    assert charlie.get(f"{address}.plain.toy").status_code == 404
    speaker = plain.json["speaker"]["id"]
    assert charlie.get(f"/v1/speakers/{speaker}.toy.txt").status_code == 404
    assert charlie.get(f"/v1/speakers/{speaker}", headers={"Accept": "text/x-toy"}).is_json
    for query in ("fields=id&format=toy.txt", "loud=1"):
        assert charlie.get(f"{address}?{query}").status_code == 400, query


def test_lists_are_streamed_and_have_a_name(held: list[str], charlie: Client) -> None:
    answer = charlie.get("/v1/statements.toy.txt")
    assert (answer.text, answer.headers["Content-Type"]) == (WHOLE, TYPE)
    assert answer.headers["Content-Disposition"] == 'inline; filename="statements.toy.txt"'
    assert charlie.get("/v1/statements.toy.txt?limit=1").text == lines(f"{line(2)}% 1 in all\n")
    assert charlie.get("/v1/statements.toy.txt?speaker=nobody").text == lines("% 0 in all\n")
    assert charlie.get("/v1/statements.plain.toy").text == "Word 0.\nWord 1.\nWord 2.\n"
    assert charlie.get("/v1/statements.plain.toy?sort=-said_on").text == "Word 2.\nWord 1.\nWord 0.\n"
    assert charlie.get("/v1/speakers.toy.txt").status_code == 404
    for query, named in (("cursor=x", "cursor"), ("sample=1", "sample"), ("kind=rumour", "kind"), ("safe=0", "safe")):
        refused = charlie.get(f"/v1/statements.toy.txt?{query}")
        assert [each["parameter"] for each in refused.json["errors"]] == [named]
    tags = {charlie.get(f"/v1/statements.{each}").headers["ETag"] for each in ("toy.txt", "plain.toy", "csv", "json")}
    assert len(tags) == 4


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (f'text/x-toy; profile="{PROFILE}"', LOUD),
        (f'TEXT/X-Toy; charset=utf-8; profile="https://other.example {PROFILE}"', LOUD),
        # One that has no profile is sent where no other is told apart by that which is asked for.
        ('text/x-toy; profile="https://other.example/form"', PLAIN),
        (f'text/x-toy; profile="{PROFILE}";q=0.5, text/x-toy;q=0.6', PLAIN),
        # The most specific range decides of each.
        (f'text/x-toy; profile="{PROFILE}";q=0.5, text/*;q=0.9, text/csv;q=0.1, */*;q=0.2', PLAIN),
        (f'text/x-toy; profile="{PROFILE}";q=0, text/x-toy;q=0.1, text/csv;q=0', PLAIN),
        ("text/x-toy", LOUD),
        ("text/*", registry.CSV),
        ("text/*, text/csv;q=0, text/x-toy;q=0", registry.JSON),
        ("application/json;q=0, */*", registry.NDJSON),
        ("text/csv, */*", registry.CSV),
        ("*/*;q=0.1, text/csv;q=0.1", registry.CSV),
        ("text/html, application/xhtml+xml, */*;q=0.8", registry.JSON),
        ("image/png", registry.JSON),
        ("nonsense", registry.JSON),
        ("text/csv;q=nonsense, */*", registry.JSON),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_accept_chooses_by_profile_quality_and_how_specific_it_is(accept: str, expected: Any, charlie: Client) -> None:
    answer = charlie.get("/v1/statements", headers={"Accept": accept})
    assert answer.headers["Content-Type"] == expected.writes.content_type
    assert "Accept" in answer.headers["Vary"]


def test_a_stream_that_breaks_never_looks_complete(alice: Client) -> None:
    many = "".join(json.dumps(statement(text=f"Word {n}.")) + "\n" for n in range(700))
    assert alice.open("POST", BULK, data=many, content_type="application/x-ndjson").status_code == 200
    whole = alice.get("/v1/statements.toy.txt").text
    assert whole.endswith("% 700 in all\n")
    execute("UPDATE statement SET document = 'no JSON' WHERE n = (SELECT min(n) FROM statement)")
    answer = alice.get("/v1/statements.toy.txt?sort=-created_at")
    begun: list[bytes] = []
    with pytest.raises(ValueError, match="invalid literal"):
        begun.extend(answer.iter_encoded())
    answer.close()
    assert begun[0].startswith(b"% sayings")
    assert b"in all" not in b"".join(begun)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_long_stream_takes_no_more_memory_than_a_short_one(app: Flask) -> None:
    document = json.dumps({"speaker": {"name": "Ada"}, "text": "word " * 200, "reviews": []})
    batches = ("\n".join([document] * 500) for _ in range(60))
    with app.test_request_context("/v1/statements.toy.txt"):
        stream = Stream(batches, Sayings(Sheet(StatementOut, many=True, options={"loud": False})), TYPE)
        tracemalloc.start()
        try:
            sent = sum(map(len, chunks(stream)))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert sent > 30_000_000
    assert peak < 8_000_000


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_description_names_it_and_is_valid(charlie: Client, alice: Client) -> None:
    document = charlie.get("/openapi.json").json
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []
    listed, one = (document["paths"][each]["get"] for each in ("/v1/statements", "/v1/statements/{id}"))
    bulk, speakers = document["paths"][BULK]["post"], document["paths"]["/v1/speakers"]["get"]
    assert "As NDJSON, CSV, Toys or plain toys it is every match" in listed["description"]
    assert "(`.json`, `.toy.txt`)" in one["description"]
    names = {each["name"]: each["schema"] for each in listed["parameters"]}
    assert names["format"]["enum"][:5] == ["json", "ndjson", "csv", "toy.txt", "plain.toy"]
    assert names["loud"]["default"] is False
    told = listed["responses"]["200"]["content"]
    assert LOUD.writes is not None
    assert told[LOUD.writes.media]["schema"]["description"] == "A saying a line."
    assert told["text/x-toy"]["schema"]["description"] == "A text a line."
    assert LOUD.writes.media in one["responses"]["200"]["content"]
    assert LOUD.writes.media not in speakers["responses"]["200"]["content"]
    example = bulk["requestBody"]["content"]["text/x-toy"]["examples"]["request"]["value"]
    taken = alice.open("POST", BULK, data=example, content_type="text/x-toy")
    assert (taken.status_code, taken.json["created"]) == (200, 1)
    assert "shout" in {each["name"] for each in bulk["parameters"]}


def test_it_is_exported_and_got_as_the_service_sends_it(database_url: str, held: list[str], tmp_path: Path) -> None:
    close_database()
    expected = WHOLE.encode()
    assert command(database_url, "get", "/v1/statements.toy.txt").stdout == expected
    file = tmp_path / "sayings"
    assert command(database_url, "export", "--format", "toy.txt", "-o", str(file)).returncode == 0
    assert file.read_bytes() == expected
    assert command(database_url, "export", "/v1/statements.toy.txt?limit=1").stdout.count(b"\n") == 3
    refused = command(database_url, "export", "--type", "speakers", "--format", "toy.txt")
    assert (refused.returncode, b"no speakers" in refused.stderr) == (2, True)


# --- in ------------------------------------------------------------------------------------------------------

BOOK = {
    "sayings": [
        {"who": "Ada", "what": ["One.", "Two."]},
        {"who": "Bob"},
        {"who": "Cy", "what": ["Three."], "judged": "Mostly true"},
        # Of these all or none: the second is no text, is held already, is the same again, or is not rated.
        {"who": "Ada", "what": ["Four.", ""]},
        {"who": "Ada", "what": ["Five.", "One."]},
        {"who": "Eve", "what": ["Six.", "Six."]},
        {"who": "Cy", "what": ["Seven."], "judged": ""},
        {"who": "Bob", "what": ["Eight.", "Nine."]},
    ]
}
TEXTS = ["Eight.", "Nine.", "One.", "Three.", "Two."]
FAILED = [
    ("/sayings/1", 400, ["#"]),
    ("/sayings/3", 422, ["#/what/1/text"]),
    ("/sayings/4", 409, ["#/what/1"]),
    ("/sayings/5", 409, ["#/what/1"]),
    ("/sayings/6", 422, ["#/judged/rating/alternate_name"]),
]


def told(failures: list[dict[str, Any]]) -> list[Any]:
    assert {each["line"] for each in failures} == {1}
    return [(each["pointer"], each["status"], [one["pointer"] for one in each["errors"]]) for each in failures]


def texts(client: Client) -> list[str]:
    return sorted(client.get("/v1/statements.plain.toy").text.splitlines())


@pytest.mark.parametrize(
    ("query", "media"),
    [("", "text/x-toy"), ("format=toy.txt", "application/json"), ("format=toy.txt", "application/vnd.toys+json")],
)
def test_a_bulk_takes_an_item_with_several_records_whole_or_not_at_all(alice: Client, query: str, media: str) -> None:
    answer = alice.open("POST", f"{BULK}?{query}", data=json.dumps(BOOK), content_type=media)
    assert answer.status_code == 207
    counts = {name: answer.json[name] for name in ("received", "created", "failed")}
    assert counts == {"received": 8, "created": 3, "failed": 5}
    assert told(answer.json["errors"]) == FAILED
    assert texts(alice) == TEXTS
    # Nobody is left of those who would have been named in what failed.
    names = {each["name"] for each in alice.get("/v1/speakers").json["data"]}
    assert names == {"Ada", "Bob", "Cy"}
    (review,) = alice.get("/v1/reviews").json["data"]
    assert (review["author"]["name"], review["rating"]["alternate_name"]) == ("Toy Facts", "Mostly true")
    reviewed = alice.get(f"/v1/statements/{review['statement']['id']}").json
    assert reviewed["text"] == "Three."


def invented(chance: random.Random, number: int) -> dict[str, Any]:
    """Return an item of several records, which others of the same file may oppose."""
    made: dict[str, Any] = {"who": chance.choice(("Ada", "Bob", f"New {number % 5}"))}
    made["what"] = [f"Text {chance.randrange(14)}." for _ in range(chance.randint(1, 3))]
    if chance.random() < 0.4:
        made["judged"] = chance.choice(("True", "False", ""))
    if chance.random() < 0.4:
        made["refs"] = [f"x-{chance.randrange(9)}" for _ in made["what"]]
    return made


def stored(client: Client) -> list[list[str]]:
    """Return what is held, whatever its ids."""
    statements, reviews, speakers = (
        client.get(f"/v1/{each}?limit=200").json["data"] for each in ("statements", "reviews", "speakers")
    )
    return [
        sorted(f"{each['text']} {each['speaker']['name']} {each['external_id']}" for each in statements),
        sorted(each["rating"]["alternate_name"] for each in reviews),
        sorted(each["name"] for each in speakers),
    ]


@pytest.mark.parametrize("on_conflict", ["error", "skip", "update"])
def test_many_items_at_once_become_what_they_become_one_by_one(on_conflict: str, alice: Client, another: str) -> None:
    chance = random.Random(11)
    sayings = [invented(chance, number) for number in range(70)]

    def sent(client: Client, *items: dict[str, Any]) -> Counter[str]:
        address, data = f"{BULK}?format=toy.txt&on_conflict={on_conflict}", json.dumps({"sayings": items})
        facts = client.open("POST", address, data=data, content_type="text/x-toy").json
        return Counter({name: facts[name] for name in ("created", "updated", "unchanged", "failed")})

    single = sum((sent(alice, each) for each in sayings), Counter[str]())
    expected = stored(alice)
    close_database()
    client = Client(create_app(Settings(database=another)), keys.make("alice", ["write"])["key"])
    assert +sent(client, *sayings) == single
    assert single["failed"] > 5
    assert single["created"] > 5
    assert stored(client) == expected
    assert list(verify(Seen())) == []
    close_database()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_body_of_it_is_refused_where_it_is_none_or_not_named(alice: Client) -> None:
    answer = alice.open("POST", BULK, data=b"[]", content_type="text/x-toy")
    assert (answer.status_code, answer.json["errors"][0]["detail"]) == (400, "This is no book of sayings.")
    answer = alice.open("POST", BULK, data=json.dumps(BOOK), content_type="application/vnd.toys+json")
    assert (answer.status_code, "text/x-toy" in answer.json["detail"]) == (415, True)
    given = {"data": json.dumps({"sayings": [{"who": "Ada", "what": ["Quiet."]}]}), "content_type": "text/x-toy"}
    assert alice.open("POST", f"{BULK}?shout=1&dry_run=1", **given).json["created"] == 1
    assert alice.open("POST", f"{BULK}?shout=1", **given).json["created"] == 1
    assert texts(alice) == ["QUIET."]


def test_the_command_imports_it_and_writes_down_what_failed(database_url: str, charlie: Client, tmp_path: Path) -> None:
    assert not texts(charlie)
    close_database()
    file = tmp_path / "book.toy"
    file.write_text(json.dumps(BOOK))
    done = command(database_url, "import", str(file))
    assert done.returncode == 1
    assert b"8 lines: 3 created, 0 updated, 0 unchanged, 5 failed." in done.stdout
    rejects = [json.loads(each) for each in (tmp_path / "book.toy.rejects.ndjson").read_text().splitlines()]
    assert told(rejects) == FAILED
    assert texts(charlie) == TEXTS
    close_database()
    again = command(database_url, "import", str(file), "--shout", "--no-shout")
    assert b"imported before" in again.stdout
    onrecord(database_url, "verify")


def test_there_are_no_toys_when_nobody_plays() -> None:
    assert [each.suffix for each in registry.FORMATS] == ["json", "ndjson", "csv"]
