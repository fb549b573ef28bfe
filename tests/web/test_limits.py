"""How often a client may ask: exactly as often as the settings say, in all workers together, and what it is told."""

from __future__ import annotations

import os
import re
import threading
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from secrets import token_urlsafe
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from api.app import create_app
from api.domain.core import keys
from api.settings import BadSetting, Rate, Settings
from api.web import tallies
from api.web.limits import network
from api.web.tallies import Tallies
from tests.conftest import Client, statement
from tests.servers import serving
from tests.test_errors import World, assert_problem, declared
from tests.web.conftest import raw, stored
from tests.web.test_permissions import HEALTH, queries, with_checksum

DAY = 86400
POLICY = re.compile(r'"(key|address)";q=(\d+);w=(\d+)')
LEFT = re.compile(r'"(key|address)";r=(\d+);t=(\d+)')
# Newer Pythons warn of forks beside threads; those of a parallel test run have no part in what is tested.
forking = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def limited(app: Flask, database_url: str) -> Flask:
    """The application, where an address may ask 5 times a day and a key 10 times."""
    rates = {"rate_limit": Rate(10, DAY), "rate_limit_anonymous": Rate(5, DAY)}
    return create_app(Settings(database=database_url, **rates))  # type: ignore[arg-type]


def statuses(client: Client, count: int, address: str = "/v1/statements", **given: Any) -> list[int]:
    return [client.get(address, **given).status_code for _ in range(count)]


def of(number: int) -> dict[str, Any]:
    """Return what makes a request come from another address than others."""
    return {"environ_overrides": {"REMOTE_ADDR": f"192.0.2.{number}"}}


# --- what is counted -----------------------------------------------------------------------------------------


def test_an_address_may_ask_so_often_and_is_told_how_often_it_still_may(limited: Flask) -> None:
    client = Client(limited)
    for left in (4, 3, 2, 1, 0):
        answer = client.get("/v1/statements")
        assert answer.status_code == 200
        assert answer.headers["RateLimit-Policy"] == '"address";q=5;w=86400'
        found = LEFT.fullmatch(answer.headers["RateLimit"])
        assert found
        assert (found[1], int(found[2])) == ("address", left)
        assert DAY - 60 < int(found[3]) <= DAY
    answer = client.get("/v1/statements")
    problem = assert_problem(answer, 429)
    assert problem["type"] == "/problems/too-many-requests"
    assert problem["detail"].startswith("One address may ask 5/day; go on in ")
    assert answer.headers["RateLimit-Policy"] == '"address";q=5;w=86400'
    assert answer.headers["RateLimit"] == f'"address";r=0;t={answer.headers["Retry-After"]}'
    assert DAY - 60 < int(answer.headers["Retry-After"]) <= DAY


def test_everything_that_is_asked_counts_whether_it_is_there_or_not(limited: Flask) -> None:
    client = Client(limited)
    for method, address, status in (
        ("GET", "/nope", 404),
        ("POST", "/", 405),
        ("HEAD", "/docs", 200),
        ("POST", "/v1/statements", 401),
        ("GET", "/v1/statements?nonsense=1", 400),
        ("GET", "/", 429),
        ("GET", "/nope", 429),
    ):
        assert client.open(method, address).status_code == status


def test_each_address_and_each_key_has_its_own(limited: Flask) -> None:
    first, second = (Client(limited, keys.make(name, ["write"])["key"]) for name in ("one", "two"))
    nobody = Client(limited)
    assert Counter(statuses(nobody, 7, **of(1))) == {200: 5, 429: 2}
    assert Counter(statuses(nobody, 7, **of(2))) == {200: 5, 429: 2}
    # From wherever it is sent; and the address is free for whoever has no key.
    assert Counter(statuses(first, 6, **of(3)) + statuses(first, 6, **of(4))) == {200: 10, 429: 2}
    assert Counter(statuses(second, 12, **of(3))) == {200: 10, 429: 2}
    assert Counter(statuses(nobody, 7, **of(3))) == {200: 5, 429: 2}
    answer = second.post("/v1/statements", statement())
    assert assert_problem(answer, 429)["detail"].startswith("One key may ask 10/day; go on in ")


def test_a_refused_request_has_done_nothing(limited: Flask) -> None:
    client = Client(limited, keys.make("alice", ["write"])["key"])
    statuses(client, 10, "/v1/me")
    before = stored()
    with queries() as asked:
        assert_problem(client.post("/v1/statements", statement()), 429)
        # Not even whose key it is.
        assert asked == []
    assert stored() == before


