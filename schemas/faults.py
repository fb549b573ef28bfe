"""What is wrong with a document: each fault with its code, and all of them as a flat list."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from marshmallow import ValidationError
from marshmallow.exceptions import SCHEMA

MOST_PROBLEMS = 100
LONGEST_ECHO = 40
LONGEST_STEP = 80
# The characters that RFC 3986 lets stand unescaped in a fragment.
FRAGMENT = "!$&'()*+,;=:@?-._~"
# These two concern a member's presence, so they belong to it even when it bears marshmallow's own key.
ABOUT_NAMES = frozenset({"unknown", "read_only"})

Path = tuple[str | int, ...]


class Fault(str):
    """An error message that remembers its code.

    It is a string so that it passes through everything in marshmallow that carries messages.
    """

    code: str
    meant: tuple[str, Sequence[str]] | None

    def __new__(cls, code: str, detail: str, *, meant: tuple[str, Sequence[str]] | None = None) -> "Fault":
        """Make the fault `code` (a word of ours, such as `required`) with a sentence for people.

        `meant` is a word and those it may have been meant for; the likeliest is named when the fault is listed,
        since finding it takes longer than all other checks and most faults of a hostile document are never shown.
        """
        fault = super().__new__(cls, detail)
        fault.code, fault.meant = code, meant
        return fault

    @property
    def detail(self) -> str:
        """The sentence, with the word that was probably meant."""
        guess = self.meant and near(*self.meant)
        return f"{self} Did you mean {guess}?" if guess else str(self)


def echo(value: object) -> str:
    """The beginning of what a client sent, safe to repeat in a message: short and printable."""
    text = str(value)
    kept = "".join(char if char.isprintable() else "\ufffd" for char in text[:LONGEST_ECHO])
    return kept + ("…" if len(text) > LONGEST_ECHO else "")


def near(word: str, words: Iterable[str]) -> str | None:
    """The one of `words` that is most like `word` (difflib's ratio of at least 0.6), or None."""
    from difflib import get_close_matches  # Only a refused document pays for this import.

    return next(iter(get_close_matches(word[:LONGEST_ECHO].lower(), words, 1)), None)


def problems(error: ValidationError) -> list[dict[str, str]]:
    """All faults of a refused document as `{"pointer", "code", "detail"}`, in the order of the document.

    Pointers are JSON Pointers as URI fragments (RFC 6901, section 6). A fault of an absent member comes
    after those of its present neighbours. At most 100 are given; the last one then counts the rest.
    """
    found = list(_faults(error.messages, ()))
    order = _Order(error.data)
    found.sort(key=lambda each: order.of(each[0]))
    shown = found if len(found) <= MOST_PROBLEMS else found[: MOST_PROBLEMS - 1]
    listed = [_problem(path, fault) for path, fault in shown]
    if len(shown) < len(found):
        detail = f"{len(found) - len(shown)} more problems are not listed."
        listed.append({"pointer": "#", "code": "more", "detail": detail})
    return listed


def pointer(path: Path) -> str:
    """The JSON Pointer of `path` as a URI fragment; it stops above a name too long to be repeated."""
    steps = []
    for step in path:
        escaped = str(step)[: LONGEST_STEP + 1].replace("~", "~0").replace("/", "~1")
        quoted = quote(escaped, safe=FRAGMENT, errors="replace")
        if len(quoted) > LONGEST_STEP:
            break
        steps.append(quoted)
    return "/".join(["#", *steps])


def _problem(path: Path, fault: str) -> dict[str, str]:
    if isinstance(fault, Fault):
        return {"pointer": pointer(path), "code": fault.code, "detail": fault.detail}
    return {"pointer": pointer(path), "code": "invalid", "detail": str(fault)}


def _faults(messages: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(messages, str):
        yield path, messages
    elif isinstance(messages, Mapping):
        for key, below in messages.items():
            if key == SCHEMA:
                yield from _whole(below, path)
            else:
                yield from _faults(below, (*path, key))
    else:
        for below in messages:
            yield from _faults(below, path)


def _whole(messages: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Faults of a whole object, which marshmallow keeps under a name that a client's member may bear too."""
    for place, fault in _faults(messages, path):
        own = getattr(fault, "code", None) in ABOUT_NAMES and place == path
        yield ((*path, SCHEMA) if own else place), fault


class _Order:
    """Where each place of a document stands in it, from first to last."""

    def __init__(self, document: object) -> None:
        self.document = document
        self.places: dict[int, dict[Any, int]] = {}

    def of(self, path: Path) -> list[int]:
        here: Any = self.document
        order = []
        for step in path:
            order.append(self._place(here, step))
            here = self._inside(here, step)
        return order

    def _place(self, container: Any, step: str | int) -> int:
        if isinstance(step, int):
            return step
        if not isinstance(container, Mapping):
            return 0
        places = self.places.get(id(container))
        if places is None:
            places = self.places[id(container)] = {key: place for place, key in enumerate(container)}
        return places.get(step, len(places))

    def _inside(self, container: Any, step: str | int) -> object:
        if isinstance(container, Mapping):
            return container.get(step)
        if isinstance(container, Sequence) and isinstance(step, int) and step < len(container):
            return container[step]
        return None
