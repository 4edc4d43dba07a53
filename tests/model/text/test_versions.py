"""Documents of other versions: what the error says about both versions, and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.model.text.versions import DocumentFormat, OtherVersion

FORMAT = DocumentFormat("report_version", 2, "0.2.0", "run the scenario again")


def error_of(found: Any, writer: Any) -> tuple[str, str]:
    with pytest.raises(OtherVersion) as caught:
        FORMAT.require("run = 'a.json'", found, writer)
    return str(caught.value), caught.value.hint


def test_the_expected_version_passes() -> None:
    FORMAT.require("run = 'a.json'", 2, "0.1.0")


def test_the_error_for_an_older_document_says_to_create_it_again_or_use_its_writer() -> None:
    message, hint = error_of(1, "0.1.0")
    by = "written by simulator 0.1.0; this is simulator 0.2.0"
    assert message == f"run = 'a.json': report_version = 1, must be 2 ({by})"
    assert hint == "run the scenario again, or read it with simulator 0.1.0"


def test_the_error_for_a_newer_document_says_to_update() -> None:
    assert error_of(3, "9.0.0")[1] == "update the simulator, or read it with simulator 9.0.0"


@pytest.mark.parametrize("writer", [None, "", 7, ["x"]])
def test_the_error_for_a_document_without_a_writer_says_what_to_do(writer: Any) -> None:
    message, hint = error_of("1", writer)
    assert message.endswith("(by an unknown simulator; this is simulator 0.2.0)")
    assert hint == "run the scenario again, or read it with the simulator that wrote it"
