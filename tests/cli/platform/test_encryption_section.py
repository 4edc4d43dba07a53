"""KMS keys in the configuration of `simulator serve`."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.cli.platform.serve_config import load_config
from simulator.scenario.problems import ScenarioError


@pytest.mark.parametrize(
    ("text", "has_copies"), [("version: 1", False), ("encryption: {kms_endpoint: 'http://127.0.0.1:5555'}", True)]
)
def test_copies_are_encrypted_where_an_endpoint_has_the_keys(tmp_path: Path, text: str, has_copies: bool) -> None:
    file = tmp_path / "serve.yaml"
    file.write_text(text, encoding="utf-8")
    copies = load_config(file).serving(tmp_path, "unix:///engine").applications.copies
    assert (copies is not None) is has_copies


def test_an_endpoint_is_a_url(tmp_path: Path) -> None:
    file = tmp_path / "serve.yaml"
    file.write_text("encryption: {kms_endpoint: moto}", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"encryption\.kms_endpoint = moto"):
        load_config(file)
