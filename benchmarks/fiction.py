"""An invented press: words, names and statements, all from a seed, so that a store can be made again.

No sentence here was ever said. The words are made of syllables and are as frequent as words are (Zipf's law);
speakers, outlets and topics are as uneven as in the press: a few are everywhere, most appear once or twice.
What makes rare words occur together, as names and places do, is that statements belong to stories.
"""

from __future__ import annotations

from array import array
from bisect import bisect
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from random import Random
from typing import Any

from schemas import vocabulary as lists

Document = dict[str, Any]

VOCABULARY = 50_000
# The words of a story are none of the most frequent.
COMMON = 1_000
STORY_WORDS = 6
TOPICS = 400
_FIRST_DAY, _LAST_DAY = date(1990, 1, 1), date(2026, 10, 31)
DAYS = [str(_FIRST_DAY + timedelta(each)) for each in range((_LAST_DAY - _FIRST_DAY).days + 1)]

_CLUSTERS = "blbrchcrdrflfrglgrklkrplprqushskslstthtr"
_ONSETS = [*"bcdfghjklmnprstvwz", *(_CLUSTERS[at : at + 2] for at in range(0, len(_CLUSTERS), 2))]
_VOWELS = ["a", "e", "i", "o", "u", "ai", "ea", "ou"]
_CODAS = ["", "", "", "l", "m", "n", "nd", "r", "rt", "s", "t"]
_ENDINGS = ["", "", "", "", "s", "ed", "ing", "er", "ly"]
_LANGUAGES = ("en-US", "en-GB", "es", "fr", "de", "pt")


@cache
def _vocabulary(seed: int) -> tuple[list[str], list[str], list[str]]:
    """Return the words, most frequent first; and a million words and some topics, each as often as in prose."""
    random, found = Random(f"{seed} words"), dict[str, None]()
    while len(found) < VOCABULARY:
        # Frequent words are short.
        syllables = 1 + (len(found) > 150) + (len(found) > 6_000 and random.random() < 0.6)
        word = "".join(_syllable(random) for _ in range(syllables))
        found.setdefault(word + (random.choice(_ENDINGS) if syllables > 1 else ""))
    words = list(found)
    topics = [" ".join(words[COMMON + 2 * each : COMMON + 2 * each + 2]) for each in range(TOPICS)]
    return words, _in_proportion(words, 1.0, 2**20), _in_proportion(topics, 1.0, 2**14)


