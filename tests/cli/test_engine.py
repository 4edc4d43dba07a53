"""Where the command line searches the container engine."""

from __future__ import annotations

import pytest
import typer

from simulator.cli.engine import engine_host


def test_the_option_comes_before_the_environment_and_that_before_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    assert engine_host(None) == "unix:///var/run/docker.sock"
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")
    assert engine_host(None) == "tcp://127.0.0.1:2375"
    assert engine_host("unix:///run/other.sock") == "unix:///run/other.sock"


@pytest.mark.parametrize("url", ["ssh://host", "/var/run/docker.sock", "tcp://host", "unix://relative", "tcp://:2375"])
def test_an_invalid_engine_address_is_bad_input(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught:
        engine_host(url)
    assert caught.value.exit_code == 2
    assert f"engine = '{url}', must be unix:///path/of/its/socket or tcp://host:port" in capsys.readouterr().err
