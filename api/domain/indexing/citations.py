"""How many published statements cite a speaker or outlet: counted anew, and compared with what is noted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from api.storage.db import execute, rows

# Who stands for others is counted with all of them; who was merged has no count of its own.
_COUNT = (
    "CASE WHEN merged_into IS NULL THEN (SELECT count(*) FROM statement t WHERE t.status <> 'withheld' AND t.{type} IN "
    "(SELECT {type}.n UNION ALL SELECT m.n FROM {type} m WHERE m.merged_into = {type}.n)) ELSE 0 END"
)
_WRONG = (
    "SELECT t.id FROM {type} t LEFT JOIN (SELECT coalesce(m.merged_into, m.n) AS n, count(*) AS found "
    "FROM statement c JOIN {type} m ON m.n = c.{type} WHERE c.status <> 'withheld' GROUP BY 1) s ON s.n = t.n "
    "WHERE t.cited <> coalesce(s.found, 0)"
)


def count_again(type: str, numbers: Sequence[int]) -> None:
    """Count anew for the speakers or outlets with these numbers, inside `writing()`."""
    marks = ", ".join("?" * len(numbers))
    execute(f"UPDATE {type} SET cited = {_COUNT.format(type=type)} WHERE n IN ({marks})", numbers)


def miscounted(type: str) -> Iterator[str]:
    """Yield the ids of those whose count is not what the statements say."""
    for (id,) in rows(_WRONG.format(type=type)):
        yield id
