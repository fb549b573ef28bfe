"""The newsroom's rules, without HTTP: who is who, what a write does, what a reader may see.

Each package imports only those below it (held by import-linter, in `setup.cfg`), from the bottom: `core`, `history`,
`indexing`, `parties`, `reading`, `drafting`, `evidence`, `writing`, `importing`, `finding`, `counting`, `following`,
`checking`, `keeping`. A write goes through `writing.records`, and its entry into `history.log`; what is sent back comes
from `reading.stored` and `finding.listing`; `core.kinds` says what can be particular to a kind of record, and
`evidence.registry` which kinds there are.
"""
