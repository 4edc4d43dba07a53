"""Documents that a verb wrote, read back: the right one, one of another version, and anything else."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel

from simulator.model.text.versions import DocumentFormat, OtherVersion
from simulator.model.text.written_document import WrittenDocument


class Letter(BaseModel):
    letter_version: Literal[2]
    text: str


LETTERS = WrittenDocument(Letter, DocumentFormat("letter_version", 2, "0.2.0", "write it again"), "write")


def test_a_document_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "letter.json"
    file.write_text('{"letter_version": 2, "text": "hello"}')
    assert LETTERS.read(file) == Letter(letter_version=2, text="hello")


@pytest.mark.parametrize("writer", ['"simulator": "0.1.0"', '"versions": {"simulator": "0.1.0"}'])
def test_another_version_names_its_writer(writer: str) -> None:
    with pytest.raises(OtherVersion, match=r"^file = 'a.json': .* must be 2 \(written by simulator 0.1.0"):
        LETTERS.parse(f'{{"letter_version": 1, {writer}}}'.encode(), "a.json")


@pytest.mark.parametrize(
    ("text", "fault"),
    [('{"letter_version": 2}', "text: Field required"), ("[1]", "the document: "), ("\xff", "the document")],
)
def test_any_other_document_names_the_fault(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=rf"file = 'a.json', must be what `simulator write --json` writes: {fault}"):
        LETTERS.parse(text.encode("latin-1"), "a.json")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none.json', must be a file that can be read: No such file"):
        LETTERS.read(tmp_path / "none.json")
