"""Streams: NDJSON and CSV hold what the list holds, from one state of the data, and never look complete when broken."""

from __future__ import annotations

import csv as reference
import http.client
import io
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from werkzeug.test import TestResponse

from api.domain.evidence.statements import STATEMENT
from api.domain.finding import streams
from api.domain.keeping import indexes
from api.domain.writing import records
from api.formats.csv import Table
from api.settings import Settings
from api.storage.db import close_database, db, execute, open_database, row, rows, writing
from schemas import BY_NAME
from tests.conftest import Client, statement
from tests.servers import Server, serving

SPEAKERS = ["Ada, Countess of Lovelace", "Blinken", "Votel"]
DATES = [None, "2022", "2022-03", "2022-03-23", "2022-03-24", "2021-01/2022-03"]
QUERIES = [
    "",
    "kind=quote",
    "speaker=Votel&speaker=Blinken",
    "speaker.not=Votel&sort=said_on",
    "from=2022-03-23&to=2022-03-23",
    "from=2021&sort=said_on",
    "sort=created_at",
    "sort=-created_at&outlet=AP",
    "q=harbour",
    "q=harbour&sort=-said_on&from=2022",
    "topic=b",
    "text.exists=true",
    "speaker=Nobody",
    "fields=id,speaker.name&kind=claim",
]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches so small that a few records need several."""
    monkeypatch.setattr(streams, "BATCH", 4)


@pytest.fixture
def held(alice: Client, small_batches: None) -> list[dict[str, Any]]:
    """Some statements that tie in every order."""
    chance = random.Random(3)
    return [
        alice.record(
            statement(
                kind=chance.choice(["quote", "claim"]),
                text=f"The harbour {'opens ' * chance.randrange(3)}on day {number}.",
                said_on=chance.choice(DATES),
                speaker=chance.choice(SPEAKERS),
                outlet=chance.choice(["The Times", "AP"]),
                topics=chance.sample("abc", 2),
            )
        )
        for number in range(27)
    ]


def paged(client: Client, query: str, collection: str = "statements") -> list[Any]:
    """Return a list's documents, page by page."""
    found: list[Any] = []
    address = f"/v1/{collection}?limit=7&{query}"
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        found += answer.json["data"]
        address = (answer.json["next_url"] or "").removeprefix("http://localhost")
    return found


def documents(answer: TestResponse) -> list[Any]:
    """Return what a stream of NDJSON holds."""
    assert answer.status_code == 200, answer.text
    assert answer.data.endswith(b"\n") or not answer.data
    return [orjson.loads(line) for line in answer.data.splitlines()]


def read_csv(data: bytes, name: str = "statement") -> list[Any]:
    """Return what a file of CSV holds, read back."""
    file = Table(io.BytesIO(data), BY_NAME[name])
    return [draft.fields for each in file.items() for draft in file.drafts(each)]


# --- what they hold ------------------------------------------------------------------------------------------


def test_a_stream_holds_what_the_pages_hold_in_their_order(held: list[dict[str, Any]], charlie: Client) -> None:
    for query in [each for each in QUERIES if "exists" not in each]:
        expected = paged(charlie, query)
        assert documents(charlie.get(f"/v1/statements.ndjson?{query}")) == expected, query
        if "fields" not in query:
            assert read_csv(charlie.get(f"/v1/statements.csv?{query}").data) == expected, query
            capped = charlie.get(f"/v1/statements.ndjson?limit=9&{query}")
            assert documents(capped) == expected[:9], query
    assert documents(charlie.get("/v1/statements.ndjson?limit=1000")) == paged(charlie, "")


def test_a_line_has_the_very_bytes_of_the_list(held: list[dict[str, Any]], charlie: Client) -> None:
    listed = charlie.get("/v1/statements?limit=200").data
    lines = charlie.get("/v1/statements.ndjson").data.splitlines()
    assert listed.startswith(b'{"data":[' + b",".join(lines) + b"],")


