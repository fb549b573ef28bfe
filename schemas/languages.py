"""Language tags (BCP 47, RFC 5646), checked and written in their canonical form."""

import re
from functools import lru_cache

# Codes and regions that are canonical as they stand; a test compares them with the registry. They answer
# for almost every tag, so that langcodes and its tables are loaded only when a rare one comes.
_COMMON_LANGUAGES = """
    af am ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gl gu ha he hi hr hu hy id ig
    is it ja ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml mn mr ms mt my nb ne nl nn no om or pa pl
    ps pt rm ro ru rw sd si sk sl sm sn so sq sr ss st sv sw ta te tg th ti tk tn to tr ts tt ug uk ur
    uz vi wo xh yi yo za zh zu
"""
_COMMON_REGIONS = """
    AE AR AT AU BE BR CA CH CL CN CO CZ DE DK EG ES FI FR GB GR HK HU IE IL IN IQ IR IT JP KE KR LB MX
    NG NL NO NZ PH PK PL PT RO RU SA SE SG SY TH TR TW UA US VN ZA
"""
_LANGUAGES = frozenset(_COMMON_LANGUAGES.split())
_REGIONS = frozenset(_COMMON_REGIONS.split())
_COMMON = re.compile("([A-Za-z]{2})(?:-([A-Za-z]{2}))?")
LONGEST = 100
# The shape only (RFC 5646, section 2.1, simplified); the registry of subtags does not fit a pattern.
PATTERN = "^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*$"
_SHAPE = re.compile(PATTERN.removesuffix("$") + r"\Z")


@lru_cache(maxsize=1024)
def canonical(tag: str) -> str:
    """The canonical form of a language tag: `en-us` gives `en-US`, `iw` gives `he`.

    Raises ValueError where `tag` is not well-formed or names no registered language.
    """
    if common := _COMMON.fullmatch(tag):
        language, region = common[1].lower(), (common[2] or "").upper()
        if language in _LANGUAGES and (not region or region in _REGIONS):
            return f"{language}-{region}" if region else language
    return _registered(tag)


def _registered(tag: str) -> str:
    # BCP 47 has hyphens only; langcodes would take en_US too.
    if len(tag) > LONGEST or not _SHAPE.match(tag):
        raise ValueError("A language tag has letters, digits and hyphens, such as en or pt-BR (BCP 47).")
    from langcodes import standardize_tag, tag_is_valid  # Its tables take 30 ms to load.

    try:
        written = standardize_tag(tag)
        known = tag_is_valid(tag)
    except ValueError:
        known = False
    if not known:
        raise ValueError("This is not a registered language; write a tag such as en or pt-BR (BCP 47).")
    return str(written)