def test_health_and_preflights_are_not_counted(limited: Flask) -> None:
    client = Client(limited)
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    for _ in range(7):
        for _, address in HEALTH:
            answer = client.get(address)
            assert answer.status_code == 200
            assert "RateLimit" not in answer.headers
        assert client.open("OPTIONS", "/v1/statements").status_code == 200
        assert client.open("OPTIONS", "/v1/statements", headers=asked).status_code == 204
    assert client.get("/").headers["RateLimit"].startswith('"address";r=4;')


def test_me_tells_the_quota(limited: Flask, app: Flask) -> None:
    client = Client(limited, keys.make("alice", ["write"])["key"])
    for remaining in (9, 8):
        quota = client.get("/v1/me").json["quota"]
        assert (quota["limit"], quota["window"], quota["remaining"]) == (10, DAY, remaining)
        assert DAY - 60 < quota["reset"] <= DAY
    assert Client(limited).get("/v1/me").json["quota"]["limit"] == 5
    assert Client(app).get("/v1/me").json["quota"]["limit"] == 600_000


def test_without_a_limit_nothing_is_counted_and_nothing_told(app: Flask, database_url: str) -> None:
    free = create_app(Settings(database=database_url, rate_limit=None, rate_limit_anonymous=None))
    for client in (Client(free), Client(free, keys.make("alice", ["read"])["key"])):
        answers = [client.get("/v1/me") for _ in range(20)]
        assert {answer.status_code for answer in answers} == {200}
        assert not any(name.startswith("RateLimit") for answer in answers for name, _ in answer.headers)
        assert answers[0].json["quota"] is None


def test_time_gives_everything_back(app: Flask, database_url: str) -> None:
    brief = create_app(Settings(database=database_url, rate_limit_anonymous=Rate(1, 1)))
    client = Client(brief)
    served = 0
    # Waits as it is told to, whatever the clock does meanwhile.
    waiting = threading.Event()
    for _ in range(20):
        answer = client.get("/")
        served += answer.status_code == 200
        if served == 2:
            break
        waiting.wait(int(answer.headers.get("Retry-After", 0)))
    assert served == 2


# --- keys that are not good ----------------------------------------------------------------------------------


def unknown_key() -> str:
    secret = token_urlsafe(32)
    return f"onr_{secret}_{zlib.crc32(secret.encode()):08x}"


@pytest.mark.parametrize("form", ["mutilated", "unknown"])
def test_a_thousand_bad_keys_from_one_address_are_limited(limited: Flask, form: str) -> None:
    nothing_yet = Client(limited).get("/nope")
    assert nothing_yet.status_code == 404
    with queries() as asked:
        found = Counter()
        for _ in range(1000):
            key = unknown_key() if form == "unknown" else unknown_key()[:-1]
            answer = Client(limited, key).get("/v1/statements")
            assert_problem(answer, answer.status_code)
            found[answer.status_code] += 1
        assert found == {401: 4, 429: 996}
        # What could be a key is looked up, until the address has used up what it may do; what could not, never.
        assert len(asked) == (4 if form == "unknown" else 0)


def test_bad_keys_use_up_what_the_address_may_do_and_not_what_a_key_may(limited: Flask) -> None:
    good = Client(limited, keys.make("alice", ["write"])["key"])
    assert good.get("/").status_code == 200
    statuses(Client(limited, with_checksum("x" * 43)), 10)
    assert_problem(Client(limited).get("/"), 429)
    # A key that was good here lately is served from the same address all the same.
    assert Counter(statuses(good, 10)) == {200: 9, 429: 1}


def test_a_bad_key_is_counted_also_where_nothing_is(limited: Flask) -> None:
    client = Client(limited, with_checksum("x" * 43))
    assert statuses(client, 7, "/nope") == [404] * 5 + [429] * 2


def test_a_revoked_key_is_counted_for_its_address_from_then_on(limited: Flask) -> None:
    made = keys.make("alice", ["write"])
    client = Client(limited, made["key"])
    assert client.get("/").status_code == 200
    keys.revoke(made["id"])
    with queries() as asked:
        assert Counter(statuses(client, 50)) == {401: 5, 429: 45}
        assert len(asked) == 5


# --- addresses -----------------------------------------------------------------------------------------------