class Press:
    """Everything that is invented for a store of some size."""

    def __init__(self, size: int, seed: int) -> None:
        self.size, self.seed = size, seed
        self.speakers, self.outlets = max(100, size // 20), max(50, size // 500)
        self.stories = max(10, size // 10)

        self.words, self.text, self.topics = _vocabulary(seed)

    def story(self, number: int) -> list[str]:
        """The words that the statements of a story share; two of them stand in hardly any other."""
        return [
            self.words[COMMON + (number * 7919 + each * 104_729 + number // 5 * each) % (VOCABULARY - COMMON)]
            for each in range(STORY_WORDS)
        ]

    def invent_speakers(self) -> list[Document]:
        """Return the speakers as they are sent, the most quoted first."""
        random, taken = Random(f"{self.seed} speakers"), set[str]()
        made = []
        for number in range(self.speakers):
            person = random.random() < 0.85
            name = self._name(random, taken, 2 if person else 3)
            more: Document = {"name": name, "type": "person" if person else random.choice(lists.SPEAKER_TYPES[1:])}
            if number % 5 == 0:
                more["aliases"] = [self._name(random, taken, 2)]
            if number % 3 == 0:
                more["description"] = self._sentence(random, 8)
            made.append(more)
        return made

    def invent_outlets(self) -> list[Document]:
        """Return the outlets as they are sent, the largest first."""
        random, taken = Random(f"{self.seed} outlets"), set[str]()
        return [
            {
                "name": self._name(random, taken, random.choice((2, 2, 3))),
                "type": random.choice(lists.OUTLET_TYPES),
                "url": f"https://outlet-{number}.example/",
                "lang": "en",
            }
            for number in range(self.outlets)
        ]

    def _name(self, random: Random, taken: set[str], parts: int) -> str:
        while True:
            name = " ".join(self.words[int(random.random() ** 2 * 8000) + 150].capitalize() for _ in range(parts))
            if name.casefold() not in taken:
                taken.add(name.casefold())
                return name

    def _sentence(self, random: Random, length: int, *inside: str) -> str:
        """Return a sentence of about so many words, with what is to stand inside it at any place."""
        text, mask = self.text, len(self.text) - 1
        words = [text[each & mask] for each in array("I", random.randbytes(4 * length))]
        for phrase in inside:
            words.insert(int(random.random() * len(words)), phrase)
        if length > 14:
            half = length // 2
            words[half - 1] += "." if length > 24 else ","
            words[half] = words[half].capitalize() if length > 24 else words[half]
        words[0] = words[0].capitalize()
        return " ".join(words) + "."


class Statements:
    """Invents statements by speakers and in outlets whose ids are known; the most frequent of them first."""

    def __init__(self, press: Press, speakers: Sequence[str], outlets: Sequence[str]) -> None:
        self.press = press
        self._speakers, self._outlets = speakers, outlets
        # The first speaker has about a tenth of everything.
        self._speaker_weights, self._outlet_weights = _cumulative(len(speakers), 1.05), _cumulative(len(outlets), 1.0)

    def between(self, first: int, last: int) -> list[Document]:
        """Return the statements of these numbers as the schema gives them once they are checked."""
        random = Random(f"{self.press.seed} statements {first}")
        return [self._statement(random, number) for number in range(first, last)]

    def _statement(self, random: Random, number: int) -> Document:
        press, chance = self.press, random.random
        story = press.story(int(press.stories * chance() ** 1.5))
        inside = story[3:] if chance() < 0.5 else story[4:]
        if chance() < 0.3:
            inside.append(" ".join(story[:3]))
        said, printed = self._dates(random)
        kind = "quote" if chance() < 0.7 else "claim"
        named = chance() < 0.94
        speaker = {"id": self._one(chance(), self._speakers, self._speaker_weights)} if named else None
        return {
            "kind": kind,
            "form": "direct" if kind == "quote" else "indirect",
            "text": press._sentence(random, 4 + min(60, int(random.lognormvariate(2.75, 0.55))), *inside),
            "lang": "en" if chance() < 0.92 else random.choice(_LANGUAGES),
            "speaker": speaker,
            "attributed_as": f"{press.text[number & 0xFFFF]} officials" if not named or chance() < 0.1 else None,
            "speaker_role": f"{press.words[200 + int(chance() * 300)]} minister" if chance() < 0.2 else None,
            "addressee": "reporters" if chance() < 0.1 else None,
            "medium": random.choice(lists.MEDIA) if chance() < 0.3 else None,
            "place": press.words[500 + int(chance() ** 2 * 3000)].capitalize() if chance() < 0.3 else None,
            "event": None,
            "terms": "on_record" if chance() < 0.97 else "background",
            "said_on": said,
            "date_text": "On Wednesday" if chance() < 0.2 else None,
            "appearances": [self._appearance(random, number, printed)],
            "figures": [_figure(random, story[0]) for _ in range(2 if chance() < 0.2 else 1)]
            if chance() < 0.05
            else [],
            "topics": list(dict.fromkeys(random.choices(press.topics, k=int(chance() * 4)))),
            "context": press._sentence(random, 12) if chance() < 0.05 else None,
            "status": "published" if (fate := chance()) < 0.985 else "retracted" if fate < 0.995 else "withheld",
            "attributions": [self._attribution(random, speaker)] if chance() < 0.005 else [],
            "external_id": f"bench:{number:08d}" if chance() < 0.1 else None,
        }

    def _appearance(self, random: Random, number: int, printed: str | None) -> Document:
        chance = random.random
        passed_on = {"name": "An agency", "outlet": None, "medium": None, "url": None}
        rank = _rank(chance(), self._outlet_weights)
        return {
            "outlet": {"id": self._outlets[rank]},
            "url": f"https://outlet-{rank}.example/{(printed or 'undated')[:7]}/{number}",
            "title": self.press._sentence(random, 7)[:-1],
            "byline": [],
            "published_on": printed,
            "accessed_on": None,
            "archived_at": None,
            "exact": None,
            "prefix": None,
            "suffix": None,
            "start": None,
            "end": None,
            "cue": None,
            "via": [passed_on] if chance() < 0.05 else [],
            "source": None,
        }

    def _attribution(self, random: Random, speaker: Document | None) -> Document:
        other = self._speakers[int(random.random() * len(self._speakers))]
        return {
            "speaker": {"id": other},
            "status": "rejected" if speaker else "candidate",
            "confidence": 0.25,
            "note": None,
            "url": None,
        }

    def _dates(self, random: Random) -> tuple[str | None, str | None]:
        days, chance = DAYS, random.random()
        at = len(days) - 1 - int(len(days) * random.random() ** 1.7)
        said, printed = days[at], days[min(at + int(random.random() * 3), len(days) - 1)]
        if chance < 0.03:
            return None, printed if chance < 0.02 else None
        if chance < 0.05:
            return said[:7], printed
        if chance < 0.06:
            return said[:4], printed
        if chance < 0.07:
            return f"{said}~", printed
        if chance < 0.08:
            return f"{said}/{days[min(at + 9, len(days) - 1)]}", printed
        return said, printed

    @staticmethod
    def _one(chance: float, among: Sequence[str], weights: Sequence[float]) -> str:
        return among[_rank(chance, weights)]


def _figure(random: Random, word: str) -> Document:
    value = float(int(random.lognormvariate(6, 2)) + 1)
    figure: Document = {"name": f"{word} killed", "value": value, "min_value": None, "max_value": None}
    figure |= {"unit_text": None, "qualifier": random.choice(("exactly", "about", "at_least")), "as_of": None}
    if random.random() < 0.2:
        figure |= {"value": None, "min_value": value, "max_value": value * 2, "qualifier": "between"}
    return figure


def _syllable(random: Random) -> str:
    return random.choice(_ONSETS) + random.choice(_VOWELS) + random.choice(_CODAS)


def _cumulative(length: int, exponent: float) -> list[float]:
    """Return Zipf's weights of so many ranks, added up to 1."""
    weights = [rank**-exponent for rank in range(1, length + 1)]
    total = sum(weights)
    return list(accumulate(weight / total for weight in weights))


def _rank(chance: float, weights: Sequence[float]) -> int:
    return min(bisect(weights, chance), len(weights) - 1)


def _in_proportion(values: Sequence[str], exponent: float, length: int) -> list[str]:
    """Return a list of a given length that holds each value as often as Zipf's law has it."""
    weights = _cumulative(len(values), exponent)
    return [values[_rank((place + 0.5) / length, weights)] for place in range(length)]
