"""The rules for single values, each said once: text, words, dates, languages, addresses."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from marshmallow import ValidationError

from schemas import addresses, edtf, languages
from schemas.base import Checked, Fault, json_type, settings
from schemas.characters import ANY_PATTERN, NAME_PATTERN, TEXT_PATTERN, is_blank, unfit, unfit_in_name
from schemas.faults import echo
from schemas.vocabulary import Words


class Text(Checked[str]):
    """A string of 1 to `longest` code points, kept exactly as it was sent.

    Control characters and lone surrogates are refused, and so is text of which nothing can be seen unless
    `blank` allows it (then the empty string is text too).
    """

    default_error_messages = {
        "length": "This has {length} characters; at most {longest} are kept.",
        "characters": "This holds the character {character}, which is not text.",
        "blank": "This is empty; leave the field out, or send null, where there is nothing to say.",
    }
    pattern = TEXT_PATTERN

    def __init__(self, longest: int, description: str = "", *, blank: bool = False, **options: Any) -> None:
        shape: dict[str, Any] = {"type": "string", "maxLength": longest, "pattern": ANY_PATTERN}
        if not blank:
            shape |= {"minLength": 1, "pattern": self.pattern}
        super().__init__(**settings(description, **(shape | options)))
        self.longest = longest
        self.blank = blank

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        self.expect(str, value, "a string")
        text: str = value
        if len(text) > self.longest:
            raise self.make_error("length", length=len(text), longest=self.longest)
        if (found := self.unfit(text)) is not None:
            raise self.make_error("characters", character=f"U+{ord(found):04X}")
        if not self.blank and is_blank(text):
            raise self.make_error("blank")
        return text

    def unfit(self, text: str) -> str | None:
        """The first character of `text` that cannot stand in it, or None."""
        return unfit(text)


class Name(Text):
    """Text on one line that cannot turn the direction of what stands around it."""

    default_error_messages = {
        "characters": "This holds the character {character}, which cannot stand in a name.",
    }
    pattern = NAME_PATTERN

    def unfit(self, text: str) -> str | None:
        return unfit_in_name(text)


class Formed(Checked[str]):
    """A string with a form of its own: `read` gives it in its canonical form or raises ValueError."""

    code: ClassVar[str]
    pattern: ClassVar[str]
    longest: ClassVar[int | None] = None

    def __init__(self, description: str = "", **options: Any) -> None:
        shape: dict[str, Any] = {"type": "string", "pattern": self.pattern}
        if self.longest:
            shape["maxLength"] = self.longest
        super().__init__(**settings(description, **(shape | options)))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        self.expect(str, value, "a string")
        try:
            return self.read(value)
        except ValueError as error:
            raise ValidationError(Fault(self.code, str(error))) from None

    def read(self, text: str) -> str:
        """The canonical form of `text`; raises ValueError with a sentence for people."""
        raise NotImplementedError


class Plain(Checked[str]):
    """A string that the service writes itself: any."""

    def __init__(self, description: str = "", **options: Any) -> None:
        super().__init__(**settings(description, **({"type": "string"} | options)))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        self.expect(str, value, "a string")
        return str(value)


class Whether(Checked[bool]):
    """True or false."""

    def __init__(self, description: str = "", **options: Any) -> None:
        super().__init__(**settings(description, **({"type": "boolean"} | options)))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("type", expected="true or false", found=json_type(value))
        return value


class Whatever(Checked[Any]):
    """Any JSON value, kept as it is; what it should be can only be described."""

    def __init__(self, description: str = "", **options: Any) -> None:
        super().__init__(**settings(description, **options))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return value


class EDTFDate(Formed):
    """A date that may be vague, EDTF level 0 or 1; see schemas.edtf for what it means."""

    code, pattern = "date", edtf.PATTERN

    def read(self, text: str) -> str:
        """`text` itself, once its bounds are known."""
        edtf.bounds(text)
        return text


class Day(Formed):
    """A day of the calendar, YYYY-MM-DD."""

    code, pattern = "date", r"^(?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$"

    def read(self, text: str) -> str:
        """`text` itself, if that day exists."""
        if len(text) != 10:
            raise ValueError("Write a day, such as 2022-03-23.")
        edtf.period(text)
        return text


class Timestamp(Formed):
    """A moment in UTC: RFC 3339, always with `Z`."""

    code = "date"
    pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z$"
    _shape = re.compile(pattern.removesuffix("$") + r"\Z")

    def __init__(self, description: str = "", **options: Any) -> None:
        super().__init__(description, **({"format": "date-time"} | options))

    def read(self, text: str) -> str:
        """`text` itself, if that moment exists."""
        if not self._shape.match(text):
            raise ValueError("Write a moment in UTC, such as 2022-03-23T14:05:00Z (RFC 3339).")
        datetime.fromisoformat(text[:19])
        return text


class Language(Formed):
    """A language tag (BCP 47), kept in its canonical form."""

    code, pattern, longest = "language", languages.PATTERN, languages.LONGEST

    def read(self, text: str) -> str:
        """The canonical tag: `en-us` gives `en-US`."""
        return languages.canonical(text)


class Country(Formed):
    """A country as two letters (the form of ISO 3166-1 alpha-2), kept in upper case."""

    code, pattern = "country", "^[A-Za-z]{2}$"

    def read(self, text: str) -> str:
        """The code in upper case."""
        if not (len(text) == 2 and text.isascii() and text.isalpha()):
            raise ValueError("Write a country as two letters, such as UA (ISO 3166-1 alpha-2).")
        return text.upper()


class WebAddress(Formed):
    """An http or https address with a host and without user name and password, kept as sent."""

    code, pattern, longest = "url", addresses.PATTERN, addresses.LONGEST

    def __init__(self, description: str = "", **options: Any) -> None:
        super().__init__(description, **({"format": "iri"} | options))

    def read(self, text: str) -> str:
        """`text` itself, if it is a web address."""
        addresses.check(text)
        return text


class Digest(Formed):
    """A SHA-256 digest as 64 lower-case hexadecimal digits."""

    code, pattern = "digest", "^[0-9a-f]{64}$"
    _shape = re.compile("[0-9a-f]{64}")

    def read(self, text: str) -> str:
        """`text` itself, if it has that form."""
        if not self._shape.fullmatch(text):
            raise ValueError("Write the SHA-256 digest as 64 lower-case hexadecimal digits.")
        return text


class Choice(Checked[str]):
    """One word of a closed list. `refused` gives words that deserve a fault of their own."""

    default_error_messages = {"choice": "{word!r} is not one of: {words}."}

    def __init__(
        self,
        words: Words,
        description: str = "",
        *,
        refused: Mapping[str, Fault] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**settings(description, **({"type": "string", "enum": list(words)} | options)))
        self.words = words
        self.refused = refused or {}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        self.expect(str, value, "a string")
        word: str = value
        if word in self.words:
            return word
        if word in self.refused:
            raise ValidationError(self.refused[word])
        detail = str(self.error_messages["choice"]).format(word=echo(word), words=", ".join(self.words))
        raise ValidationError(Fault("choice", detail, meant=(word, list(self.words))))
