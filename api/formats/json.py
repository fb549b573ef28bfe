"""JSON: one document, or a page of them in an envelope; sent where nobody asks for anything else."""

from __future__ import annotations

import orjson

from api.formats.format import Batch, Format, Sheet, Writer, Writes


class _JSON(Writer):
    def __init__(self, sheet: Sheet) -> None:
        super().__init__(sheet)
        self._between = ""

    def begin(self) -> bytes:
        return b'{"data":[' if self.sheet.many else b""

    def each(self, batch: Batch) -> bytes:
        if not self.sheet.many:
            return batch.lines.encode()
        text = batch.lines and self._between + batch.lines.replace("\n", ",")
        self._between = self._between or (batch.lines and ",")
        return text.encode()

    def end(self) -> bytes:
        return b"]," + orjson.dumps(self.sheet.paging._asdict())[1:] if self.sheet.many else b""


JSON = Format(
    "json",
    "JSON",
    Writes(media="application/json", about="One document, or a page of them.", writer=_JSON, paged=True),
)
