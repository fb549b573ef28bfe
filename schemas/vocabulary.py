"""The closed word lists: each word here is a word on the wire."""

Words = tuple[str, ...]

KINDS: Words = ("quote", "claim")
FORMS: Words = ("direct", "mixed", "indirect")
MEDIA: Words = (
    "interview",
    "email",
    "speech",
    "statement",
    "social_media",
    "press_conference",
    "broadcast",
    "document",
    "other",
)
# off_record is no word of this list: what was said off the record is not for a record.
TERMS: Words = ("on_record", "background", "deep_background")
STATUSES: Words = ("published", "withheld", "retracted")
CORRECTIONS: Words = ("correction", "clarification", "retraction")
ATTRIBUTIONS: Words = ("candidate", "rejected")
QUALIFIERS: Words = ("exactly", "about", "at_least", "at_most", "between")

SPEAKER_TYPES: Words = ("person", "organization", "government", "group")
OUTLET_TYPES: Words = (
    "newspaper",
    "news_agency",
    "broadcaster",
    "magazine",
    "website",
    "government",
    "social",
    "other",
)

# Taken from CiTO, the Citation Typing Ontology (purl.org/spar/cito).
RELATIONS: Words = (
    "agrees_with",
    "disagrees_with",
    "confirms",
    "refutes",
    "disputes",
    "qualifies",
    "corrects",
    "updates",
    "repeats",
    "translates",
    "responds_to",
)

# What comes of checking a quotation, and the kinds of words that may differ.
VERDICTS: Words = ("verbatim", "excerpt", "altered", "misattributed", "not_found")
CHANGES: Words = ("number", "negation", "modal", "name", "word", "order")

# What the log tells of a record.
WRITES: Words = ("create", "update", "withdraw", "erase", "merge")

# The first letters of an id tell what it names.
PREFIXES: dict[str, str] = {
    "statement": "stm",
    "speaker": "spk",
    "outlet": "out",
    "source": "src",
    "review": "rev",
    "relation": "rel",
    "webhook": "whk",
    "key": "key",
}

SCOPES: Words = ("read", "write", "admin")
