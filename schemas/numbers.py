"""The rules for numbers, each said once."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from schemas.base import Checked, settings

# RFC 8259, section 6: beyond this, readers that hold numbers as IEEE doubles change whole numbers.
LARGEST_WHOLE = 2**53 - 1


class Number(Checked[float]):
    """A finite JSON number between `least` and `most`; strings, true and false are none."""

    kind: ClassVar[str] = "number"
    default_error_messages = {
        "finite": "This must be a finite number.",
        "exact": "Whole numbers beyond 9007199254740991 do not pass through every JSON reader unchanged.",
        "range": "This must be {limits}.",
    }
    codes: ClassVar[Mapping[str, str]] = {**Checked.codes, "finite": "range", "exact": "range"}

    def __init__(
        self, description: str = "", *, least: float | None = None, most: float | None = None, **options: Any
    ) -> None:
        limits = {"minimum": least, "maximum": most}
        shape = {"type": self.kind} | {name: limit for name, limit in limits.items() if limit is not None}
        super().__init__(**settings(description, **(shape | options)))
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        self.expect((int, float), value, "a number")
        number: float = value
        if isinstance(value, int):
            if not -LARGEST_WHOLE <= value <= LARGEST_WHOLE:
                raise self.make_error("exact")
        elif not math.isfinite(value):
            raise self.make_error("finite")
        if (self.least is not None and number < self.least) or (self.most is not None and number > self.most):
            raise self.make_error("range", limits=self._limits())
        return number

    def _limits(self) -> str:
        ends = [("at least", self.least), ("at most", self.most)]
        return " and ".join(f"{word} {limit}" for word, limit in ends if limit is not None)


class Integer(Number):
    """A whole JSON number; 2.0 is one (JSON has but one kind of number), 1.5 is not."""

    kind = "integer"
    default_error_messages = {"whole": "This must be a whole number."}
    codes: ClassVar[Mapping[str, str]] = {**Number.codes, "whole": "type"}

    def __init__(self, description: str = "", **options: Any) -> None:
        super().__init__(description, **({"most": LARGEST_WHOLE} | options))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        self.expect((int, float), value, "a whole number")
        if isinstance(value, float):
            if not value.is_integer():
                raise self.make_error("whole")
            value = int(value)
        return int(super()._deserialize(value, attr, data, **kwargs))


class Confidence(Number):
    """How sure something is, from 0 (not at all) to 1 (certain)."""

    def __init__(self, description: str = "", **options: Any) -> None:
        super().__init__(description, least=0, most=1, **options)
