"""What is particular to PostgreSQL; `sqlite` has the same public names."""

from api.storage.postgres.connections import (
    PLACEHOLDER,
    TYPES,
    append_only,
    burden,
    compare_by_code_points,
    cursor,
    damaged,
    expect_much,
    impatient,
    lenient,
    lock_writes,
    migration_lock,
    numbers,
    open_database,
    reason,
    release,
    snapshot,
    start_clock,
    turn,
)
from api.storage.postgres.describing import ENABLED, described, scratch
from api.storage.postgres.diagnosing import REMEDY, before_connecting, condition, damage, several_workers_problem
from api.storage.postgres.replacing import alone, beside, emptied, hold, numbered, scrub
from api.storage.postgres.searching import (
    INDEX_WORDS,
    INDEX_WORDS_ANEW,
    LOST_WORDS,
    MATCHES,
    PINNED,
    SEARCH_TABLE,
    begin_words,
    clear_places,
    counted,
    exchange_words,
    forget_all_words,
    forget_words,
    forget_words_at_once,
    indexed_sum,
    make_room,
    match_all,
    match_any,
    match_phrase,
    match_stems,
    match_without,
    search_row,
    sum_of,
    unlike_words,
)

__all__ = [
    "ENABLED", "INDEX_WORDS", "INDEX_WORDS_ANEW", "LOST_WORDS", "MATCHES", "PINNED", "PLACEHOLDER", "REMEDY",
    "SEARCH_TABLE", "TYPES", "alone", "append_only", "before_connecting", "begin_words", "beside", "burden",
    "clear_places", "compare_by_code_points", "condition", "counted", "cursor", "damage", "damaged", "described",
    "emptied", "exchange_words", "expect_much", "forget_all_words", "forget_words", "forget_words_at_once", "hold",
    "impatient", "indexed_sum", "lenient", "lock_writes", "make_room", "match_all", "match_any", "match_phrase",
    "match_stems", "match_without", "migration_lock", "numbered", "numbers", "open_database", "reason", "release",
    "scratch", "scrub", "search_row", "several_workers_problem", "snapshot", "start_clock", "sum_of", "turn",
    "unlike_words",
]  # fmt: skip
