"""The `front` section of the configuration of `simulator serve`, and the options that override it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import typer

from simulator.cli.front.front_section import DEFAULT_HTTP_PORT, FrontSection
from simulator.cli.platform.serve_config import load_config, with_options
from simulator.edge.access_log_entry import LogFormat
from simulator.edge.live.live_settings import LiveSettings
from simulator.model.header_profile import Profile
from simulator.scenario.problems import ScenarioError


def live_of(folder: Path, text: str) -> LiveSettings:
    file = folder / "serve.yaml"
    file.write_text(text, encoding="utf-8")
    return load_config(file).serving(folder, "unix:///engine").front


def test_without_a_section_the_front_is_app_runners(tmp_path: Path) -> None:
    live = live_of(tmp_path, "version: 1")
    assert (live.websocket, live.profile, live.http_port, live.http_port_or_any) == (
        False,
        Profile.APP_RUNNER,
        DEFAULT_HTTP_PORT,
        True,
    )


def test_the_section_sets_what_the_options_of_run_set(tmp_path: Path) -> None:
    live = live_of(tmp_path, "front: {websocket: true, access_log_format: envoy, profile: plain, http_port: 0}")
    assert (live.websocket, live.access_log_format, live.profile) == (True, LogFormat.ENVOY, Profile.PLAIN)
    assert (live.http_port, live.http_port_or_any) == (0, False)


def test_the_log_is_beside_the_file_and_an_option_replaces_it(tmp_path: Path) -> None:
    (tmp_path / "serve.yaml").write_text("front: {access_log: requests.log}", encoding="utf-8")
    config = load_config(tmp_path / "serve.yaml")
    assert config.front.access_log == tmp_path / "requests.log"  # which need not exist
    changed = with_options(config, front_access_log=Path("other.log"), front_websocket=None)
    assert (changed.front.access_log, changed.front.websocket) == (Path("other.log"), False)
    assert FrontSection().access_log is None


SERVICES = """
front:
  access_log: all.log
  services:
    chat: {websocket: true, balancing: two-choices, access_log: chat.log}
    probe: {access_log: false}
"""


def test_single_services_have_choices_of_their_own(tmp_path: Path) -> None:
    live = live_of(tmp_path, SERVICES)
    assert (live.websocket, live.websocket_of) == (False, {"chat": True})
    config = load_config(tmp_path / "serve.yaml")
    assert config.front.balancing_of == {"chat": "two-choices"}
    assert config.serving(tmp_path, "unix:///engine").workload.balancing_of == {"chat": "two-choices"}
    with contextlib.ExitStack() as files:
        opened = config.front.with_logs(live, files, [])
        assert opened.access_log is not None
        assert opened.access_log_of.keys() == {"chat", "probe"}
        assert opened.access_log_of["probe"] is None
    assert {each.name for each in tmp_path.iterdir()} == {"serve.yaml", "all.log", "chat.log"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("access_log: serve.yaml", "--access-log = "),
        ("services: {a: {access_log: x.log}, b: {access_log: x.log}}", "front.services.b.access_log = "),
    ],
)
def test_a_log_is_a_file_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str) -> None:
    live = live_of(tmp_path, f"front: {{{text}}}")
    config = load_config(tmp_path / "serve.yaml")
    with contextlib.ExitStack() as files, pytest.raises(typer.Exit):
        config.front.with_logs(live, files, [tmp_path / "serve.yaml"])
    assert told in capsys.readouterr().err


def test_an_unknown_balancing_of_a_service_is_named_by_its_place(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"front\.services\.chat\.balancing = round-robbin, must be"):
        live_of(tmp_path, "front: {services: {chat: {balancing: round-robbin}}}")