def test_every_kind_of_record_can_be_had_whole(held: list[dict[str, Any]], alice: Client, charlie: Client) -> None:
    for number in range(6):
        alice.record({"url": f"https://a.example/{number}", "text": "=1+1", "outlet": "AP"}, "sources")
        review = {
            "author": {"name": "Facts"},
            "rating": {"rating_value": -number, "best_rating": 1, "worst_rating": -9},
        }
        alice.record({"statement": held[number]["id"], **review}, "reviews")
        relation = {"subject": held[number]["id"], "type": "confirms", "object": held[number + 1]["id"]}
        alice.record(relation, "relations")
    for collection in ("speakers", "outlets", "sources", "reviews", "relations"):
        for client in (alice, charlie):
            expected = paged(client, "", collection)
            assert len(expected) >= 2
            assert documents(client.get(f"/v1/{collection}.ndjson")) == expected
            assert read_csv(client.get(f"/v1/{collection}.csv").data, collection[:-1]) == expected
    found = charlie.get("/v1/speakers.ndjson?q=b")
    assert documents(found) == paged(charlie, "q=b", "speakers") != []


def test_what_is_withheld_streams_to_key_holders_alone(alice: Client, bob: Client, charlie: Client) -> None:
    alice.record(statement(text="Known."))
    alice.record(statement(text="Hidden.", status="withheld"))
    alice.record({"url": "https://a.example", "text": "Hidden."}, "sources")
    for form in ("ndjson", "csv"):
        for query in ("", "?q=hidden", "?status=withheld"):
            assert b"Hidden" in bob.get(f"/v1/statements.{form}{query}").data
            assert b"Hidden" not in charlie.get(f"/v1/statements.{form}{query}").data
        assert b"Hidden" in bob.get(f"/v1/sources.{form}").data
        assert b"Hidden" not in charlie.get(f"/v1/sources.{form}").data


def test_of_nothing_a_stream_is_empty_and_a_table_has_its_header(charlie: Client) -> None:
    assert charlie.get("/v1/statements.ndjson").data == b""
    table = charlie.get("/v1/statements.csv").data
    assert table.startswith(b"id,version,kind,form,text,lang,speaker.id,speaker.name,")
    assert table.count(b"\n") == 1


def test_cells_that_look_like_formulas_are_made_safe_unless_asked_otherwise(alice: Client, charlie: Client) -> None:
    texts = [f"{first}HYPERLINK(1)" for first in "=+-@'"] + ['"quoted", and\r\nbroken']
    for text in texts:
        alice.record(statement(text=text, speaker="=Ada"))

    def cells(query: str) -> set[tuple[str, str]]:
        table = io.StringIO(charlie.get(f"/v1/statements.csv{query}").text, newline="")
        return {(each["text"], each["speaker.name"]) for each in reference.DictReader(table, strict=True)}

    assert cells("?safe=0") == {(text, "=Ada") for text in texts}
    for query in ("", "?safe=1"):
        assert cells(query) == {(text if text[0] == '"' else f"'{text}", "'=Ada") for text in texts}
    assert {each["text"] for each in read_csv(charlie.get("/v1/statements.csv").data)} == set(texts)


def test_excel_is_given_a_byte_order_mark(held: list[dict[str, Any]], charlie: Client) -> None:
    plain, marked = (charlie.get(f"/v1/statements.csv?excel={flag}").data for flag in "01")
    assert marked == b"\xef\xbb\xbf" + plain
    assert read_csv(marked) == read_csv(plain) == paged(charlie, "")


# --- which form ----------------------------------------------------------------------------------------------

