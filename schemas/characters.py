"""Which characters a text may hold."""

import re

# NUL and the other controls (C0 but tab, LF and CR; DEL; C1) and lone surrogates: no text needs them,
# PostgreSQL cannot store the first and UTF-8 cannot carry the last.
CONTROLS = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ud800-\udfff"
# In names also what breaks a line or turns the direction of the text around it (Unicode Standard Annex 9);
# the marks LRM, RLM and ALM turn nothing but themselves and are fine.
NAME_CONTROLS = CONTROLS + r"\t\n\r\u2028\u2029\u202a-\u202e\u2066-\u2069"
# Default-ignorable code points (Unicode, DerivedCoreProperties): a text of these alone looks empty.
INVISIBLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# What people type and print for an apostrophe: quotation marks, primes and accents by themselves, the modifier letters
# (Unicode chapter 6.2), and those of Armenian and Hebrew. Not the marks that open a quotation below the line.
APOSTROPHES = "'`´ʹʻʼʽ‘’‛′‵՚׳Ꞌꞌ＇"
# For a hyphen: those of any script and width, and the dashes and the minus of its length. Not the long dashes, which
# part what stands before them from what stands behind.
HYPHENS = "-‐‑‒–−˗֊־᠆﹣－"

_UNFIT = re.compile(f"[{CONTROLS}]")
_UNFIT_IN_NAMES = re.compile(f"[{NAME_CONTROLS}]")
_VISIBLE = re.compile(rf"[^\s{INVISIBLE}]")

# The same rules for JSON Schema, in what ECMA-262 and Python's re have in common. Surrogates are left out:
# they cannot be written in UTF-8.
_IN_JSON = CONTROLS.removesuffix(r"\ud800-\udfff")
ANY_PATTERN = f"^[^{_IN_JSON}]*$"
TEXT_PATTERN = rf"^[^{_IN_JSON}]*[^\s{_IN_JSON}][^{_IN_JSON}]*$"
_NAMES_IN_JSON = _IN_JSON + NAME_CONTROLS.removeprefix(CONTROLS)
NAME_PATTERN = rf"^[^{_NAMES_IN_JSON}]*[^\s{_NAMES_IN_JSON}][^{_NAMES_IN_JSON}]*$"


def unfit(text: str) -> str | None:
    """The first character of `text` that no text may hold, or None."""
    return found[0] if (found := _UNFIT.search(text)) else None


def unfit_in_name(text: str) -> str | None:
    """The first character of `text` that no name may hold, or None."""
    return found[0] if (found := _UNFIT_IN_NAMES.search(text)) else None


def is_blank(text: str) -> bool:
    """Whether nothing of `text` can be seen: white space and invisible characters only, or nothing."""
    return _VISIBLE.search(text) is None
