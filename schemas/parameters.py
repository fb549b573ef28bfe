"""Parameters of the query string: each rule for their values once."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, NamedTuple

from schemas import addresses
from schemas.base import Checked, Schema, settings
from schemas.characters import NAME_PATTERN, unfit_in_name
from schemas.edtf import period
from schemas.faults import echo, near
from schemas.languages import canonical
from schemas.parts import Listed, Part, id_pattern

MOST_VALUES = 100
LONGEST_VALUE = 1000
# About what fits into the first line of a request.
LONGEST_PROSE = 3000
# A whole number as it is written: without sign, spaces, leading zeros and digits of other scripts.
WHOLE = "0|[1-9][0-9]*"
# Any value, as JSON Schema says it.
VALUE: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": LONGEST_VALUE, "pattern": NAME_PATTERN}
VALUES: dict[str, Any] = {"type": "array", "maxItems": MOST_VALUES}


class Parameter(Checked[Any]):
    """A parameter, loaded from all the values that it was given, in their order.

    A `comma` separates values only in parameters of words and names; where a name itself has a comma,
    the whole is tried first.
    """

    several: ClassVar[bool] = False
    comma: ClassVar[bool] = False
    longest: int = LONGEST_VALUE
    default_error_messages = {
        "twice": "This parameter takes one value and was given {count}.",
        "empty": "This parameter was given without a value.",
        "length": "A value may have at most {most} characters.",
        "characters": "The character {found} cannot be part of a value.",
        "count": "This parameter takes at most {most} values.",
    }
    codes = {"twice": "repeated", "count": "length", **Checked.codes}

    def _deserialize(self, value: Sequence[str], attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not self.several and len(value) > 1:
            raise self.make_error("twice", count=len(value))
        for each in value:
            self._check(each)
        return self.many(value) if self.several else self.one(value[0])

    def _check(self, text: str) -> None:
        if not text.strip():
            raise self.make_error("empty")
        if max(map(len, text.split(",") if self.comma else [text])) > self.longest:
            raise self.make_error("length", most=self.longest)
        if found := unfit_in_name(text):
            raise self.make_error("characters", found=f"U+{ord(found):04X}")

    def one(self, text: str) -> Any:
        """The value that one text stands for; raises ValidationError."""
        return text

    def many(self, texts: Sequence[str]) -> Any:
        """The values that several texts stand for; raises ValidationError."""
        return [self.one(text) for text in texts]


class Alike(Parameter):
    """A value that is read as a field of a body reads it."""

    def __init__(self, field: Checked[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.field = field
        self.longest = field.metadata.get("maxLength", LONGEST_VALUE)

    def one(self, text: str) -> Any:
        """What the field makes of it."""
        return self.field.deserialize(text)


class Prose(Alike):
    """A text of some length, which may have lines."""

    def _check(self, text: str) -> None:
        if not text.strip():
            raise self.make_error("empty")
        if len(text) > LONGEST_PROSE:
            raise self.make_error("length", most=LONGEST_PROSE)


def whole(text: str) -> int | None:
    """Return the whole number that a text is, None where it is none or has more digits than any that is taken."""
    return int(text) if len(text) <= 18 and re.fullmatch(WHOLE, text) else None


class Limit(Parameter):
    """How many, from 1 to `most`."""

    default_error_messages = {"range": "This takes a whole number from 1 to {most}; it is never cut down to fit."}
    most = 200

    def one(self, text: str) -> int:
        """The number."""
        value = whole(text)
        if value is None or not 1 <= value <= self.most:
            raise self.make_error("range", most=self.most)
        return value


class Seed(Parameter):
    """A number that chooses a sample."""

    default_error_messages = {"range": "This takes a whole number from 0 to 4294967295."}

    def one(self, text: str) -> int:
        """The number."""
        value = whole(text)
        if value is None or value >= 2**32:
            raise self.make_error("range")
        return value


class Place(NamedTuple):
    """A place in the log: a number, None for now, and of which history it is, None for whichever there is."""

    seq: int | None
    epoch: str | None = None


class Position(Parameter):
    """A place in the log, or now."""

    default_error_messages = {
        "range": "This takes a sequence number, such as 0 or 1042, an epoch and a number with a full stop between "
        "them, or the word now."
    }
    most = 10**18 - 1
    # An epoch is told from the digits before a fraction by its length.
    pattern = r"^[0-9a-f]{16}\.(?:0|[1-9][0-9]{0,17})$"
    shape = re.compile(rf"(?:([0-9a-f]{{16}})\.)?({WHOLE})", re.ASCII)

    def one(self, text: str) -> Place:
        """The number, and the history that it is of."""
        if text == "now":
            return Place(None)
        found = self.shape.fullmatch(text)
        if found is None or len(found[2]) > 18:
            raise self.make_error("range")
        return Place(int(found[2]), found[1])


class Wait(Parameter):
    """How many seconds to wait."""

    default_error_messages = {"range": "This takes a whole number of seconds from 0 to 25."}

    def one(self, text: str) -> int:
        """The number."""
        value = whole(text)
        if value is None or value > 25:
            raise self.make_error("range")
        return value


class Words(Parameter):
    """Some of a closed list of words, repeated or with commas between them."""

    several = comma = True
    default_error_messages = {"choice": "{found!r} is not one of: {words}.{hint}"}

    def __init__(self, words: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words = words

    def many(self, texts: Sequence[str]) -> list[str]:
        """The words, each once, in the order of the list."""
        given = [part for text in texts for part in text.split(",")]
        if len(given) > MOST_VALUES:
            raise self.make_error("count", most=MOST_VALUES)
        for word in given:
            if word not in self.words:
                guess = near(word, self.words)
                hint = f" Did you mean {guess}?" if guess else ""
                raise self.make_error("choice", found=echo(word), words=", ".join(self.words), hint=hint)
        return [word for word in self.words if word in given]


class Tags(Parameter):
    """Values of an open list, repeated or with commas between them."""

    several = comma = True

    def many(self, texts: Sequence[str]) -> list[str]:
        """The values, each once, in their order."""
        given = list(dict.fromkeys(part.strip() for text in texts for part in text.split(",")))
        if len(given) > MOST_VALUES:
            raise self.make_error("count", most=MOST_VALUES)
        if "" in given:
            raise self.make_error("empty")
        return given


class Ids(Tags):
    """Ids of one kind of record."""

    default_error_messages = {"reference": "{found!r} is not the id of a {kind}."}

    def __init__(self, kind: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def many(self, texts: Sequence[str]) -> list[str]:
        """The ids, each once, in their order."""
        given = super().many(texts)
        for each in given:
            if not re.match(id_pattern(self.kind), each):
                raise self.make_error("reference", found=echo(each), kind=self.kind)
        return given


class Languages(Tags):
    """Language tags, in their canonical form."""

    default_error_messages = {"language": "{found!r} is not a language: {why}"}

    def many(self, texts: Sequence[str]) -> list[str]:
        """The tags, each once, in their order."""
        return list(dict.fromkeys(self._canonical(each) for each in super().many(texts)))

    def _canonical(self, text: str) -> str:
        try:
            return canonical(text)
        except ValueError as error:
            raise self.make_error("language", found=echo(text), why=str(error)) from None


class Fields(Tags):
    """Names of members of a document, dotted for those of an object inside: `speaker.name`."""

    default_error_messages = {"choice": "There is no field {found!r}.{hint}"}

    def __init__(self, of: type[Schema], *, beside: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.of, self.beside = of, beside

    def many(self, texts: Sequence[str]) -> list[str]:
        """The names, each of which the schema has."""
        given, known = super().many(texts), [*_paths(self.of()), *self.beside]
        for name in given:
            if name not in known:
                guess = near(name, known)
                hint = f" Did you mean {guess}?" if guess else ""
                raise self.make_error("choice", found=echo(name), hint=hint)
        return given


def _paths(schema: Schema, *, depth: int = 3) -> list[str]:
    found = []
    for name, field in schema.fields.items():
        found.append(name)
        inner = field.inner if isinstance(field, Listed) else field
        if isinstance(inner, Part) and depth:
            below = _paths(inner.sends(), depth=depth - 1)
            found += [f"{name}.{each}" for each in below]
    return found


class Texts(Parameter):
    """Values that may be repeated; a comma is part of the value."""

    several = True

    def many(self, texts: Sequence[str]) -> list[str]:
        """The values, in their order."""
        if len(texts) > MOST_VALUES:
            raise self.make_error("count", most=MOST_VALUES)
        return list(texts)


class Addresses(Texts):
    """Web addresses, which may be repeated."""

    longest = addresses.LONGEST
    default_error_messages = {"url": "{found!r} is not a web address: {why}"}

    def many(self, texts: Sequence[str]) -> list[str]:
        """The addresses, in their order and as they were given."""
        for each in texts:
            try:
                addresses.check(each)
            except ValueError as error:
                raise self.make_error("url", found=echo(each), why=str(error)) from None
        return super().many(texts)


class Hosts(Texts):
    """Hosts, which may be repeated."""

    default_error_messages = {"host": "{found!r} is not a host: {why}"}

    def many(self, texts: Sequence[str]) -> list[str]:
        """The hosts, in their order and as they were given."""
        for each in texts:
            try:
                addresses.check_host(each)
            except ValueError as error:
                raise self.make_error("host", found=echo(each), why=str(error)) from None
        return super().many(texts)


class One(Parameter):
    """One of a closed list of words."""

    default_error_messages = {"choice": "{found!r} is not one of: {words}.{hint}"}

    def __init__(self, words: Sequence[str], about: str, *, example: str | None = None, **options: Any) -> None:
        shape: dict[str, Any] = {"type": "string", "enum": list(words), "examples": [example or words[0]]}
        super().__init__(**settings(about, **shape, **options))
        self.words = words

    def one(self, text: str) -> str:
        """The word."""
        if text in self.words:
            return text
        guess = near(text, self.words)
        hint = f" Did you mean {guess}?" if guess else ""
        raise self.make_error("choice", found=echo(text), words=", ".join(self.words), hint=hint)


class Flag(Parameter):
    """Yes or no, as true or false (1 and 0 will do)."""

    default_error_messages = {"choice": "This takes true or false."}

    def one(self, text: str) -> bool:
        """Whether it is true."""
        if text not in ("true", "false", "1", "0"):
            raise self.make_error("choice")
        return text in ("true", "1")


class Amount(Parameter):
    """A number, as JSON writes it."""

    default_error_messages = {"range": "This takes a number, such as 7000 or 0.5."}
    shape = re.compile(r"-?(0|[1-9]\d{0,19})(\.\d{1,20})?([eE][+-]?\d{1,3})?", re.ASCII)

    def one(self, text: str) -> float:
        """The number; finite."""
        value = float(text) if self.shape.fullmatch(text) else math.inf
        if not math.isfinite(value):
            raise self.make_error("range")
        return value


class Moment(Parameter):
    """A moment, RFC 3339."""

    default_error_messages = {"date": "This takes a moment such as 2022-03-23T14:05:00Z (RFC 3339; write + as %2B)."}
    shape = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

    def one(self, text: str) -> str:
        """The moment in UTC with milliseconds, as records carry it."""
        try:
            moment = datetime.fromisoformat(text.upper()).astimezone(UTC) if self.shape.fullmatch(text) else None
        except (ValueError, OverflowError):
            moment = None
        if moment is None:
            raise self.make_error("date")
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Names(Parameter):
    """Ids, names or aliases. A value with a comma is tried whole first, so all readings are given."""

    several = comma = True

    def many(self, texts: Sequence[str]) -> list[list[str]]:
        """For each value its readings: `["A, B"]` whole, then `["A", "B"]`; a list of lists."""
        read = [[text, *(part.strip() for part in text.split(",") if part.strip())] for text in texts]
        if any(len(each) == 1 for each in read):
            raise self.make_error("empty")
        if sum(len(each) for each in read) > MOST_VALUES + len(texts):
            raise self.make_error("count", most=MOST_VALUES)
        return [each if len(each) > 2 else each[:1] for each in read]


class Period(Parameter):
    """A day, month or year."""

    default_error_messages = {"date": "This takes a date as YYYY, YYYY-MM or YYYY-MM-DD, not {found!r}."}

    def one(self, text: str) -> tuple[int, int]:
        """Its first and last day as numbers like 20220323."""
        try:
            return period(text)
        except ValueError:
            raise self.make_error("date", found=echo(text)) from None


class Versions(Parameter):
    """Two versions of a record, as `2..3`."""

    default_error_messages = {"versions": "This takes two versions with two dots between them, such as 1..2."}
    codes = {"versions": "choice", **Parameter.codes}

    def one(self, text: str) -> tuple[int, int]:
        """The two numbers, in the order given."""
        one, _, other = text.partition("..")
        old, new = whole(one), whole(other)
        if old is None or new is None or max(old, new) >= 10**9:
            raise self.make_error("versions")
        return old, new
