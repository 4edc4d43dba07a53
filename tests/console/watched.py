"""A watched run for tests: the console's server, the run in a thread of its own, and a client of both."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from simulator.console.report.html import report_page
from simulator.console.run_console import RunConsole
from simulator.replay.runner import InterruptedRun, Run, play
from simulator.report.report import build_report
from simulator.report.schema import Report
from simulator.scenario.scenario import ScenarioSpec, load_scenario
from simulator.world.clock import wall_s
from simulator.world.playback import Playback

PATIENCE_S = 60.0


@dataclass
class Watched:
    """A console whose run is in progress. `report` exists when the run has ended."""

    console: RunConsole
    playback: Playback
    ended: threading.Event = field(default_factory=threading.Event)
    report: Report | None = None

    @property
    def port(self) -> int:
        return int(self.console.url.split(":")[2].split("/")[0])

    @property
    def token(self) -> str:
        return self.console.url.split("token=")[1]

    def request(self, method: str, path: str, body: bytes = b"", **fields: str) -> tuple[int, bytes]:
        """Send a request. `fields`: header fields, with `_` for `-`."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            names = {name.replace("_", "-"): value for name, value in fields.items()}
            connection.request(method, path, body or None, names)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def act(self, **act: Any) -> tuple[int, dict[str, Any]]:
        """Send a command like the page."""
        status, body = self.request(
            "POST",
            "/act",
            json.dumps(act).encode(),
            content_type="application/json",
            x_console_token=self.token,
            origin=f"http://127.0.0.1:{self.port}",
            sec_fetch_site="same-origin",
        )
        return status, json.loads(body)

    def events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield (kind, data) of the feed, endlessly."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.request("GET", "/feed")
            answer = connection.getresponse()
            kind = ""
            for raw in answer:
                line = raw.decode().rstrip("\n")
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    yield kind, json.loads(line.removeprefix("data: "))

    def done(self) -> list[str]:
        """Return what any client has done to the run so far."""
        rows = self.until("facts")["rows"]  # the first message has all of them
        return [row.get("action", row["k"]) for row in rows if row["k"] in {"act", "configuration"}]

    def until(self, wanted: str, holds: Any = lambda _: True) -> dict[str, Any]:
        """Return the first message of that kind that satisfies the condition."""
        for kind, data in self.events():
            if kind == wanted and holds(data):
                return data
        message = f"the feed has ended without {wanted}"
        raise AssertionError(message)


@contextlib.contextmanager
def watched(scenario: ScenarioSpec, speed: float = 1.0) -> Iterator[Watched]:
    """Play the scenario in virtual time at `speed` once a page is open. The run is ended at the end of the block."""
    playback = Playback(wall_s, speed)
    with RunConsole(0, playback) as console:
        case = Watched(console, playback)
        run = Run(scenario, playback=playback)
        console.attach(run)

        def work() -> None:
            try:
                record = play(run, signals=False)
            except InterruptedRun:  # no page was opened
                return
            case.report = build_report(record)
            console.finish(report_page(case.report, record), case.report.verdict)
            case.ended.set()

        thread = threading.Thread(target=work)
        thread.start()
        assert console.begun.wait(PATIENCE_S)
        try:
            yield case
        finally:
            console.stop_run()
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def scenario_of(text: str, folder: Path) -> ScenarioSpec:
    path = folder / "watched.yaml"
    path.write_text(text, encoding="utf-8")
    return load_scenario(path)
