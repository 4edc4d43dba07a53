"""Registries in the configuration of `simulator serve`."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.cli.platform.serve_config import load_config
from simulator.fleet.registries.registry_map import RegistryPlace
from simulator.model.images import ImageIdentifier
from simulator.scenario.problems import ScenarioError

FILE = """
registries:
  111122223333.dkr.ecr.us-east-1.amazonaws.com: http://127.0.0.1:5000/mine
  "*.dkr.ecr.*.amazonaws.com":
    url: https://registry.example
    username: me
    password: hunter2
    sts_endpoint: http://127.0.0.1:5555
    ecr_endpoint: http://127.0.0.1:5556
"""


def test_a_registry_is_a_url_or_a_section_and_reaches_deployments_and_pushes(tmp_path: Path) -> None:
    file = tmp_path / "serve.yaml"
    file.write_text(FILE, encoding="utf-8")
    config = load_config(file)
    assert "hunter2" not in repr(config)
    serving = config.serving(tmp_path, "unix:///engine")
    assert serving.control.registries is serving.applications.registries
    place = serving.applications.registries.place
    own, other = (
        ImageIdentifier(f"{account}.dkr.ecr.us-east-1.amazonaws.com/app:1") for account in ("111122223333", "9" * 12)
    )
    assert place(own) == RegistryPlace("http://127.0.0.1:5000/mine")
    assert place(other) == RegistryPlace(
        "https://registry.example", "me", "hunter2", "http://127.0.0.1:5555", "http://127.0.0.1:5556"
    )
    assert place(ImageIdentifier("public.ecr.aws/alias/app:1")) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("docker.io: http://127.0.0.1:5000", "registries = docker.io, must be a registry: 111122223333.dkr.ecr"),
        ("all: 127.0.0.1:5000", "127.0.0.1:5000, must be a URL: one such as http://127.0.0.1:5000"),
        ("all: {url: 'http://127.0.0.1:5000', username: me}", "username and password must be given together"),
        (
            "all: {url: 'http://127.0.0.1:5000', usrname: me}",
            "ecr_endpoint; did you mean `username`?",
        ),
        ("all: {url: 'http://127.0.0.1:5000', sts_endpoint: moto}", "registries.all.sts_endpoint"),
    ],
)
def test_an_error_names_the_registry_and_what_is_expected(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "serve.yaml"
    file.write_text(f"registries:\n  {text}\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_config(file)
    assert message in str(caught.value)


def test_a_wrong_password_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "serve.yaml"
    file.write_text("registries: {all: {url: 'http://127.0.0.1:5000', password: [hunter2]}}\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"registries\.all\.password") as caught:
        load_config(file)
    assert "hunter2" not in str(caught.value)