@one_database
def test_a_client_of_ipv6_is_its_64(limited: Flask) -> None:
    def ask(address: str) -> int:
        return raw(limited, "/", REMOTE_ADDR=address).status_code

    assert [ask(f"2001:db8:1:2::{number:x}") for number in range(7)] == [200] * 5 + [429] * 2
    assert ask("2001:db8:1:3::1") == 200


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:DB8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("[2001:db8:1:2::1]:4711", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_what_counts_as_one_client(address: str, client: str) -> None:
    assert network(address) == client


@given(st.text())
def test_no_address_is_too_odd_to_be_counted(address: str) -> None:
    assert Tallies(1).count(Tallies(1).tag(network(address)), 1, 1)[0] == 0


@one_database
def test_what_a_client_says_of_its_address_counts_only_behind_a_proxy(app: Flask, database_url: str) -> None:
    def served(proxies: int, *forwarded: str) -> Counter[int]:
        rate = Rate(1, DAY)
        behind = create_app(Settings(database=database_url, rate_limit_anonymous=rate, proxies=proxies))
        return Counter(raw(behind, "/", HTTP_X_FORWARDED_FOR=each).status_code for each in forwarded)

    assert served(0, "192.0.2.1", "192.0.2.2") == {200: 1, 429: 1}
    assert served(1, "192.0.2.1", "192.0.2.2") == {200: 2}
    # What comes before the proxy's own word is whatever the client liked to write.
    assert served(1, "192.0.2.1", "192.0.2.9, 192.0.2.1", "nonsense,192.0.2.1", '"a, 192.0.2.1') == {200: 1, 429: 3}
    assert served(1, ",192.0.2.1", '"192.0.2.7", 192.0.2.1', '\\",", 192.0.2.1') == {200: 1, 429: 2}
    # Who did not come through all of them is counted by the address it comes from.
    assert served(2, "192.0.2.1", "192.0.2.2", "") == {200: 1, 429: 2}
    assert served(2, "192.0.2.1, 10.0.0.1", "192.0.2.2, 10.0.0.1", "192.0.2.7, 192.0.2.2, 10.0.0.1") == {200: 2, 429: 1}


# --- across processes ----------------------------------------------------------------------------------------


@one_database
def test_exactly_as_many_pass_as_may_over_all_workers(database_url: str) -> None:
    limits = {"ONRECORD_RATE_LIMIT": "100/hour", "ONRECORD_RATE_LIMIT_ANONYMOUS": "70/hour"}
    with serving(database_url, "--workers", "3", **limits) as server, ThreadPoolExecutor(16) as pool:
        used = 100 - server.ask("GET", "/v1/me").json["quota"]["remaining"]

        def ask(header: str) -> int:
            return server.ask("GET", "/v1/statements", Authorization=header).status

        with_key = Counter(pool.map(ask, [f"Bearer {server.key}"] * 150))
        mutilated = Counter(pool.map(ask, ["Bearer onr_mutilated"] * 100))
        assert with_key == {200: 100 - used, 429: 50 + used}
        assert mutilated == {401: 70, 429: 30}
        assert server.ask("GET", "/livez").status == 200


@forking
def test_processes_and_threads_count_exactly() -> None:
    """Workers are forked from where the memory was made, each with threads of its own."""
    shared, most, processes, threads, each = Tallies(), 5000, 4, 4, 400
    tag = shared.tag("somebody")
    reading, writing = os.pipe()

    def ask(passed: list[int]) -> None:
        passed.extend(1 for _ in range(each) if shared.count(tag, most, DAY)[0] >= 0)

    def work() -> None:
        passed: list[int] = []
        started = [threading.Thread(target=ask, args=(passed,)) for _ in range(threads)]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()
        os.write(writing, f"{len(passed)}\n".encode())

    for _ in range(processes):
        if os.fork() == 0:
            try:
                work()
            finally:
                os._exit(0)
    for _ in range(processes):
        os.wait()
    assert sum(map(int, os.read(reading, 1000).split())) == most < processes * threads * each
    os.close(reading)
    os.close(writing)


@forking
def test_a_worker_that_is_killed_while_it_counts_holds_up_nobody() -> None:
    shared = Tallies()
    tag = shared.tag("somebody")
    for _ in range(5):
        if (child := os.fork()) == 0:
            while True:
                shared.count(tag, 10**9, DAY)
        threading.Event().wait(0.02)
        os.kill(child, 9)
        os.waitpid(child, 0)
        assert shared.count(tag, 10**9, DAY)[0] > 0


# --- the memory ----------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 7), max_size=60))
def test_clients_of_one_set_never_use_up_each_others_quota(asked: list[int]) -> None:
    """There are as many places in a set as clients here, so all of them are exact."""
    crowded, counted = Tallies(1), Counter[int]()
    for name in asked:
        left, _ = crowded.count(crowded.tag(str(name)), 5, DAY)
        counted[name] += 1
        assert left == max(-1, 5 - counted[name])


@given(st.lists(st.integers(0, 40), max_size=200))
def test_where_there_is_no_room_nobody_is_refused_before_using_up_its_own(asked: list[int]) -> None:
    crowded, counted = Tallies(1), Counter[int]()
    for name in asked:
        left, _ = crowded.count(crowded.tag(str(name)), 5, DAY)
        counted[name] += 1
        assert left >= max(-1, 5 - counted[name])


def test_room_is_made_by_whoever_is_through_first() -> None:
    crowded = Tallies(1)
    lasting = [crowded.tag(f"lasting {number}") for number in range(7)]
    for tag in lasting:
        crowded.count(tag, 1, DAY)
    for number in range(100):
        crowded.count(crowded.tag(f"brief {number}"), 1, 1)
    assert all(crowded.count(tag, 1, DAY)[0] == -1 for tag in lasting)


def test_who_is_forgotten_begins_anew() -> None:
    some = Tallies(1)
    tag, other = some.tag("somebody"), some.tag("somebody else")
    for each in (tag, other):
        some.count(each, 1, DAY)
    some.forget(tag)
    some.forget(some.tag("nobody"))
    assert (some.knows(tag), some.knows(other)) == (False, True)
    assert (some.used_up(tag, 1), some.used_up(other, 1) > 0) == (0, True)
    assert some.count(tag, 1, DAY)[0] == 0
    assert some.count(other, 1, DAY)[0] == -1


def test_the_memory_is_the_same_however_many_ask() -> None:
    assert tallies.SETS * tallies._SET == 2 * 2**20


# --- every route ---------------------------------------------------------------------------------------------


def test_every_route_that_is_counted_answers_429(
    app: Flask, database_url: str, alice: Client, smallest: dict[str, Any], bob: Client, charlie: Client, dora: Client
) -> None:
    world = World(smallest, alice, bob, charlie, dora)
    rate = Rate(1, DAY)
    strict = create_app(Settings(database=database_url, rate_limit=rate, rate_limit_anonymous=rate))
    who = [Client(strict, dora.key), Client(strict)]
    for each in who:
        each.get("/")
    errors = [each for each in declared(charlie) if each[2] == 429]
    assert len(errors) > 50
    before = stored()
    for method, path, status in errors:
        for each in who:
            problem = assert_problem(each.open(method, world.address(path), json={}), status, method)
            assert problem["type"] == "/problems/too-many-requests"
    assert stored() == before


# --- settings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("600/minute", Rate(600, 60)),
        ("5/second", Rate(5, 1)),
        ("1 / hour", Rate(1, 3600)),
        ("1000000000/DAY", Rate(10**9, DAY)),
        ("0", None),
        ("none", None),
        ("Off", None),
    ],
)
def test_a_limit_is_read(text: str, rate: Rate | None) -> None:
    settings = Settings.from_environment({"ONRECORD_RATE_LIMIT": text, "ONRECORD_RATE_LIMIT_ANONYMOUS": text})
    assert settings.rate_limit == settings.rate_limit_anonymous == rate


@pytest.mark.parametrize(
    "text",
    ["600", "600/min", "0/minute", "-1/minute", "1.5/second", "1e3/day", "/day", "600/week", "9999999999/day", "٣/day"],
)
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="ONRECORD_RATE_LIMIT takes a number of requests for each second"):
        Settings.from_environment({"ONRECORD_RATE_LIMIT": text})


@pytest.mark.parametrize("text", ["-1", "10", "one", "1.0"])
def test_a_number_of_proxies_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="ONRECORD_PROXIES takes how many"):
        Settings.from_environment({"ONRECORD_PROXIES": text})


@one_database
def test_a_proxy_tells_the_scheme_that_addresses_begin_with(app: Flask, database_url: str) -> None:
    for proxies, sent, expected in ((0, "https", "http"), (1, "https", "https"), (1, "javascript", "http")):
        behind = create_app(Settings(database=database_url, proxies=proxies))
        told = raw(behind, "/v1/schemas/statement.json", HTTP_X_FORWARDED_PROTO=sent, HTTP_HOST="a.example")
        assert told.get_json(force=True)["$id"] == f"{expected}://a.example/v1/schemas/statement.json"
