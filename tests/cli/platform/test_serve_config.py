"""The configuration file of `simulator serve` as settings, in addition to the tests of its sections."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.cli.platform.serve_config import load_config


@pytest.mark.case("P8")
@pytest.mark.parametrize(
    ("text", "allowed_s"),
    [
        ("version: 1", 60.0),
        ("time: {profile: app-runner, factor: 0.01}", 300.0),
        ("instances: {startup_allowance: 20s}", 20.0),
        ("time: {profile: app-runner}\ninstances: {startup_allowance: 20s}", 20.0),
    ],
)
def test_the_time_profile_sets_the_start_timeout_unless_the_file_does(
    tmp_path: Path, text: str, allowed_s: float
) -> None:
    file = tmp_path / "serve.yaml"
    file.write_text(text, encoding="utf-8")
    assert load_config(file).serving(tmp_path, "unix:///engine").workload.startup_allowance_s == allowed_s


@pytest.mark.case("P1")
@pytest.mark.parametrize(("text", "settle_s"), [("version: 1", 5.0), ("instances: {settle: 0s}", 0.0)])
def test_the_time_that_a_new_version_must_stay_healthy_is_a_setting(tmp_path: Path, text: str, settle_s: float) -> None:
    file = tmp_path / "serve.yaml"
    file.write_text(text, encoding="utf-8")
    assert load_config(file).serving(tmp_path, "unix:///engine").workload.settle_s == settle_s
