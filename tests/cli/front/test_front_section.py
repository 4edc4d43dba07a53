"""The `front` section of the configuration of `simulator serve`, and what its options change."""

from __future__ import annotations

from pathlib import Path

from simulator.cli.front.front_section import DEFAULT_HTTP_PORT, FrontSection
from simulator.cli.platform.serve_config import load_config, with_options
from simulator.edge.access_log_entry import LogFormat
from simulator.edge.live.live_settings import LiveSettings
from simulator.model.data_plane import Profile


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
