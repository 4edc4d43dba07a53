"""Reads JSON documents that a verb of the simulator wrote, such as reports and comparisons."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from simulator.model.text.versions import DocumentFormat

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class WrittenDocument(Generic[Model]):
    """A kind of document. `verb` writes it with `--json`; `option` names its file in messages."""

    model: type[Model]
    format: DocumentFormat
    verb: str
    option: str = "file"

    def read(self, file: Path) -> Model:
        """Return the document in a file.

        Raises:
            OtherVersion: for a document of another version.
            ValueError: for any other file; the message names the file and the fault.
        """
        try:
            text = file.read_bytes()
        except OSError as error:
            msg = f"{self.option} = {str(file)!r}, must be a file that can be read: {error.strerror}"
            raise ValueError(msg) from error
        return self.parse(text, str(file))

    def parse(self, text: bytes, file: str) -> Model:
        """Return the document in a text. `file`, the name of its source, appears in messages. Raises like `read`."""
        try:
            return self.model.model_validate_json(text)
        except ValidationError as error:
            self._require_version(text, file)
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "the document"
            msg = (
                f"{self.option} = {file!r}, must be what `simulator {self.verb} --json` writes: {place}: {first['msg']}"
            )
            raise ValueError(msg) from error

    def _require_version(self, text: bytes, file: str) -> None:
        """Raise OtherVersion for a document of another version, whose fields have other names; ignore others."""
        try:
            document = json.loads(text)
            version = document[self.format.key]
        except (ValueError, TypeError, KeyError):
            return
        self.format.require(f"{self.option} = {file!r}", version, _writer(document))


def _writer(document: dict[str, Any]) -> Any:
    """Return the version of the simulator that a document names, beside its own version or among several."""
    versions = document.get("versions")
    return versions.get("simulator") if isinstance(versions, dict) else document.get("simulator")
