"""What may stand behind the question mark: parameters of lists, revisions and their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from schemas.base import Checked, Schema, settings
from schemas.characters import NAME_PATTERN, unfit_in_name
from schemas.edtf import PERIOD_PATTERN, period
from schemas.faults import Fault, echo, near
from schemas.vocabulary import KINDS

MOST_VALUES = 100
LONGEST_VALUE = 1000
# Any value, as JSON Schema says it.
_VALUE: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": LONGEST_VALUE, "pattern": NAME_PATTERN}
_VALUES: dict[str, Any] = {"type": "array", "maxItems": MOST_VALUES}


class Parameter(Checked[Any]):
    """A parameter, loaded from all the values that it was given, in their order.

    A `comma` separates values only in parameters of words and names; where a name itself has a comma,
    the whole is tried first.
    """

    several: ClassVar[bool] = False
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
        if len(text) > LONGEST_VALUE:
            raise self.make_error("length", most=LONGEST_VALUE)
        if found := unfit_in_name(text):
            raise self.make_error("characters", found=f"U+{ord(found):04X}")

    def one(self, text: str) -> Any:
        """The value that one text stands for; raises ValidationError."""
        return text

    def many(self, texts: Sequence[str]) -> Any:
        """The values that several texts stand for; raises ValidationError."""
        return [self.one(text) for text in texts]


class Limit(Parameter):
    """How many, from 1 to `most`."""

    default_error_messages = {"range": "This takes a whole number from 1 to {most}; it is never cut down to fit."}
    most = 200

    def one(self, text: str) -> int:
        """The number; ASCII digits only."""
        if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= self.most):
            raise self.make_error("range", most=self.most)
        return int(text)


class Words(Parameter):
    """Some of a closed list of words, repeated or with commas between them."""

    several = True
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


class Names(Parameter):
    """Ids, names or aliases. A value with a comma is tried whole first, so all readings are given."""

    several = True

    def many(self, texts: Sequence[str]) -> list[list[str]]:
        """For each value its readings: `["A, B"]` whole, then `["A", "B"]`; a list of lists."""
        read = [[text, *(part.strip() for part in text.split(",") if part.strip())] for text in texts]
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
        parts = text.split("..")
        if len(parts) != 2 or not all(part.isascii() and part.isdigit() and 0 < len(part) < 10 for part in parts):
            raise self.make_error("versions")
        return int(parts[0]), int(parts[1])


class Query(Schema):
    """Parameters of a request: known ones only, all mistakes at once."""

    read_only = frozenset()
    error_messages = {**Schema.error_messages, "unknown": Fault("unknown", "There is no such parameter.")}

    def _stranger(self, key: object, known: Sequence[str]) -> Fault:
        hint = "" if near(str(key), known) else f" There are: {', '.join(known)}."
        return Fault("unknown", f"There is no parameter {echo(key)!r} here.{hint}", meant=(str(key), known))


class NoQuery(Query):
    """No parameters at all."""

    def _stranger(self, key: object, known: Sequence[str]) -> Fault:
        return Fault("unknown", f"This address takes no parameters, so not {echo(key)!r} either.")


class PageQuery(Query):
    """The parameters of every list."""

    limit = Limit(**settings("How many records a page holds.", default=50, type="integer", minimum=1, maximum=200))
    cursor = Parameter(**settings("Where the page begins: `next` of the page before.", **_VALUE))


class StatementsQuery(PageQuery):
    """The parameters of the list of statements."""

    kind = Words(
        KINDS,
        **settings(
            "Quotes, claims or both.", **_VALUES, items={"type": "string", "enum": [*KINDS]}, examples=[["quote"]]
        ),
    )
    speaker = Names(
        **settings("Who said it: ids, names or aliases.", **_VALUES, items=_VALUE, examples=[["Antony Blinken"]])
    )
    outlet = Names(
        **settings("Where it was printed: ids, names or aliases.", **_VALUES, items=_VALUE, examples=[["AP"]])
    )
    # `from` is a word of Python's own, so the two have other names here.
    since = Period(
        data_key="from",
        **settings(
            "Said in this period or later.", type="string", pattern=PERIOD_PATTERN, examples=["2022-03", "2022-03-23"]
        ),
    )
    until = Period(
        data_key="to",
        **settings(
            "Said in this period or earlier.", type="string", pattern=PERIOD_PATTERN, examples=["2022", "2022-03-23"]
        ),
    )

    def conflicts(self, data: dict[str, Any], original: Mapping[str, Any]) -> Any:
        """`from` may not come after `to`."""
        if data.get("since") and data.get("until") and data["since"][0] > data["until"][1]:
            yield "from", Fault("range", "`from` comes after `to`, so nothing can match.")


class RevisionsQuery(PageQuery):
    """The parameters of a record's history."""

    diff = Versions(
        **settings(
            "Two versions; the answer is the JSON Patch from one to the other.",
            type="string",
            pattern=r"^[0-9]{1,9}\.\.[0-9]{1,9}$",
            examples=["1..2"],
        )
    )