NDJSON, CSV, JSON = "application/x-ndjson", "text/csv; charset=utf-8", "application/json"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("address", "accept", "expected"),
    [
        ("/v1/statements", None, JSON),
        ("/v1/statements", "*/*", JSON),
        ("/v1/statements", BROWSER, JSON),
        ("/v1/statements", "image/png", JSON),
        ("/v1/statements", "", JSON),
        ("/v1/statements", "nonsense", JSON),
        ("/v1/statements", "application/json", JSON),
        ("/v1/statements", "application/x-ndjson", NDJSON),
        ("/v1/statements", "text/csv", CSV),
        ("/v1/statements", "text/csv; charset=utf-8; header=present", CSV),
        ("/v1/statements", "text/*", CSV),
        ("/v1/statements", "text/csv;q=0.5, application/x-ndjson;q=0.6", NDJSON),
        ("/v1/statements", "text/csv;q=0.5, */*;q=0.1", CSV),
        ("/v1/statements", "text/csv;q=0, */*", JSON),
        ("/v1/statements/", "text/csv", CSV),
        ("/v1/statements?format=csv", "application/x-ndjson", CSV),
        ("/v1/statements?format=json", "text/csv", JSON),
        ("/v1/statements?format=ndjson", None, NDJSON),
        ("/v1/statements.csv", "application/json", CSV),
        ("/v1/statements.json", "text/csv", JSON),
        ("/v1/statements.ndjson?format=csv", "application/json", NDJSON),
        ("/v1/statements.json?format=csv", None, JSON),
        ("/v1/speakers.csv", None, CSV),
        ("/v1/outlets?format=ndjson", None, NDJSON),
        ("/v1/sources", "text/csv", CSV),
    ],
)
def test_the_suffix_goes_before_the_parameter_and_that_before_the_header(
    address: str, accept: str | None, expected: str, charlie: Client
) -> None:
    headers = {} if accept is None else {"Accept": accept}
    for method in ("GET", "HEAD"):
        answer = charlie.open(method, address, headers=headers)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, expected)
        assert "Accept" in answer.headers["Vary"]
        assert "Content-Length" not in answer.headers or expected == JSON
        answer.close()


def test_one_record_is_json_by_every_name(held: list[dict[str, Any]], charlie: Client) -> None:
    address = f"/v1/statements/{held[0]['id']}"
    plain = charlie.get(address)
    for other in (f"{address}.json", f"{address}?format=json", f"{address}.json?format=json"):
        answer = charlie.get(other)
        assert (answer.data, answer.headers["ETag"]) == (plain.data, plain.headers["ETag"])
    assert charlie.get(address, headers={"Accept": "text/csv"}).data == plain.data
    refused = charlie.get(f"{address}?format=csv")
    assert (refused.status_code, refused.json["errors"][0]["parameter"]) == (400, "format")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_unknown_suffix_is_404_and_an_unknown_format_400(held: list[dict[str, Any]], charlie: Client) -> None:
    unknown = (
        "statements.xml",
        "statements.",
        "statements.CSV",
        "statements.csv.csv",
        f"statements/{held[0]['id']}.csv",
    )
    for address in (*unknown, f"statements/{held[0]['id']}.", "statements/.json", "schemas/statement.csv"):
        assert charlie.get(f"/v1/{address}").status_code == 404, address
    for address in ("statements?format=cvs", "statements.json?format=cvs"):
        answer = charlie.get(f"/v1/{address}")
        assert answer.status_code == 400
        assert answer.json["errors"] == [
            {
                "parameter": "format",
                "code": "choice",
                "detail": "'cvs' is not one of: json, ndjson, csv. Did you mean csv?",
            }
        ]
    assert charlie.get("/v1/statements.csv?format=csv&format=csv").status_code == 400
    assert charlie.open("POST", "/v1/statements.csv", json={}).status_code == 405


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_belongs_to_pages_or_to_csv_alone_is_refused_elsewhere(
    held: list[dict[str, Any]], charlie: Client
) -> None:
    cursor = charlie.get("/v1/statements?limit=2").json["next"]
    for query, named in (
        (f".ndjson?cursor={cursor}", ["cursor"]),
        (".csv?count=exact&cursor=x", ["cursor", "count"]),
        (".ndjson?safe=0&excel=1", ["safe", "excel"]),
        ("?safe=0", ["safe"]),
        (".csv?limit=0", ["limit"]),
        (".csv?expand=source&sample=3", ["expand", "sample"]),
        ("?limit=201&cursor=x&format=json", ["limit"]),
        (".csv?limit=1e3&q=-only", ["limit"]),
    ):
        answer = charlie.get(f"/v1/statements{query}")
        assert answer.status_code == 400, query
        assert sorted(each["parameter"] for each in answer.json["errors"]) == sorted(named), query
    assert charlie.get("/v1/statements?limit=200&safe=1&excel=0").status_code == 200
    assert charlie.get(f"/v1/statements?format=json&limit=2&cursor={cursor}").status_code == 200


