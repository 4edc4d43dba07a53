"""The result of a tuning as a document: it is read as it was written, and other documents are rejected by name."""

from pathlib import Path

import pytest

from simulator.lab.tune.result import read_tune, tune_json
from simulator.model.text.versions import OtherVersion
from tests.lab.tune.results import result, setting


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "tune.json"
    given = result()
    file.write_text(tune_json(given))
    assert read_tune(file) == given


def test_without_a_choice_the_best_is_the_nearest() -> None:
    nearest = setting(200.0, holds=False, max_concurrency=10)
    given = result(choice=None, nearest=nearest)
    assert given.best is nearest
    assert result().best == setting(100.0, max_concurrency=40, min_size=2)


def test_another_version_is_named(tmp_path: Path) -> None:
    file = tmp_path / "tune.json"
    file.write_text(tune_json(result()).replace('"tune_version": 1', '"tune_version": 9'))
    with pytest.raises(OtherVersion, match="tune_version = 9, must be 1"):
        read_tune(file)


@pytest.mark.parametrize("text", ["", "[]", '{"comparison_version": 3}'])
def test_other_documents_are_rejected_with_the_file(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"other\.json'.*simulator tune --json"):
        read_tune(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.json.*can be read"):
        read_tune(tmp_path / "none.json")
