"""Every filter of statements and every order of their list, against a model in plain Python."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
import Stemmer
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from api.app import create_app
from api.domain.core import keys
from api.settings import Settings
from api.storage.db import close_database
from tests.conftest import NEVER, Client, statement
from tests.drawing import drawn

Document = dict[str, Any]
Keep = Callable[[Document], bool]
Filter = tuple[list[tuple[str, str]], Keep]

# What each date can mean, written down by hand.
DATES = {
    None: (0, 0),
    "2022": (20220101, 20221231),
    "2022-02": (20220201, 20220228),
    "2022-03": (20220301, 20220331),
    "2022-03-15": (20220315, 20220315),
    "2022-03-22~": (20220322, 20220322),
    "2022-03-23": (20220323, 20220323),
    "2022-03/2022-04": (20220301, 20220430),
    "2021-24": (20211201, 20220228),
    "202X": (20200101, 20291231),
    "../2021": (10101, 20211231),
    "2022-03-23/..": (20220323, 99991231),
}
PERIODS = {
    "2022-03-15": (20220315, 20220315),
    "2022-03-23": (20220323, 20220323),
    "2022-03": (20220301, 20220331),
    "2022-02": (20220201, 20220228),
    "2021": (20210101, 20211231),
    "2022": (20220101, 20221231),
    "2024": (20240101, 20241231),
    "0001": (10101, 11231),
    "9999": (99990101, 99991231),
}
SPEAKERS: list[Any] = [
    {"name": "Ada, Countess of Lovelace", "aliases": ["Augusta Ada King"]},
    {"name": "Ada"},
    {"name": "Antony Blinken", "aliases": ["Tony Blinken"]},
    {"name": "NATO", "type": "organization", "aliases": ["North Atlantic Treaty Organization", "L'OTAN"]},
    {"name": "Zoë"},
]
OUTLETS: list[Any] = [{"name": "The Associated Press", "aliases": ["AP", "A.P., Inc."]}, {"name": "Reuters"}]
TOPICS = ["War", "War, crimes and law", "crimes and law", "Économie", "NATO"]
LANGUAGES = ["en", "en-US", "en-GB", "eng", "de", "zh-Hant", "es"]
URLS = {
    "https://news.example/a": "a",
    "https://News.Example:443/a/?utm_source=x#top": "a",
    "HTTPS://news.example/a?utm_campaign=1": "a",
    "http://news.example/a": "b",
    "https://news.example/a?b=2&a=1": "c",
    "https://news.example/a/?a=1&b=2&utm_term=z": "c",
    "https://news.example:8443/a": "d",
}
FIGURES = [
    ({"name": "soldiers killed", "value": 1000}, (1000, 1000)),
    ({"name": "soldiers killed", "min_value": 7000, "max_value": 15000}, (7000, 15000)),
    ({"name": "Generals killed", "value": 6, "qualifier": "at_least"}, (6, None)),
    ({"name": "tanks lost", "value": 300, "qualifier": "at_most"}, (None, 300)),
    ({"name": "tank", "max_value": 12.5}, (None, 12.5)),
    ({"name": "loss of soldiers", "min_value": 100}, (100, None)),
    ({"name": "percent", "value": -0.5, "qualifier": "about"}, (-0.5, -0.5)),
]
FIGURE_WORDS = [
    "killed",
    "soldiers",
    "soldier",
    "killing soldiers",
    "TANKS",
    "loss",
    "general kill",
    "nobody",
    "percent",
]
AMOUNTS = ["-1", "0", "6", "12.5", "13", "300", "1000", "1e3", "7000", "15000", "15001", "1e9"]
WORDS = {
    "kind": ["quote", "claim"],
    "form": ["direct", "mixed", "indirect"],
    "status": ["published", "withheld", "retracted"],
    "terms": ["on_record", "background", "deep_background"],
    "medium": ["interview", "email", "speech", "other"],
}
SORTS = ("-said_on", "said_on", "-created_at", "created_at")


def invented(chance: random.Random, number: int) -> Document:
    """Return a statement that a client might send."""
    appearances = [
        {
            "outlet": chance.choice(OUTLETS)["name"],
            "url": chance.choice([None, None, *URLS]),
            "published_on": chance.choice(list(DATES)),
        }
        for _ in range(chance.choice([1, 1, 2]))
    ]
    speaker = chance.choice([None, *SPEAKERS])
    document = statement(
        text=f"Statement {number}.",
        speaker=speaker and speaker["name"],
        attributed_as=None if speaker else "An official",
        said_on=chance.choice(list(DATES)),
        lang=chance.choice(["en", "en", "en-US", "en-GB", "de", "zh-Hant", "es"]),
        topics=chance.sample(["war", *TOPICS[1:]], chance.choice([0, 0, 1, 2])),
        figures=[chance.choice(FIGURES)[0] for _ in range(chance.choice([0, 0, 1, 2]))],
        appearances=appearances,
        external_id=chance.choice([None, f"x:{number}", f"a, {number}"]),
        **{name: chance.choice(words) for name, words in WORDS.items()},
    )
    document["medium"] = chance.choice([None, document["medium"]])
    del document["outlet"]
    return document


class Store:
    """One database with its readers, and what it holds."""

    def __init__(self, alice: Client, charlie: Client) -> None:
        self.alice, self.charlie = alice, charlie
        self.compared = 0
        for each in SPEAKERS:
            alice.record(each, "speakers")
        for each in OUTLETS:
            alice.record(each, "outlets")
        chance = random.Random(11)
        self.held = [alice.record(invented(chance, number)) for number in range(150)]
        self.ids = [each["id"] for each in self.held]
        self.reviewed = set(chance.sample(self.ids, 30))
        for id in self.reviewed:
            rating = {"alternate_name": "True"}
            alice.record({"statement": id, "author": {"name": "Facts"}, "rating": rating}, "reviews")
        self.related = {tuple(chance.sample(self.ids[:40], 2)) for _ in range(40)}
        for one, other in self.related:
            alice.record({"subject": one, "type": "confirms", "object": other}, "relations")

    def check(self, pairs: list[tuple[str, str]], keep: Keep, sort: str | None = None, limit: int = 7) -> None:
        """Compare a list, with and without a key, with what the model keeps."""
        for client in (self.alice, self.charlie):
            visible = [each for each in self.held if client is self.alice or each["status"] != "withheld"]
            expected = ordered([each for each in visible if keep(each)], sort)
            asked = [*pairs, ("sort", sort)] if sort else pairs
            whole = client.get("/v1/statements", query_string=[*asked, ("limit", "200")])
            assert whole.status_code == 200, (asked, whole.text)
            assert [each["id"] for each in whole.json["data"]] == expected, asked
            assert (whole.json["total"], whole.json["total_exact"]) == (len(expected), True)
            assert walk(client, asked, limit) == expected, (asked, limit)
            self.compared += 1


def ordered(documents: list[Document], sort: str | None) -> list[str]:
    """Return the ids in the order of a list: missing dates last, ties by id in the direction of the sort."""
    sort = sort or "-said_on"
    down = sort.startswith("-")
    if sort.endswith("created_at"):
        return [
            each["id"] for each in sorted(documents, key=lambda each: (each["created_at"], each["id"]), reverse=down)
        ]
    documents = sorted(documents, key=lambda each: (DATES[each["said_on"]][0], each["id"]), reverse=down)
    return [each["id"] for each in sorted(documents, key=lambda each: each["said_on"] is None)]


def walk(
    client: Client, asked: list[tuple[str, str]], limit: int, between: Callable[[list[str]], object] = lambda _: None
) -> list[str]:
    """Return the ids of a whole list, page by page."""
    ids: list[str] = []
    cursor: list[tuple[str, str]] = []
    while True:
        answer = client.get("/v1/statements", query_string=[*asked, ("limit", str(limit)), *cursor])
        assert answer.status_code == 200, (asked, answer.text)
        page = [each["id"] for each in answer.json["data"]]
        ids += page
        if answer.json["next"] is None:
            return ids
        assert len(page) == limit
        cursor = [("cursor", answer.json["next"])]
        between(ids)


@pytest.fixture(scope="module")
def store(shared_database_url: str) -> Iterator[Store]:
    app = create_app(Settings(database=shared_database_url))
    yield Store(Client(app, keys.make("alice", ["write"])["key"]), Client(app))
    close_database()


# --- the model of each filter --------------------------------------------------------------------------------


def fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def stems(text: str) -> set[str]:
    return set(Stemmer.Stemmer("english").stemWords(text.casefold().split()))


def overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one != (0, 0) and one[0] <= other[1] and other[0] <= one[1]


def called(record: Document | None, names: list[str], known: list[Document]) -> bool:
    """Tell whether a speaker or outlet is one of those who bear a name."""
    if record is None:
        return False
    aliases = next(each.get("aliases", []) for each in known if each["name"] == record["name"])
    return not {fold(each) for each in [record["name"], *aliases]}.isdisjoint(map(fold, names))


def listed(name: str, values: list[str], field: Callable[[Document], Any]) -> Filter:
    """Return a filter of a list of words."""
    return [(name, ",".join(values))], lambda each: field(each) in values


@st.composite
def filters(draw: st.DrawFn, store: Store) -> list[Filter]:
    """Return some different filters, each as its parameters and what it keeps."""
    kinds = draw(st.lists(st.sampled_from(sorted(MAKERS)), min_size=1, max_size=3, unique=True))
    return [draw(one_filter(store, kind)) for kind in kinds]


@st.composite
def one_filter(draw: st.DrawFn, store: Store, kind: str) -> Filter:
    pairs, keep = MAKERS[kind](draw, store)
    if kind in NEGATED and draw(st.integers(0, 3)) == 0:
        return [(f"{name}.not", value) for name, value in pairs], lambda each: not keep(each)
    return pairs, keep


def words_filter(name: str) -> Callable[[st.DrawFn, Store], Filter]:
    def make(draw: st.DrawFn, store: Store) -> Filter:
        values = draw(st.lists(st.sampled_from(WORDS[name]), min_size=1, max_size=3))
        if draw(st.booleans()):
            return [(name, value) for value in values], lambda each: each[name] in values
        return [(name, ",".join(values))], lambda each: each[name] in values

    return make


def lang_filter(draw: st.DrawFn, store: Store) -> Filter:
    values = draw(st.lists(st.sampled_from(["en", "en-US", "EN-us", "de", "zh", "ZH-hant", "es", "fr"]),
                           min_size=1, max_size=2))  # fmt: skip
    wanted = [f"{value.lower()}-" for value in values]
    return [("lang", ",".join(values))], lambda each: f"{each['lang'].lower()}-".startswith(tuple(wanted))


def names_filter(name: str, known: list[Document]) -> Callable[[st.DrawFn, Store], Filter]:
    bare = ["ada", "Tony  Blinken", "blinken", "NATO", "l'otan", "ZOE\u0308", "AP", "reuters", "Nobody"]
    whole = ["Ada, Countess of Lovelace", "ada, countess  of lovelace", "A.P., Inc."]

    def make(draw: st.DrawFn, store: Store) -> Filter:
        ids = sorted({each[name]["id"] for each in store.held if each[name]})
        pairs, wanted = [], []
        for _ in range(draw(st.integers(1, 2))):
            choice = draw(st.integers(0, 4))
            parts = (
                [draw(st.sampled_from(whole))]
                if choice == 0
                else draw(st.lists(st.sampled_from(bare), min_size=1, max_size=3))
            )
            if choice == 1:
                parts.append(draw(st.sampled_from(ids)))
            pairs.append((name, ",".join(parts)))
            wanted += parts
        return pairs, lambda each: called(each[name], wanted, known) or (each[name] or {}).get("id") in wanted

    return make


def topic_filter(draw: st.DrawFn, store: Store) -> Filter:
    if draw(st.booleans()):
        values = draw(st.lists(st.sampled_from(["WAR", "nato", "e\u0301conomie", "peace"]), min_size=1, max_size=2))
        pairs = [("topic", ",".join(values))]
    else:
        values = draw(st.lists(st.sampled_from([*TOPICS, "peace"]), min_size=1, max_size=2))
        pairs = [("topic", value) for value in values]
    wanted = set(map(fold, values))
    return pairs, lambda each: not wanted.isdisjoint(map(fold, each["topics"]))


def id_filter(draw: st.DrawFn, store: Store) -> Filter:
    values = draw(st.lists(st.sampled_from([*store.ids, NEVER]), min_size=1, max_size=4))
    return [("id", ",".join(values[:2])), *(("id", value) for value in values[2:])], lambda each: each["id"] in values


def url_filter(draw: st.DrawFn, store: Store) -> Filter:
    values = draw(st.lists(st.sampled_from([*URLS, "https://elsewhere.example/"]), min_size=1, max_size=2))
    wanted = {URLS.get(value) for value in values} - {None}
    return [("url", value) for value in values], lambda each: any(
        place["url"] and URLS[place["url"]] in wanted for place in each["appearances"]
    )


def external_id_filter(draw: st.DrawFn, store: Store) -> Filter:
    known = [each["external_id"] for each in store.held if each["external_id"]]
    values = draw(st.lists(st.sampled_from([*known, "none"]), min_size=1, max_size=2))
    return [("external_id", value) for value in values], lambda each: each["external_id"] in values


def figure_filter(draw: st.DrawFn, store: Store) -> Filter:
    texts = draw(st.lists(st.sampled_from(FIGURE_WORDS), max_size=2))
    least, most = draw(st.sampled_from([None, *AMOUNTS])), draw(st.sampled_from([None, *AMOUNTS]))
    pairs = [("figure", text) for text in texts]
    pairs += [("figure.gte", least)] if least else []
    pairs += [("figure.lte", most)] if most else []
    ranges = [({**figure}, extent) for figure, extent in FIGURES]

    def holds(figure: Document) -> bool:
        lower, upper = next(
            extent for given, extent in ranges if all(figure[name] == value for name, value in given.items())
        )
        named = not texts or any(stems(text) <= stems(figure["name"]) for text in texts)
        enough = least is None or upper is None or upper >= float(least)
        few = most is None or lower is None or lower <= float(most)
        return named and enough and few

    return pairs, lambda each: not pairs or any(map(holds, each["figures"]))


def period_filter(
    since: str, until: str, date: Callable[[Document], str | None]
) -> Callable[[st.DrawFn, Store], Filter]:
    def make(draw: st.DrawFn, store: Store) -> Filter:
        periods = draw(st.lists(st.sampled_from(sorted(PERIODS)), min_size=2, max_size=2))
        first, last = sorted(periods, key=lambda period: PERIODS[period][0])
        which = draw(st.integers(0, 2))
        pairs = [[(since, first)], [(until, last)], [(since, first), (until, last)]][which]
        asked = (PERIODS[first][0] if which != 1 else 0, PERIODS[last][1] if which != 0 else 99999999)
        return pairs, lambda each: overlap(DATES[date(each)], asked)

    return make


def recorded_filter(draw: st.DrawFn, store: Store) -> Filter:
    moments = sorted(
        draw(st.lists(st.sampled_from(store.held), min_size=2, max_size=2)), key=lambda each: each["created_at"]
    )
    first, last = (each["created_at"] for each in moments)
    if draw(st.booleans()):
        return [("recorded_from", first), ("recorded_to", last)], lambda each: first <= each["created_at"] <= last
    # The same moment, said elsewhere.
    away = datetime.fromisoformat(first).replace(tzinfo=None) + timedelta(hours=2)
    return [
        ("recorded_from", f"{away.isoformat(timespec='milliseconds')}+02:00")
    ], lambda each: each["created_at"] >= first


def reviewed_filter(draw: st.DrawFn, store: Store) -> Filter:
    wanted = draw(st.booleans())
    return [("reviewed", str(wanted).lower())], lambda each: (each["id"] in store.reviewed) == wanted


def related_filter(draw: st.DrawFn, store: Store) -> Filter:
    ids = draw(st.lists(st.sampled_from([*store.ids[:40], NEVER]), min_size=1, max_size=3))
    ids = [id for id in ids if id == NEVER or store.held[store.ids.index(id)]["status"] != "withheld"] or [NEVER]
    return [("related_to", ",".join(ids))], lambda each: any(
        (each["id"], id) in store.related or (id, each["id"]) in store.related for id in ids
    )


def presence_filter(draw: st.DrawFn, store: Store) -> Filter:
    name, field = draw(st.sampled_from(sorted(PRESENT.items())))
    wanted = draw(st.booleans())
    return [(f"{name}.exists", draw(st.sampled_from(FLAGS[wanted])))], lambda each: bool(field(each)) == wanted


FLAGS = {True: ["true", "1"], False: ["false", "0"]}
PRESENT: dict[str, Callable[[Document], Any]] = {
    **{name: (lambda each: True) for name in ("id", "kind", "form", "lang", "outlet", "status", "terms")},
    "speaker": lambda each: each["speaker"],
    "medium": lambda each: each["medium"],
    "said_on": lambda each: each["said_on"],
    "external_id": lambda each: each["external_id"],
    "topic": lambda each: each["topics"],
    "figure": lambda each: each["figures"],
    **dict.fromkeys(("url", "domain"), lambda each: any(place["url"] for place in each["appearances"])),
}
HOSTED = {"news.example": True, "NEWS.example.": True, "example": True, "ews.example": False, "other.example": False}


def domain_filter(draw: st.DrawFn, store: Store) -> Filter:
    asked = draw(st.lists(st.sampled_from(sorted(HOSTED)), min_size=1, max_size=2))
    held = any(HOSTED[each] for each in asked)
    hosted = PRESENT["url"]
    return [("domain", each) for each in asked], lambda each: held and hosted(each)


MAKERS: dict[str, Callable[[st.DrawFn, Store], Filter]] = {
    **{name: words_filter(name) for name in WORDS},
    "id": id_filter,
    "lang": lang_filter,
    "speaker": names_filter("speaker", SPEAKERS),
    "outlet": names_filter("outlet", OUTLETS),
    "topic": topic_filter,
    "url": url_filter,
    "domain": domain_filter,
    "external_id": external_id_filter,
    "figure": figure_filter,
    "from": period_filter("from", "to", lambda each: each["said_on"]),
    "published": period_filter("published_from", "published_to", lambda each: each["appearances"][0]["published_on"]),
    "recorded": recorded_filter,
    "reviewed": reviewed_filter,
    "related": related_filter,
    "exists": presence_filter,
}
NEGATED = {*WORDS, "id", "lang", "speaker", "outlet", "topic", "url", "domain", "external_id"}


# --- the tests -----------------------------------------------------------------------------------------------


def test_filters_choose_what_the_model_chooses(store: Store, record_property: Callable[[str, object], None]) -> None:
    # Without a search for the smallest failing query, which takes minutes where each asks a database.
    @settings(max_examples=drawn(30), deadline=None, phases=(Phase.generate,))
    @given(filters(store), st.sampled_from([None, *SORTS]), st.sampled_from([20, 50]))
    def agree(chosen: list[Filter], sort: str | None, limit: int) -> None:
        pairs = [pair for each, _ in chosen for pair in each]
        store.check(pairs, lambda each: all(keep(each) for _, keep in chosen), sort, limit)

    agree()
    record_property("compared", store.compared)
    assert store.compared >= 2 * drawn(30)


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_each_filter_chooses_what_the_model_chooses(store: Store, kind: str) -> None:
    @settings(max_examples=10, deadline=None, phases=(Phase.generate,))
    @given(one_filter(store, kind))
    def agree(chosen: Filter) -> None:
        store.check(*chosen, limit=50)

    agree()


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("limit", [1, 7, 149, 150])
def test_pages_of_any_size_make_up_the_whole_list(store: Store, sort: str, limit: int) -> None:
    expected = ordered(store.held, sort)
    assert walk(store.alice, [("sort", sort)], limit) == expected


def test_what_is_withheld_is_related_to_nothing_without_a_key(alice: Client, charlie: Client) -> None:
    one = alice.record(statement())
    other = alice.record(statement(text="Other words.", status="withheld"))
    alice.record({"subject": one["id"], "type": "refutes", "object": other["id"]}, "relations")
    for client, count in ((alice, 1), (charlie, 0)):
        assert client.get(f"/v1/statements?related_to={other['id']}").json["total"] == count
    assert charlie.get(f"/v1/statements?related_to={one['id']}").json["total"] == 0


def test_totals_are_counted_as_asked(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.domain.finding.listing.COUNTED_EXACTLY", 3)
    for number, said_on in enumerate(["2022-03-23", None, "2022-03", None]):
        alice.record(statement(text=f"Statement {number}.", said_on=said_on))
    for asked, total in {
        "": (3, False),
        "count=estimated": (3, False),
        "count=exact": (4, True),
        "count=none": (None, False),
        "count=exact&q=statement": (4, True),
        "q=statement": (3, False),
        "from=2022": (2, True),
        "count=exact&kind=claim": (0, True),
        "count=none&q=statement&limit=1": (None, False),
    }.items():
        answer = alice.get(f"/v1/statements?{asked}").json
        assert (answer["total"], answer["total_exact"]) == total, asked


# --- pages while others write --------------------------------------------------------------------------------


def test_writing_between_pages_neither_skips_nor_repeats(alice: Client) -> None:
    chance = random.Random(4)
    days = ["2022-03-23"] * 300 + [None] * 30
    chance.shuffle(days)
    for number, day in enumerate(days):
        alice.record(statement(text=f"Statement {number}.", said_on=day))
    for sort in SORTS:
        whole = walk(alice, [("sort", sort)], 200)
        assert len(whole) >= 250
        gone: set[str] = set()
        between = partial(write, alice, chance, whole=whole, gone=gone)
        seen = walk(alice, [("sort", sort)], 23, between)
        assert len(seen) == len(set(seen))
        stayed = [id for id in whole if id not in gone]
        assert [id for id in seen if id in stayed] == stayed


def write(alice: Client, chance: random.Random, seen: list[str], whole: list[str], gone: set[str]) -> None:
    """Record two statements and withdraw the last one seen, where the cursor points, and one of the others."""
    for _ in range(2):
        day = chance.choice(["2022-03-23", "2022-03-23", None, "2022", "2022-03-15"])
        alice.record(statement(text=f"Newer {chance.random()}.", said_on=day))
    for victim in {seen[-1], chance.choice(whole)} - gone:
        assert alice.delete(f"/v1/statements/{victim}", headers={"If-Match": "*"}).status_code == 204
        gone.add(victim)


# --- bad values ----------------------------------------------------------------------------------------------

BAD = {
    "id": ["", "stm_1", "spk_00000000000000000000000000", NEVER.upper(), f"{NEVER},", "a" * 1001],
    "kind": ["", "Quote", "quote,", "quote,rumour", "\u00e9"],
    "form": ["oral"],
    "lang": ["", "english", "en_US", "en,", "x" * 101, "*"],
    "speaker": ["", " ", ",", "a" * 1001, "a\u0000b", "a\nb", ",".join("abcd" * 26)],
    "outlet": [",,", "\u202ea"],
    "topic": ["", ","],
    "status": ["hidden"],
    "terms": ["off_record"],
    "medium": ["telepathy"],
    "url": ["", "news.example/a", "ftp://news.example", "http://", "http://a b", "http://[", "http://a:99999", "http://a／b"],
    "external_id": ["", "a\u0000b"],
    "figure": ["", "!!!", "a\u0000b"],
    "figure.gte": ["", "many", "nan", "inf", "1e999", "0x10", "1,000", "٣", "1" * 400],
    "figure.lte": ["-", "1_0"],
    "from": ["", "yesterday", "2022-13", "2022-02-30", "2022-3-1", "20220301", "2022-21", "2022~", "0000", "2022/2023"],
    "to": ["2022-", "٢٠٢٢"],
    "published_from": ["2022-00"],
    "published_to": ["never"],
    "recorded_from": ["", "2022", "2022-03-23", "2022-03-23T10:00:00", "0001-01-01T00:00:00+14:00"],
    "recorded_to": ["now", "2022-02-30T10:00:00Z"],
    "reviewed": ["", "yes", "TRUE", "2"],
    "related_to": ["", "stm_1"],
    "speaker.not": ["", ","],
    "kind.not": ["rumour"],
    "url.not": ["a"],
    "speaker.exists": ["maybe"],
    "figure.exists": ["null"],
    "q": ["-war", '""', "!!!", "*", " ", "w " * 101, "a\u0000b", "a" * 1001],
    "sort": ["", "date", "relevance", "+said_on"],
    "limit": ["", "0", "201", "-1", "1.5", "٣", "1e2", "9" * 50],
    "count": ["", "all"],
    "cursor": ["", "x", "e30", "W10", "\u00e9", "W251bGxd"],
}  # fmt: skip


def test_bad_values_are_refused_by_name(store: Store) -> None:
    for name, values in BAD.items():
        for value in values:
            answer = store.charlie.get("/v1/statements", query_string={name: value})
            assert answer.status_code == 400, (name, value, answer.text[:200])
            assert {each["parameter"] for each in answer.json["errors"]} == {name}, value


def test_bad_values_are_refused_all_at_once(store: Store) -> None:
    asked = {name: values[-1] for name, values in BAD.items() if name not in ("q", "cursor")}
    answer = store.charlie.get("/v1/statements", query_string=asked)
    assert answer.status_code == 400
    assert {each["parameter"] for each in answer.json["errors"]} == set(asked)
    answer = store.charlie.get("/v1/statements", query_string={"q": "-war", "figure": "!!!"})
    assert [each["parameter"] for each in answer.json["errors"]] == ["q", "figure"]


def test_a_parameter_of_one_value_is_refused_twice(store: Store) -> None:
    for name in (
        "from",
        "to",
        "q",
        "limit",
        "sort",
        "count",
        "reviewed",
        "figure.gte",
        "recorded_to",
        "speaker.exists",
    ):
        value = {"from": "2022", "to": "2022", "q": "a", "limit": "1", "sort": "said_on", "count": "none"}.get(
            name, "1"
        )
        answer = store.charlie.get("/v1/statements", query_string=[(name, value), (name, value)])
        assert [each["parameter"] for each in answer.json["errors"] if each["code"] == "repeated"] == [name]


def test_a_period_that_ends_before_it_begins_is_refused(store: Store) -> None:
    for since, until, values in (
        ("from", "to", ("2022-03-16", "2022-03-15")),
        ("published_from", "published_to", ("2023", "2022-12-31")),
        ("recorded_from", "recorded_to", ("2022-03-23T00:00:00Z", "2022-03-23T01:00:00+02:00")),
    ):
        answer = store.charlie.get("/v1/statements", query_string=dict(zip((since, until), values, strict=True)))
        assert [each["parameter"] for each in answer.json["errors"]] == [since]


hostile = st.text(max_size=30) | st.text("-,:\"'*%_\\.0129eE+TZ/?#[]@()", max_size=20)


def test_no_value_of_any_parameter_breaks_anything(store: Store) -> None:
    @settings(max_examples=drawn(50), deadline=None, phases=(Phase.generate,))
    @given(st.dictionaries(st.sampled_from(sorted(BAD)), hostile.map(unbroken), min_size=1, max_size=3))
    def hold(asked: dict[str, str]) -> None:
        answer = store.charlie.get("/v1/statements", query_string=asked)
        assert answer.status_code in (200, 400), (asked, answer.text)
        named = {each["parameter"] for each in answer.json.get("errors", [])}
        assert named <= set(asked)

    hold()


def unbroken(text: str) -> str:
    """Return text that can be written in UTF-8."""
    return text.encode(errors="replace").decode()


def test_an_address_and_its_host_are_found_however_they_are_spelt(alice: Client, charlie: Client) -> None:
    long = "https://long.example/" + "a" * (2048 - len("https://long.example/"))
    addresses = ("https://bücher.example/%7Eé?b=1&a=%2f", "https://sub.xn--bcher-kva.example/x", long)
    made = [
        alice.record(statement(text=f"Printed there: {number}.", url=url))["id"] for number, url in enumerate(addresses)
    ]
    hidden = alice.record(statement(text="Hidden.", url="https://hidden.example/", status="withheld"))["id"]
    again = statement(text="As well.", outlet=None, appearances=[{"outlet": "A", "url": "https://a.example/"}])
    again["appearances"].append({"outlet": "B", "url": "https://b.example/"})
    del again["outlet"]
    second = alice.record(again)["id"]
    one, sub, far = made

    def found(client: Client, address: str = "/v1/statements", **asked: Any) -> set[str]:
        answer = client.get(address, query_string=asked)
        assert answer.status_code == 200, answer.text
        return {each["id"] for each in answer.json["data"]}

    assert found(charlie, url="HTTPS://xn--bcher-kva.example.:443/x/../~%c3%a9/?a=%2F&b=1&gclid=1#top") == {one}
    assert found(charlie, url=long) == {far}
    assert charlie.get("/v1/check", query_string={"text": "a", "url": long}).status_code == 200
    assert found(charlie, domain="BÜCHER.example") == {one, sub}
    assert found(charlie, domain="sub.bücher.example.") == {sub}
    assert found(charlie, domain="b.example") == {second}
    assert found(charlie, **{"domain.not": "example"}) == set()
    assert found(charlie, domain="hidden.example") == set()
    assert found(alice, domain="hidden.example") == {hidden}
    assert charlie.get("/v1/statements/counts?by=kind&domain=b%C3%BCcher.example").json["total"] == 2
    assert len(charlie.get("/v1/statements.ndjson?domain=b%C3%BCcher.example").text.splitlines()) == 2
    clash = alice.post("/v1/statements", statement(text="Printed there: 1.", url="http://a.example"))
    assert clash.status_code == 201
    clash = alice.post("/v1/statements", statement(text="Printed there: 1.", url="https://sub.BÜCHER.example/./x/#a"))
    assert clash.json["existing"]["id"] == sub