def test_a_stream_that_is_as_new_as_the_log_is_not_sent_again(held: list[dict[str, Any]], alice: Client) -> None:
    tags = {}
    for form in ("json", "ndjson", "csv"):
        answer = alice.get("/v1/statements", headers={"Accept": {"json": JSON, "ndjson": NDJSON, "csv": CSV}[form]})
        tags[form] = answer.headers["ETag"]
        answer.close()
    assert len(set(tags.values())) == 3
    asked = {"Accept": CSV, "If-None-Match": tags["csv"]}
    assert alice.get("/v1/statements", headers=asked).status_code == 304
    alice.record({"name": "Somebody"}, "speakers")
    assert b"AP" in alice.get("/v1/statements", headers=asked).data


# --- one state of the data -----------------------------------------------------------------------------------


def elsewhere(work: Any) -> Any:
    """Do something on another thread, that is on a connection of its own, and return what came of it."""

    def done() -> Any:
        try:
            return work()
        finally:
            close_database()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(done).result()


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_others_write_and_rename_and_the_stream_shows_none_of_it(
    form: str, held: list[dict[str, Any]], alice: Client
) -> None:
    expected = paged(alice, "")
    answer = alice.get(f"/v1/statements.{form}")
    chunks = iter(answer.iter_encoded())
    begun = next(chunks)

    def write() -> None:
        for each in held[::2]:
            alice.delete(f"/v1/statements/{each['id']}", headers={"If-Match": "*"})
        alice.record(statement(text="Newer.", said_on="2022-03-23"))
        for each in paged(alice, "", "speakers"):
            alice.patch(f"/v1/speakers/{each['id']}", {"name": f"Renamed {each['name']}", "version": 1})

    elsewhere(write)
    data = begun + b"".join(chunks)
    answer.close()
    found = read_csv(data) if form == "csv" else [orjson.loads(line) for line in data.splitlines()]
    assert found == expected
    now = alice.get(f"/v1/statements.{form}").data
    assert b"Renamed" in now
    assert b"Newer." in now


def test_a_stream_keeps_no_writer_waiting(held: list[dict[str, Any]], alice: Client) -> None:
    answer = alice.get("/v1/statements.ndjson")
    chunks = iter(answer.iter_encoded())
    next(chunks)
    # It would be refused once it had waited for as long as a writer waits.
    elsewhere(lambda: alice.record(statement(text="At once.")))
    answer.close()


def at_rest() -> bool:
    """Tell whether this thread's connection is in no transaction, by the database's own word."""
    if db.in_transaction():
        return False
    connection = db.connection()
    inside: Any = getattr(connection, "in_transaction", None)
    return connection.info.transaction_status == 0 if inside is None else not inside


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_whichever_way_it_ends_a_stream_leaves_no_transaction(
    form: str, held: list[dict[str, Any]], alice: Client
) -> None:
    address = f"/v1/statements.{form}"
    # Read to its end.
    assert alice.get(address).data
    assert at_rest()
    # The client goes away.
    answer = alice.get(address)
    next(iter(answer.iter_encoded()))
    assert not at_rest()
    answer.close()
    assert at_rest()
    # Nobody reads it at all.
    alice.get(address).close()
    assert at_rest()
    assert alice.open("HEAD", address).data == b""
    assert at_rest()
    # The search has no words.
    assert alice.get(f"{address}?q=-only").status_code == 400
    assert at_rest()
    assert alice.record(statement(text="Still writing."))


