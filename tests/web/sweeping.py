"""Every field, parameter, part of an address and header that the OpenAPI document describes, at its limit and over it.

What there is is read from the document. How a sensible document looks is said here, in `BODIES`; a member of a schema
that stands in none of them is an error, so that a new field cannot be forgotten.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from werkzeug.test import TestResponse

from tests.conftest import COLLECTIONS, NEVER, Client, statement

SCRIPTS = {
    "latin": "abcdefghijklmnopqrstuvwxyz0123456789",
    "cjk": [chr(each) for each in range(0x4E00, 0x9FA0)],
    "emoji": [chr(each) for each in range(0x1F300, 0x1F640)],
}
# As many strings as a list takes, or one.
FULL: list[str] = ["all"]
ONE: list[str] = ["one"]
SPEAKER = {"name": "", "type": "person", "aliases": ONE, "description": "", "same_as": ["https://a.example/"]}
SPEAKER["roles"] = [{"role": "", "organization": "", "start": "2020", "end": "2021"}]
OUTLET = {"name": "", "type": "other", "aliases": ONE, "url": "https://a.example/", "country": "US", "lang": "en"}
OUTLET["same_as"] = ["https://a.example/"]
_URL = "https://a.example/"
_APPEARANCE: dict[str, Any] = {
    **dict.fromkeys(("title", "exact", "prefix", "suffix", "cue"), ""),
    **dict.fromkeys(("published_on", "accessed_on"), "2022"),
    **{"url": _URL, "archived_at": _URL, "byline": FULL, "outlet": "", "source": "SOURCE", "start": 1, "end": 2},
    "via": [{"name": "", "outlet": "", "medium": "email", "url": _URL}],
}
_STATEMENT: dict[str, Any] = {
    **dict.fromkeys(("text", "attributed_as", "speaker_role", "addressee", "place", "event", "date_text"), ""),
    **{"kind": "quote", "form": "direct", "lang": "ja", "medium": "email", "terms": "on_record", "said_on": "2022"},
    **{"status": "published", "external_id": "", "context": "", "topics": FULL, "speaker": SPEAKER},
    "appearances": [_APPEARANCE, {**_APPEARANCE, "outlet": OUTLET, "via": []}],
    "figures": [
        {"name": "", "value": 1, "unit_text": "", "qualifier": "about", "as_of": "2022"},
        {"name": "", "min_value": 1, "max_value": 2},
    ],
    "attributions": [{"speaker": "", "status": "candidate", "confidence": 0.5, "note": "", "url": _URL}],
}
# Two may not have it, and a text is not recorded twice from the same place.
_SHORT = {"kind": "claim", "text": "", "speaker": "", "outlet": "", "url": _URL, "title": "", "published_on": "2022"}
# By the schema: sensible documents that have all of its members between them. An empty text is drawn.
BODIES: dict[str, list[dict[str, Any]]] = {
    "StatementInput": [_STATEMENT, _SHORT],
    "StatementPatch": [_STATEMENT, {name: _SHORT[name] for name in ("outlet", "url", "title", "published_on")}],
    "SpeakerInput": [{**SPEAKER, "aliases": FULL}],
    "OutletInput": [{**OUTLET, "aliases": FULL}],
    "SourceInput": [
        {"url": _URL, "outlet": "", "title": "", "byline": FULL, "published_on": "2022", "lang": "en"},
        # By itself, since of most scripts it fits into no body.
        {"url": _URL, "text": ""},
        {"url": _URL, "outlet": OUTLET, "archived_at": _URL, "sha256": "0" * 64},
    ],
    "ReviewInput": [
        {
            **{"statement": "STATEMENT", "claim_reviewed": "", "author": {"name": "", "url": _URL}, "url": _URL},
            **{"published_on": "2022", "lang": "en"},
            "rating": {
                **{"alternate_name": "", "explanation": ""},
                **{"rating_value": 2, "best_rating": 3, "worst_rating": 1},
            },
        }
    ],
    "RelationInput": [{"subject": "STATEMENT", "type": "updates", "object": "OTHER", "note": ""}],
    "KeyInput": [{"name": "", "scopes": ["read"], "expires_at": "2099-01-01T00:00:00.000Z"}],
    "CorrectionInput": [
        {"kind": "clarification", "note": "", "on": "2022-03-24", "patch": patch} for patch in (_STATEMENT, _SHORT)
    ],
    "WithdrawalInput": [{"reason": ""}],
    "SpeakerMergerInput": [{"into": "SURVIVOR"}],
    "OutletMergerInput": [{"into": "STAYING"}],
    "UnmergerInput": [{}],
    "CheckInput": [
        {"text": "", "speaker": "", "url": _URL, "on": "2022"},
        {"items": [{"text": "", "speaker": "", "url": _URL, "on": "2022"}]},
    ],
}
for kind in ("Speaker", "Outlet", "Source", "Review", "Relation"):
    BODIES[f"{kind}Patch"] = BODIES[f"{kind}Input"]
# Which version it is for; beside `If-Match` it needs not be said.
_VERSION = "version"
# So many bytes are taken.
_BODY = 2**20
# So long is what is not a free text anyway.
_GARBAGE = 400


def drawn(script: str, length: int, salt: object) -> str:
    """Return so many characters of a script, the same for the same salt."""
    return "".join(random.Random(f"{script} {length} {salt}").choices(SCRIPTS[script], k=length))


@dataclass
class Leaf:
    """A place in a document that holds a single value, and what its schema is."""

    pointer: tuple[str | int, ...]
    shape: dict[str, Any]

    @property
    def at(self) -> str:
        """The place as it is counted, whichever entry of a list it is in."""
        return "/".join("*" if isinstance(step, int) else step for step in self.pointer)


class Made(dict[str, str]):
    """Ids of records by what they are called here, each made when it is first asked for."""

    NAMES: ClassVar = {
        **{"STATEMENT": "statements", "OTHER": "statements", "SOURCE": "sources"},
        **{"SURVIVOR": "speakers", "STAYING": "outlets"},
    }

    def __init__(self, alice: Client, number: int) -> None:
        super().__init__()
        self.alice, self.number = alice, number

    def __missing__(self, name: str) -> str:
        collection = self.NAMES.get(name, name)
        document: dict[str, Any] = {"name": f"{name} {self.number}"}
        if collection == "statements":
            document = statement(text=f"{name} {self.number}.")
        elif collection == "sources":
            document = {"url": f"https://a.example/{name}/{self.number}"}
        elif collection == "reviews":
            rating = {"alternate_name": "True"}
            document = {"statement": self["STATEMENT"], "author": {"name": "Facts"}, "rating": rating}
        elif collection == "relations":
            document = {"subject": self["STATEMENT"], "type": "updates", "object": self["OTHER"]}
        self[name] = str(self.alice.record(document, collection)["id"])
        return self[name]


@dataclass
class Sweep:
    """Asks for everything and keeps what came back: by operation, place, script and size."""

    app: Any
    alice: Client
    found: dict[tuple[str, str, str, str], int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    free: dict[tuple[int, str | None], bool] = field(default_factory=dict)
    number: int = 0

    def __post_init__(self) -> None:
        self.document = self.alice.get("/openapi.json").json
        self.schemas = self.document["components"]["schemas"]
        self.visited: dict[str, set[str]] = {}
        self.shared = self.made()

    def run(self) -> None:
        """Ask for all of it."""
        for path, operations in self.document["paths"].items():
            for method, operation in operations.items():
                if isinstance(operation, dict) and "responses" in operation:
                    self.operation(method, path, operation)

    def operation(self, method: str, path: str, operation: dict[str, Any]) -> None:
        """Ask for all of one operation."""
        name = f"{method.upper()} {path}"
        given: dict[str, list[dict[str, Any]]] = {"path": [], "query": [], "header": []}
        for parameter in operation.get("parameters", []):
            given[parameter["in"]].append(parameter)
        self.paths(name, method, path, given["path"])
        self.queries(name, method, path, given["query"])
        self.headers(name, method, path, given["header"])
        for medium, content in operation.get("requestBody", {}).get("content", {}).items():
            if "$ref" in content["schema"]:
                if medium == "application/json" or "merge-patch" in medium:
                    self.bodies(name, method, path, medium, self.component(content["schema"]))
            else:
                self.lines(name, path, medium)

    # --- asking ------------------------------------------------------------------------------------------------

    def send(self, method: str, address: str, **given: Any) -> TestResponse:
        """Send a request."""
        return self.alice.open(method.upper(), address, **given)

    def note(self, name: str, place: str, script: str, size: str, answer: TestResponse) -> TestResponse:
        """Keep what came back."""
        self.found[name, place, script, size] = answer.status_code
        if answer.status_code >= 500:
            self.wrong.append(f"{name} {place} {script} {size}: {answer.status_code} {answer.text[:200]}")
        return answer

    def expect(self, told: bool, *about: object) -> None:
        """Keep what is not as it should be."""
        if not told:
            self.wrong.append(" ".join(map(str, about))[:600])

    def made(self) -> Made:
        """Return records to write of, which are made when they are asked for."""
        self.number += 1
        return Made(self.alice, self.number)

    def address(self, path: str, ids: Made) -> str:
        """Return an address of what there is."""
        collection = next((each for each in COLLECTIONS if f"/{each}/" in path), "keys")
        known = {
            "{id}": ids[collection] if collection in COLLECTIONS else NEVER,
            "{version}": "1",
            "{seq}": "1",
            "{slug}": "gone",
        }
        for part, value in {**known, "{name}": "statement"}.items():
            path = path.replace(part, value)
        return path

    # --- addresses, parameters, headers ------------------------------------------------------------------------

    def paths(self, name: str, method: str, path: str, parameters: list[dict[str, Any]]) -> None:
        """Ask for what nobody has, by names of any length."""
        for parameter in parameters:
            for script in SCRIPTS:
                long = quote(drawn(script, _GARBAGE, path))
                asked = self.address(path.replace(f"{{{parameter['name']}}}", long), self.shared)
                given = {} if method == "get" else {"json": {}, "headers": {"If-Match": "*"}}
                answer = self.note(name, f"path {parameter['name']}", script, "long", self.send(method, asked, **given))
                self.expect(400 <= answer.status_code < 500, name, script, answer.status_code)

    def headers(self, name: str, method: str, path: str, parameters: list[dict[str, Any]]) -> None:
        """Send headers as long as they may be, and longer; a header has bytes."""
        for parameter in parameters:
            for script in SCRIPTS:
                for size, length in (("at", 255), ("over", 256)):
                    text = drawn(script, length, path).encode()[:length].decode("latin-1")
                    given = {"headers": {"If-Match": "*", parameter["name"]: text}}
                    if method != "get":
                        given["json"] = {"nonsense": 1}
                    answer = self.send(method, self.address(path, self.shared), **given)
                    self.note(name, f"header {parameter['name']}", script, size, answer)

    def queries(self, name: str, method: str, path: str, parameters: list[dict[str, Any]]) -> None:
        """Ask with each parameter by itself at its limit, over it and with what it does not take; then with all."""
        address = self.address(path, self.shared)
        needed = {each["name"]: each["example"] for each in parameters if each.get("required")}
        free: list[dict[str, Any]] = []
        for parameter in parameters:
            several = parameter["schema"].get("type") == "array"
            shape = parameter["schema"]["items"] if several else parameter["schema"]
            limits = [("at", 0), ("over", 1)] if self.is_free(shape) else [("garbage", 0)]
            free += [parameter] if len(limits) == 2 else []
            # What is no free text is refused whatever the script.
            for script in SCRIPTS if len(limits) == 2 else ("cjk",):
                for size, more in limits:
                    value = self.value(shape, script, more, (path, parameter["name"]))
                    self.ask(name, method, address, needed, parameter["name"], [value], script, size)
                if several and (len(limits) == 2 or script == "cjk"):
                    for size, more in (("most", 0), ("too many", 1)):
                        count = parameter["schema"]["maxItems"] + more
                        values = [self.value({"maxLength": 5, **shape}, script, 0, n, most=5) for n in range(count)]
                        self.ask(name, method, address, needed, parameter["name"], values, script, size)
        if free:
            for script in SCRIPTS:
                values = {each["name"]: self.value(_shape(each), script, 0, each["name"]) for each in free}
                for unlikely in ("cursor", "fields", "sample"):
                    values.pop(unlikely, None)
                answer = self.send(method, f"{address}?{urlencode({**needed, **values})}", **_body(method))
                self.note(name, "all parameters", script, "at", answer)

    def ask(
        self, name: str, method: str, address: str, needed: dict[str, str], parameter: str, values: list[str],
        script: str, size: str,
    ) -> None:  # fmt: skip
        """Ask with one parameter."""
        pairs = [*((key, value) for key, value in needed.items() if key != parameter)]
        asked = f"{address}?{urlencode([*pairs, *((parameter, value) for value in values)])}"
        answer = self.note(name, parameter, script, size, self.send(method, asked, **_body(method)))
        codes = {each["code"] for each in (answer.json or {}).get("errors", []) if each.get("parameter") == parameter}
        if size in ("over", "too many"):
            self.expect(answer.status_code == 400, name, parameter, script, size, answer.status_code)
        elif size == "at":
            self.expect("length" not in codes, name, parameter, script, size, answer.text[:200])

    # --- bodies ------------------------------------------------------------------------------------------------

    def component(self, schema: dict[str, Any]) -> str:
        """Return the name of a schema that is referred to."""
        return str(schema["$ref"]).rpartition("/")[2]

    def bodies(self, name: str, method: str, path: str, medium: str, component: str) -> None:
        """Send documents with all of their texts at the limit; with all over it; and with all else wrong."""
        if component not in BODIES:
            self.wrong.append(f"There is no sensible document of {component}.")
            return
        for base in BODIES[component]:
            for script in SCRIPTS:
                # What is no free text is refused whatever the script.
                for size, more in (("at", 0), ("over", 1), ("garbage", 0))[: 3 if script == "cjk" else 2]:
                    ids = self.made() if size == "at" else self.shared
                    sent, leaves = self.filled(component, base, script, more, ids, garbage=size == "garbage")
                    given: dict[str, Any] = {
                        "data": _sent(sent),
                        "content_type": medium,
                    }
                    if method != "post" or "{id}" in path:
                        given["headers"] = {"If-Match": "*"}
                    answer = self.send(method, self.address(path, ids), **given)
                    for leaf in leaves:
                        self.note(name, leaf.at, script, size, answer)
                    large = len(given["data"]) > _BODY
                    self.judge(f"{name} {script} {size}", "large" if large else size, leaves, answer)
        self.visit(name, component)

    def judge(self, about: str, size: str, leaves: list[Leaf], answer: TestResponse) -> None:
        """Look whether what is at its limit is taken, and of what is not everything is told."""
        if size == "large":
            self.expect(answer.status_code == 413, about, answer.status_code)
        elif size == "at":
            # Who is not merged cannot be taken out again.
            self.expect(answer.status_code in (200, 201, 204) or "/unmerge" in about, about, answer.text[:400])
        elif leaves:
            self.expect(answer.status_code == 422, about, answer.status_code, answer.text[:200])
            told = {each["pointer"] for each in (answer.json or {}).get("errors", [])}
            missing = [leaf.pointer for leaf in leaves if not _is_told(leaf.pointer, told)]
            self.expect(not missing or len(told) >= 100, about, "did not tell of", missing[:5])

    def lines(self, name: str, path: str, medium: str) -> None:
        """Send lines of statements as long as may be."""
        if medium != "application/x-ndjson":
            return
        for script in SCRIPTS:
            for size, more, status in (("at", 0, 200), ("over", 1, 422)):
                sent, leaves = self.filled("StatementInput", _STATEMENT, script, more, self.made(), garbage=False)
                answer = self.send("post", path, data=_sent(sent), content_type=medium)
                for leaf in leaves:
                    self.note(name, leaf.at, script, size, answer)
                self.expect(answer.status_code == status, name, script, size, answer.text[:300])

    def filled(
        self, component: str, base: dict[str, Any], script: str, more: int, ids: Made, *, garbage: bool
    ) -> tuple[dict[str, Any], list[Leaf]]:
        """Return a document with all of its texts drawn, and the places that were changed.

        With `garbage`, what is no free text is wrong, and texts are short.
        """
        document = json.loads(json.dumps(base))
        changed = []
        for leaf in [*self.leaves(component, {"$ref": f"#/{component}"}, document)]:
            value, free = _get(document, leaf.pointer), self.is_free(leaf.shape)
            if value in Made.NAMES:
                _set(document, leaf.pointer, drawn(script, 40, leaf.pointer) if garbage else ids[value])
                changed += [leaf] if garbage else []
            elif free and not garbage:
                self.number += 1
                _set(document, leaf.pointer, self.value(leaf.shape, script, more, (self.number, leaf.pointer)))
                changed.append(leaf)
            elif garbage and not free:
                _set(document, leaf.pointer, drawn(script, _GARBAGE, leaf.pointer))
                changed.append(leaf)
            elif value == "":
                _set(document, leaf.pointer, f"text {self.number}")
        return document, changed

    def leaves(self, at: str, shape: dict[str, Any], value: Any, pointer: tuple[Any, ...] = ()) -> Iterator[Leaf]:
        """Yield every place of a document that holds a single value, and fill its lists."""
        options = [self.schemas[self.component(each)] if "$ref" in each else each for each in _options(shape)]
        if isinstance(value, dict):
            (found,) = [each for each in options if set(value) <= set(each.get("properties", {}))][-1:] or [None]
            assert found, (at, pointer, set(value))
            name = next((self.component(each) for each in _options(shape) if "$ref" in each), at)
            self.visited.setdefault(name, set()).update(value)
            for member in value:
                yield from self.leaves(name, found["properties"][member], value[member], (*pointer, member))
        elif isinstance(value, list):
            (listed,) = [each for each in options if "items" in each]
            if value in (FULL, ONE):
                value[:] = [""] * (listed["maxItems"] if value == FULL else 1)
            for place, each in enumerate(value):
                yield from self.leaves(at, listed["items"], each, (*pointer, place))
        else:
            texts = [each for each in options if "maxLength" in each] or options
            yield Leaf(pointer, texts[0])

    def visit(self, name: str, component: str) -> None:
        """Look whether the documents of a schema, and of those in it, have all of its members."""
        waiting, seen = [component], set()
        while waiting:
            current = waiting.pop()
            seen.add(current)
            properties = self.schemas[current].get("properties", {})
            known = self.visited.get(current, set()) | {_VERSION}
            self.expect(set(properties) <= known, name, "leaves out", current, set(properties) - known)
            below = [each for shape in properties.values() for each in _options(shape, items=True) if "$ref" in each]
            waiting += [found for each in below if (found := self.component(each)) not in seen]

    def is_free(self, shape: dict[str, Any]) -> bool:
        """Tell whether any text of a script fits a schema."""
        if "maxLength" not in shape or "enum" in shape:
            return False
        kind = (shape["maxLength"], shape.get("pattern"))
        if kind not in self.free:
            self.free[kind] = self.fits(shape)
        return self.free[kind]

    def fits(self, shape: dict[str, Any]) -> bool:
        """The same, looked at."""
        samples = (self.value(shape, script, 0, "sample", most=50) for script in SCRIPTS)
        return all(re.search(shape.get("pattern", ""), sample) for sample in samples)

    def value(self, shape: dict[str, Any], script: str, more: int, salt: object, most: int = 10**9) -> str:
        """Return a text of a script that has as many characters as a schema allows, and so many more."""
        length = min(shape.get("maxLength", _GARBAGE), most)
        begin = _URL if shape.get("format") == "iri" or "[Hh][Tt][Tt][Pp]" in shape.get("pattern", "") else ""
        return begin + drawn(script, max(1, length + more - len(begin)), salt)


def _shape(parameter: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = parameter["schema"]
    return dict(schema.get("items", schema))


def _sent(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def _body(method: str) -> dict[str, Any]:
    return {} if method == "get" else {"data": b"{}", "content_type": "application/x-ndjson"}


def _options(shape: dict[str, Any], *, items: bool = False) -> list[dict[str, Any]]:
    found = list(shape.get("anyOf", [shape]))
    return [option.get("items", option) if items else option for option in found]


def _get(document: Any, pointer: tuple[Any, ...]) -> Any:
    for step in pointer:
        document = document[step]
    return document if isinstance(document, str) else None


def _set(document: Any, pointer: tuple[Any, ...], value: str) -> None:
    for step in pointer[:-1]:
        document = document[step]
    document[pointer[-1]] = value


def _is_told(pointer: tuple[Any, ...], told: set[str]) -> bool:
    """Tell whether a problem is at a place, or at what it is in."""
    whole = "#/" + "/".join(map(str, pointer))
    return any(whole == each or whole.startswith(f"{each}/") for each in told)
