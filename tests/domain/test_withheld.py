"""No answer to who has no key depends on what is withheld, whatever that holds."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from api.domain.keeping import indexes
from tests.conftest import COLLECTIONS, Client, statement
from tests.drawing import drawn

# What public and withheld statements share, so that they meet wherever anything is looked up.
TEXTS = [
    "We will not be silent about what happened in Mariupol",
    "We will never be silent about what happened in Mariupol",
    "Losing so many leaders affects the morale of 15,000 soldiers",
    "There will be peace",
]
PEOPLE = ["Ada Example", "Ben Example", "Ada", "Example, Ada"]
OUTLETS = ["AP", "BBC", "AP,BBC", "The Times"]
TOPICS = ["energy", "Energy", "ENERGY", "war", "energy,war"]
URLS = ["https://a.example/1", "https://b.example/2", "https://a.example/3"]
HIDDEN = ["Quentin Quill", "Ada Quill", "Ada Example,Ben Example"]
ASKED = {
    "statements": ["", "q=silent", "q=ada", 'q="ada example"', "q=quill", "q=peace OR quill", "q=-silent example",
                   "speaker=Ada Example", "speaker=Ada Example,Ben Example", "speaker=Quentin Quill",
                   "speaker.not=Ada Example,Ben Example", "outlet=AP,BBC", "outlet=AP", "topic=energy,war",
                   "topic.not=energy,war", "url=https://a.example/1", "external_id=e1", "figure=soldiers",
                   "figure.gte=10", "reviewed=true", "status=withheld", "status.not=published", "sort=created_at",
                   "limit=1", "sample=3&seed=7", "expand=speaker,outlet,reviews,relations", "fields=id,text",
                   "q=silent&highlight=1", "count=exact", "format=csv", "format=ndjson", "from=2022&to=2022"],
    "statements/counts": [f"by={by}" for by in ("speaker", "outlet", "topic", "kind", "lang", "status", "year", "day")],
    "figures": ["", "name=soldiers"],
    "speakers": ["", "q=a", "q=ada", "q=quill", "q=exam", "format=csv"],
    "outlets": ["", "q=a", "q=the", "q=secret"],
    "sources": [""], "reviews": [""], "relations": [""],
    "check": [f"text={text}{speaker}" for text in (*TEXTS, "We will be silent", "quill")
              for speaker in ("", "&speaker=Ada Example", "&speaker=Ada", "&speaker=Quentin Quill")],
}  # fmt: skip


class Store:
    """Records of which some are withheld, made by chance."""

    def __init__(self, writer: Client, chance: random.Random) -> None:
        self.writer, self.chance, self.made = writer, chance, 0

    def statement(self, *, public: bool) -> str | None:
        """Record a statement, unless it is there already; return its id."""
        self.made += 1
        people = PEOPLE if public else [*PEOPLE, *HIDDEN]
        outlets = OUTLETS if public else [*OUTLETS, "The Secret Wire"]
        status = self.chance.choice(["published", "published", "retracted"]) if public else "withheld"
        aliases = [] if public else self.chance.sample(["Ada", "Quill", "Ada Example"], k=1)
        name = self.chance.choice(people)
        made = statement(
            text=self.chance.choice(TEXTS) + self.chance.choice([".", f", and {self.made}.", " or Ada and Quill."]),
            speaker=self.chance.choice([name, name, {"name": name, "type": "group", "aliases": aliases}, None]),
            attributed_as=self.chance.choice(["Ada Example", "an official"]),
            said_on=self.chance.choice(["2022-03-23", "2021", "1901-01-01" if not public else "2022-03-01"]),
            topics=self.chance.sample(TOPICS[::2] if public else TOPICS, k=1),
            external_id=f"{'e' if public else 'x'}{self.made}",
            figures=[{"name": "soldiers lost", "value": self.chance.randrange(50)}],
            attributions=[{"speaker": self.chance.choice(people), "status": "rejected"}],
            status=status,
        )
        del made["outlet"]
        via = [{"name": "by hand", "outlet": self.chance.choice(outlets)}]
        url = self.chance.choice([*URLS, f"https://c.example/{self.made}"])
        made["appearances"] = [{"outlet": self.chance.choice(outlets), "url": url, "via": via}]
        answer = self.writer.post("/v1/statements", made)
        assert answer.status_code in (201, 409, 422), answer.text
        return answer.json["id"] if answer.status_code == 201 else None

    def about(self, ids: list[str], others: list[str]) -> None:
        """Review some statements and relate them to others."""
        for id in ids:
            made = {"statement": id, "author": {"name": "Example Facts"}, "rating": {"alternate_name": "True"}}
            self.writer.record(made, "reviews")
            if others and (other := self.chance.choice(others)) != id:
                relation = {"subject": id, "type": "refutes", "object": other}
                assert self.writer.post("/v1/relations", relation).status_code in (201, 409)


def held(client: Client) -> dict[str, set[str]]:
    """Return the ids of all records that somebody is shown."""
    return {each: {one["id"] for one in client.get(f"/v1/{each}?limit=200").json["data"]} for each in COLLECTIONS}


def addresses(client: Client) -> Iterator[str]:
    """Give every address that somebody without a key may ask about records."""
    yield from (f"/v1/{path}?{query}" for path, queries in ASKED.items() for query in queries)
    for collection in COLLECTIONS:
        for each in client.get(f"/v1/{collection}?limit=200").json["data"]:
            address = f"/v1/{collection}/{each['id']}"
            yield from (address, f"{address}/revisions", f"{address}/revisions/1", f"{address}/revisions?diff=1..1")
            if collection == "statements":
                yield from (f"{address}/similar", f"/v1/relations?statement={each['id']}")
                yield f"/v1/statements?related_to={each['id']}"
    yield from (f"/v1/log/entries/{seq}" for seq in range(1, client.get("/v1/log/head").json["seq"] + 1))


def answer(client: Client, address: str) -> tuple[int, bytes]:
    """Return status and body of an answer; what asks has a name, so that errors are alike, too."""
    found = client.get(address, headers={"X-Request-Id": "asked"})
    return found.status_code, found.data


@pytest.mark.parametrize("seed", range(drawn(1)))
def test_what_is_withheld_changes_no_byte_of_any_answer_without_a_key(
    alice: Client, charlie: Client, seed: int
) -> None:
    store = Store(alice, random.Random(seed))
    public = [id for _ in range(8) if (id := store.statement(public=True))]
    store.about(public[:2], public)
    alice.record({"name": "Ada Own"}, "speakers")
    asked = list(addresses(charlie))
    before = {address: answer(charlie, address) for address in asked}
    changes = charlie.get("/v1/changes?limit=1000").json["changes"]
    known = held(alice)
    withheld = [id for _ in range(40) if (id := store.statement(public=False))]
    store.about(withheld[:3], [*public, *withheld])
    for id in withheld[:5]:
        alice.patch(f"/v1/statements/{id}", {"topics": ["energy", "War"]}, headers={"If-Match": "*"})
    hidden = {plural: sorted(ids - known[plural]) for plural, ids in held(alice).items()}
    for plural in ("speakers", "outlets"):
        for one in hidden[plural][:2]:
            alice.post(f"/v1/{plural}/{one}/merge", {"into": min(known[plural])}, headers={"If-Match": "*"})
    for again in (lambda: None, lambda: indexes.rebuild(lambda done, total: None)):
        again()
        for address in asked:
            assert answer(charlie, address) == before[address], address
        assert charlie.get("/v1/changes?limit=1000").json["changes"] == changes
        for plural, ids in hidden.items():
            for id in ids:
                assert charlie.get(f"/v1/{plural}/{id}").status_code == 404
                if plural in ("statements", "speakers", "outlets"):
                    name = "id" if plural == "statements" else plural[:-1]
                    assert charlie.get(f"/v1/statements?{name}={id}").json["data"] == []
    assert charlie.get("/v1/log/head").json["seq"] > changes[-1]["seq"]