def test_a_client_of_http_1_0_is_told_the_length(held: list[dict[str, Any]], charlie: Client) -> None:
    whole = charlie.get("/v1/statements.csv").data
    old = charlie.open("GET", "/v1/statements.csv", environ_overrides={"SERVER_PROTOCOL": "HTTP/1.0"})
    assert old.data == whole
    assert old.headers["Content-Length"] == str(len(whole))
    old.close()
    assert at_rest()


# --- when it breaks ------------------------------------------------------------------------------------------


def damage(id: str) -> None:
    """Make a stored document what cannot be sent as CSV."""
    execute("UPDATE statement SET document = 'no JSON' WHERE id = ?", (id,))


def test_a_failure_in_the_first_batch_is_a_problem_and_a_later_one_breaks_the_stream(
    held: list[dict[str, Any]], alice: Client
) -> None:
    order = [each["id"] for each in paged(alice, "")]
    damage(order[20])
    answer = alice.get("/v1/statements.csv")
    assert answer.status_code == 200
    with pytest.raises(orjson.JSONDecodeError):
        assert not answer.data
    answer.close()
    assert at_rest()
    damage(order[1])
    answer = alice.get("/v1/statements.csv")
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/problem+json")
    assert at_rest()
    old = alice.open("GET", "/v1/statements.csv", environ_overrides={"SERVER_PROTOCOL": "HTTP/1.0"})
    assert old.status_code == 500
    assert at_rest()


# --- a large store, a real server ----------------------------------------------------------------------------

MANY = 50_000


def fill(count: int) -> None:
    """Hold many copies of a few statements, made by the database itself."""
    with writing():
        for speaker in SPEAKERS:
            given = statement(
                text=f"{speaker} said.", speaker=speaker, context="It was long. " * 150, topics=["harbours"]
            )
            records.store(STATEMENT, STATEMENT.takes.load(given), by="tests")
        columns = [each.name for each in db.get_columns("statement") if each.name != "n"]
        # The id of a copy ends in its own number and its original's.
        id = "(substr('stm_00000000000000000000000000', 1, 29 - length(CAST(i AS TEXT))) || CAST(i AS TEXT) || n)"
        other = {"id": id, "document": f"replace(document, id, {id})"}
        read = ", ".join(other.get(name, name) for name in columns)
        numbers = f"SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {count // len(SPEAKERS)}"
        execute(
            f"WITH RECURSIVE numbers(i) AS ({numbers}) "
            f"INSERT INTO statement ({', '.join(columns)}) SELECT {read} FROM statement, numbers"
        )
        indexes.mark_current()


def peak(server: Server) -> float:
    """Return the most memory that any process of a server ever held, in megabytes."""
    found = 0.0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            facts = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        except OSError:
            continue
        if int(facts["PPid"]) == server.process.pid:
            found = max(found, int(facts["VmHWM"].split()[0]) / 1024)
    return found


