"""The newsroom's rules, without HTTP: who is who, what a write does, what a reader may see.

`records` is the one write path, `log` the history it appends to, `reading` and `listing` what is
sent back; `statements`, `speakers`, `outlets` and `sources` say what is particular to each kind.
"""
