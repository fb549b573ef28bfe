"""Fields that hold other things: an object, a list, a reference to another record, an id."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import ValidationError, fields

from schemas.base import Checked, Document, Schema, settings
from schemas.characters import APOSTROPHES, HYPHENS, INVISIBLE, NAME_PATTERN
from schemas.faults import echo
from schemas.fields import Formed, Name
from schemas.vocabulary import PREFIXES

LONGEST_NAME = 500
# 26 characters of Crockford's base32 in lower case: no i, l, o or u.
_LETTERS = "[0-9a-hjkmnp-tv-z]{26}"
_ANY_CASE = "|".join("".join(f"[{char.upper()}{char}]" for char in prefix) for prefix in PREFIXES.values())
# What was plainly meant as an id, so that a slip in one never makes a person of that name.
_LIKE_AN_ID = f"(?:{_ANY_CASE})_[0-9A-Za-z]{{26}}"
_is_like_an_id = re.compile(_LIKE_AN_ID).fullmatch


def id_pattern(kind: str) -> str:
    """The pattern of the ids of one kind of record, for JSON Schema."""
    return f"^{PREFIXES[kind]}_{_LETTERS}$"


_UNSEEN = re.compile(f"[{INVISIBLE}]")
_ALIKE = str.maketrans({**dict.fromkeys(APOSTROPHES, "'"), **dict.fromkeys(HYPHENS, "-")})


def folded(text: str) -> str:
    """The form in which two names are the same: evened, without what cannot be seen, with one apostrophe and hyphen."""
    if text.isascii():
        # The same, sooner.
        return " ".join(text.lower().replace("`", "'").split())
    # What is not seen can keep two signs from being composed, and folding can make an apostrophe of a letter (ŉ).
    return evened(_UNSEEN.sub("", text)).translate(_ALIKE)


def evened(text: str) -> str:
    """`text` in NFC, without case, spacing evened out."""
    if text.isascii():
        return " ".join(text.lower().split())
    # Case folding can undo a composition and make another possible, so NFC is applied on both sides of it.
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).split())


def distinct(words: list[str], *, without: str | None = None) -> list[str]:
    """`words` without repetitions (compared folded, the first is kept) and without the word `without`."""
    seen = set() if without is None else {folded(without)}
    kept = []
    for word in words:
        if (key := folded(word)) not in seen:
            seen.add(key)
            kept.append(word)
    return kept


class Identifier(Formed):
    """The id of one kind of record, such as `spk_` and 26 characters."""

    code, pattern = "reference", f"^(?:{'|'.join(PREFIXES.values())})_{_LETTERS}$"

    def __init__(self, kind: str, description: str = "", **options: Any) -> None:
        self.record = kind
        super().__init__(description, **({"pattern": id_pattern(kind)} | options))
        self._shape = re.compile(f"{PREFIXES[kind]}_{_LETTERS}")

    def fits(self, text: str) -> bool:
        """Whether `text` is an id of that kind."""
        return self._shape.fullmatch(text) is not None

    def read(self, text: str) -> str:
        """`text` itself, if it is an id of that kind."""
        if not self.fits(text):
            prefix = PREFIXES[self.record]
            raise ValueError(f"The id of a {self.record} is {prefix}_ and 26 lower-case letters and digits.")
        return text


class Called(Name):
    """A record by its id, its name or an alias, all as one string; a slip in an id is no name."""

    default_error_messages = {
        "reference": "{text!r} is not the id of a {kind} ({prefix}_ and 26 lower-case letters and digits).",
    }

    def __init__(self, kind: str, description: str = "", **options: Any) -> None:
        super().__init__(LONGEST_NAME, description, **options)
        self.kind, self._id = kind, Identifier(kind)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if _is_like_an_id(text) and not self._id.fits(text):
            raise self.make_error("reference", text=echo(text), kind=self.kind, prefix=PREFIXES[self.kind])
        return text


class Part(fields.Nested, Checked[Any]):
    """An object inside another: read as `takes`, sent as `sends`."""

    def __init__(self, takes: type[Schema], sends: type[Schema], description: str = "", **options: Any) -> None:
        super().__init__(takes, **settings(description, **options))
        self.takes, self.sends = takes, sends

    def sent(self) -> Checked[Any]:
        """The part as the service sends it."""
        part = Part(self.sends, self.sends, self.metadata.get("description", ""))
        return part.variant(required=True, nullable=self.load_default is None)


class Listed(fields.List[Any], Checked[list[Any]]):
    """A list of at most `most` values, None for any number; null is the empty list. `merge` drops repeated words."""

    default_error_messages = {"items": "This list has {length} entries; at most {most} are kept."}
    codes: ClassVar[Mapping[str, str]] = {**Checked.codes, "items": "length"}

    def __init__(
        self, inner: Checked[Any], description: str = "", *, most: int | None, merge: bool = False, **options: Any
    ) -> None:
        shape: dict[str, Any] = {"type": "array", **({"maxItems": most} if most is not None else {}), **options}
        super().__init__(inner.variant(required=True, nullable=False), **settings(description, **shape))
        if self.load_default is None:
            self.load_default = list
            # Where an empty list cannot be sent, it cannot be called the default either.
            if not options.get("minItems"):
                self.metadata = {**self.metadata, "default": []}
        self.most, self.merge = most, merge

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        self.expect((list, tuple), value, "a list")
        # An endless list is refused before its entries are looked at.
        if self.most is not None and len(value) > self.most:
            raise self.make_error("items", length=len(value), most=self.most)
        loaded: list[Any] = super()._deserialize(value, attr, data, **kwargs)
        return distinct(loaded) if self.merge else loaded

    def sent(self) -> Checked[Any]:
        """The list as the service sends it, of what it sends inside."""
        twin = self.variant(required=True, nullable=False)
        assert isinstance(self.inner, Checked)
        twin.inner = self.inner.sent().variant(required=True, nullable=False)
        return twin


class Reference(Checked[Document]):
    """Another record, by its id, by its name, or as an object to find or create.

    It loads to `{"id": …}` or to an object with at least a `name`; `type` is in it only if it was sent, so
    that "whatever its type" and "of this type" can be told apart. Where `takes` (the schema of a new record)
    is not given, the record must exist and only its id is taken. `sends` is the schema of the reference as
    the service sends it; its other members are tolerated beside an id on input and dropped.

    The metadata's `anyOf` describes an object to create by its name alone. A generator of JSON Schema that
    can refer to other schemas calls `shapes` with a reference to that of `takes`, and is then exact.
    """

    default_error_messages = {
        "reference": "{text!r} is not the id of a {kind} ({prefix}_ and 26 lower-case letters and digits).",
        "unknown": "Beside the id of a {kind} there is no field {name!r}.",
    }

    def __init__(
        self,
        kind: str,
        sends: type[Schema],
        takes: type[Schema] | None = None,
        description: str = "",
        **options: Any,
    ) -> None:
        self.kind, self.sends, self.takes = kind, sends, takes
        self._id = Identifier(kind, required=True)
        self._name = Name(LONGEST_NAME)
        self._schema: Schema | None = None
        self._sent = sends()
        super().__init__(**settings(description, **({"anyOf": self.shapes(None)} | options)))

    def shapes(self, record: dict[str, object] | None) -> list[dict[str, object]]:
        """What a reference can look like, as JSON Schemas; `record` is that of an object to create."""
        id_form: dict[str, object] = {"type": "string", "pattern": id_pattern(self.kind)}
        beside: dict[str, object] = {name: {} for name in self._sent.fields if name != "id"}
        by_id: dict[str, object] = {
            "type": "object",
            "required": ["id"],
            "properties": {"id": id_form, **beside},
            "additionalProperties": False,
        }
        if self.takes is None:
            return [id_form, by_id]
        name = {
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST_NAME,
            "pattern": NAME_PATTERN,
            "not": {"pattern": f"^{_LIKE_AN_ID}$"},
        }
        named: dict[str, object] = {
            "type": "object",
            "required": ["name"],
            "properties": {"name": name},
            "not": {"required": ["id"]},
        }
        return [id_form, name, by_id, record or named]

    def sent(self) -> Checked[Any]:
        """The reference as the service sends it."""
        part = Part(self.sends, self.sends, self.metadata.get("description", ""))
        return part.variant(required=True, nullable=self.load_default is None and not self.required)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Document:
        if isinstance(value, str):
            return self._word(value)
        self.expect(Mapping, value, "an id, a name or an object" if self.takes else "an id")
        if "id" in value or self.takes is None:
            return self._by_id(value)
        return self._described(value)

    def _word(self, text: str) -> Document:
        if self.takes is None or _is_like_an_id(text):
            if not self._id.fits(text):
                prefix = PREFIXES[self.kind]
                raise self.make_error("reference", text=echo(text), kind=self.kind, prefix=prefix)
            return {"id": text}
        return {"name": self._name.deserialize(text)}

    def _by_id(self, value: Mapping[str, Any]) -> Document:
        self._sent.bounded(value)
        found: dict[str, Any] = {}
        for name in value:
            if name not in self._sent.fields:
                found[name] = self.make_error("unknown", kind=self.kind, name=echo(name)).messages
        try:
            self._id.deserialize(value.get("id"))
        except ValidationError as error:
            found["id"] = error.messages
        if found:
            raise ValidationError(found)
        return {"id": value["id"]}

    def _described(self, value: Mapping[str, Any]) -> Document:
        assert self.takes is not None
        if self._schema is None:
            self._schema = self.takes()
        loaded: Document = self._schema.load(value)
        if value.get("type") is None:
            loaded.pop("type", None)
        return loaded