def ask(server: Server, path: str) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    """Ask for a stream and return it unread, with its connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", path, headers={"Authorization": f"Bearer {server.key}"})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Transfer-Encoding"]) == (200, "chunked")
    return connection, answer


@pytest.fixture(scope="module")
def large(shared_database_url: str) -> str:
    """The address of a database with more than would fit in what a worker may take."""
    open_database(Settings(database=shared_database_url, query_timeout=0))
    fill(MANY)
    # As autovacuum does in the field, which is off here.
    execute("ANALYZE")
    close_database()
    return shared_database_url


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_large_store_streams_in_little_memory_and_break_visibly(large: str) -> None:
    with serving(large, "--workers", "1", "--threads", "2") as server:
        # Along an index, and in an order for which two stretches of one have to be sorted.
        for query in ("", "?speaker=Votel&speaker=Blinken&sort=said_on"):
            connection, answer = ask(server, f"/v1/statements.ndjson{query}")
            with closing(connection):
                found = sum(chunk.count(b"\n") for chunk in iter(lambda: answer.read(2**20), b""))  # noqa: B023
            assert found > (MANY // 2 if query else MANY)
        assert peak(server) < 120
        _client_goes_away(server, large)
        _database_fails(server, large)


def _client_goes_away(server: Server, url: str) -> None:
    connection, answer = ask(server, "/v1/statements.ndjson")
    assert answer.read(100_000)
    connection.close()
    answer.close()
    open_database(Settings(database=url))
    deadline = time.monotonic() + 10
    if url.startswith("postgresql"):
        busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start < ?"
        (now,) = row("SELECT now()") or ()
        while rows(busy, (now,)) != [(0,)] and time.monotonic() < deadline:
            time.sleep(0.05)
        assert rows(busy, (now,)) == [(0,)]
    else:
        # While anybody reads an older state of the data the log cannot be emptied.
        while rows("PRAGMA wal_checkpoint(TRUNCATE)")[0][0] and time.monotonic() < deadline:
            time.sleep(0.05)
        assert rows("PRAGMA wal_checkpoint(TRUNCATE)") == [(0, 0, 0)]
    close_database()


def _database_fails(server: Server, url: str) -> None:
    open_database(Settings(database=url))
    if url.startswith("sqlite"):
        # The last of the list is no text any more.
        execute("UPDATE statement SET document = CAST(x'ff' AS TEXT) WHERE id = (SELECT min(id) FROM statement)")
    for form in ("ndjson", "csv"):
        connection, answer = ask(server, f"/v1/statements.{form}")
        with closing(connection):
            assert len(answer.read(100_000)) == 100_000
            if url.startswith("postgresql"):
                reading = "datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
                assert rows(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {reading}") == [(True,)]
            with pytest.raises(http.client.IncompleteRead):
                answer.read()
        # Every thread goes on, also the one whose connection broke.
        assert {server.ask("GET", "/v1/statements?limit=1").status for _ in range(9)} == {200}
    close_database()
    assert server.log.read_bytes().count(b'"a stream broke"') == 2


def test_fields_choose_the_columns_of_csv(held: list[dict[str, Any]], charlie: Client) -> None:
    whole = list(reference.DictReader(io.StringIO(charlie.get("/v1/statements.csv").text)))
    names = list(whole[0])
    chance = random.Random(7)
    for _ in range(30):
        chosen = chance.sample(names, chance.randint(1, 5))
        text = charlie.get("/v1/statements.csv", query_string={"fields": ",".join(chosen)}).text
        found = list(reference.DictReader(io.StringIO(text)))
        assert list(found[0]) == [name for name in names if name in chosen], chosen
        assert found == [{name: each[name] for name in names if name in chosen} for each in whole]
    for fields, header in (
        ("speaker", "speaker.id,speaker.name,speaker.type"),
        ("id,speaker.name", "id,speaker.name"),
        ("appearances.url,id", "id,appearances"),
        ("url,title", "url,title"),
    ):
        lines = charlie.get(f"/v1/statements.csv?fields={fields}").text.split("\r\n")
        assert lines[0] == header
    places = next(reference.DictReader(io.StringIO(charlie.get("/v1/statements.csv?fields=appearances.url").text)))
    assert all(each.keys() == {"url"} for each in orjson.loads(places["appearances"]))
    for bad in (".csv?fields=nonsense", "?fields=url", ".ndjson?fields=title", ".csv?fields=url.x"):
        (error,) = charlie.get(f"/v1/statements{bad}").json["errors"]
        assert (error["parameter"], error["code"]) == ("fields", "choice"), bad
