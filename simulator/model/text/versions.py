"""Versions of document formats: the error for a document of another version says which version can read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class OtherVersion(ValueError):
    """The document has another version of its format. `hint` says what to do about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class DocumentFormat:
    """A versioned format. `key` is the field with the version, `expected` the version that this simulator reads.

    `simulator` is the version of this simulator. `again` says how to create the document again, such as `run the
    scenario again`.
    """

    key: str
    expected: int
    simulator: str
    again: str

    def require(self, source: str, found: Any, writer: Any) -> None:
        """Check the version `found` in a document. `source` is the document, such as `run = 'run.json'`.

        `writer` is the version of the simulator that the document names, if any.

        Raises:
            OtherVersion: if `found` is not the expected version.
        """
        if found == self.expected:
            return
        is_named = isinstance(writer, str) and writer != ""
        by = f"written by simulator {writer}" if is_named else "by an unknown simulator"
        this = f"this is simulator {self.simulator}"
        is_newer = isinstance(found, int) and found > self.expected
        other = f"simulator {writer}" if is_named else "the simulator that wrote it"
        raise OtherVersion(
            f"{source}: {self.key} = {found}, must be {self.expected} ({by}; {this})",
            f"{'update the simulator' if is_newer else self.again}, or read it with {other}",
        )
