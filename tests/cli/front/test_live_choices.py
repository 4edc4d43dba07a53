"""Settings of the configuration of `serve` for single services, as observed by clients."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from tests.cli.front.asking import Asked
from tests.cli.platform.test_serve import serving

CONFIG = """
applications: {hello: {simulated: {}}}
front:
  access_log: all.log
  services: {hello: {access_log: hello.log, websocket: true}}
"""
UPGRADE = {"connection": "upgrade", "upgrade": "websocket"}


def test_a_service_has_its_own_log_and_the_headers_are_as_chosen(tmp_path: Path) -> None:
    config, state = tmp_path / "serve.yaml", tmp_path / "state"
    config.write_text(CONFIG, encoding="utf-8")
    with serving(state, "--config", str(config), "--front-profile", "plain") as served:
        service = Asked(served, state)
        answer = service.get("/front")
        assert (answer.status, answer.headers["x-envoy-upstream-service-time"]) == (200, None)
        assert service.get("/chat", **UPGRADE).status != 403
        service.host = "nowhere.example"
        assert service.get("/lost").status == 404
        served.process.send_signal(signal.SIGINT)
        served.process.wait()
    lines = [json.loads(line) for line in (tmp_path / "hello.log").read_text().splitlines()]
    assert [line["path"] for line in lines] == ["/front", "/chat"]
    assert [json.loads(line)["path"] for line in (tmp_path / "all.log").read_text().splitlines()] == ["/lost"]
