"""`simulator observe` on real targets: a process, an image, a folder, and an interrupt.

The machine may be busy, so the tests require what a busy machine cannot change: which requests are in the file, what
CPU time a request takes at least, and that nothing is left behind.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from simulator.builds.dockerfile.builder import tag_of
from simulator.calibration.observation.observation import ServiceObservation
from simulator.calibration.observation.observation_file import read_observation
from simulator.calibration.observing.observer import Observer
from simulator.calibration.observing.targets.route_text import parse_routes
from simulator.calibration.observing.targets.targets import TargetSettings, parse_target, service_of
from simulator.edge.live.live_settings import LiveSettings
from simulator.fleet.process.kernel_listeners import listener_of
from simulator.model.sizes import InstanceSize
from simulator.sdk.calibration.observe import observe
from tests.live.docker_images import changed_image, shell_image
from tests.live.process_bench import has_groups
from tests.live.waiting import wait_until

pytestmark = pytest.mark.slow

PATIENCE_S = 240.0
CPU_S = 0.01
COMPUTES = f"""
import os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_GET(self):
        over_s = time.thread_time() + {CPU_S}
        while time.thread_time() < over_s:
            pass
        self.send_response(200)
        self.send_header("content-length", "3")
        self.end_headers()
        self.wfile.write(b"ok\\n")

time.sleep(0.3)
ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""
LONG_S, SLEEP_S = 0.05, 0.02
TWO_ROUTES = COMPUTES.replace(
    f"over_s = time.thread_time() + {CPU_S}",
    f"time.sleep({SLEEP_S}); over_s = time.thread_time() + ({LONG_S} if self.path == '/long' else {CPU_S})",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(COMPUTES, encoding="utf-8")
    return tmp_path


def assert_every_request_has_an_outcome(made: ServiceObservation) -> None:
    for stage in made.loads:
        requests = stage.requests
        assert len(requests) > 0
        assert requests.sent_s.max() < stage.duration_s
        assert (np.diff(requests.sent_s) >= 0).all()
        served = requests.served
        assert (requests.service_s[served] <= requests.latency_s[served] + 0.005).all()


def test_a_process_is_observed_with_its_cpu_and_its_starts(folder: Path) -> None:
    target = parse_target("python app.py")
    service = service_of(target, parse_routes(["/a:3", "/b"]), TargetSettings(InstanceSize(512, 1024)))
    live = LiveSettings(folder / "state", ejection=None)
    made = Observer(service, 1, live, rates=(10.0, 20.0), level_s=6.0).observe()
    assert_every_request_has_an_outcome(made)
    assert [stage.rate_rps for stage in made.loads] == [10.0, 20.0]
    assert len(made.starts) == 2
    for start in made.starts:
        assert start.listening_s >= 0.3
        assert start.total_s >= start.launch_s + start.listening_s - 1e-5
    assert made.machine.cores >= 1
    assert not made.is_virtual
    if has_groups():
        assert made.limits.by.startswith("cgroup")
        assert made.memory_at_rest_bytes is not None
        assert made.memory_at_rest_bytes > 1024**2
        for stage in made.loads:
            in_time = int(((stage.requests.sent_s >= stage.warm_up_s) & stage.requests.served).sum())
            assert stage.cpu_s > 0.5 * CPU_S * in_time
            assert stage.samples.cpu_s.sum() >= stage.cpu_s * 0.99
            assert not np.isnan(stage.throttled_s)


def test_requests_that_are_sent_one_at_a_time_have_the_cpu_time_of_their_route(folder: Path) -> None:
    (folder / "app.py").write_text(TWO_ROUTES, encoding="utf-8")
    routes = parse_routes(["/short:50", "/long"])
    service = service_of(parse_target("python app.py"), routes, TargetSettings(InstanceSize(1024, 2048)))
    live = LiveSettings(folder / "state", ejection=None)
    made = Observer(service, 1, live, rates=(5.0,), level_s=4.0, unloaded_s=8.0, wakes=False).observe()
    requests = made.unloaded
    assert requests is not None
    short, long = (requests.rows(requests.served & (requests.route == route)) for route in (0, 1))
    assert min(len(short), len(long)) >= 10
    # Both sleep as long; the long one computes longer. Other programs of the machine may delay a response, but not
    # the CPU time of an instance.
    assert np.median(long.latency_s) >= SLEEP_S + LONG_S
    assert np.median(short.latency_s) >= SLEEP_S + CPU_S
    if has_groups():
        assert np.median(long.cpu_s) == pytest.approx(LONG_S, rel=0.5)
        assert np.median(short.cpu_s) < 0.5 * np.median(long.cpu_s)
        assert (requests.throttled_s >= 0).all()
    else:
        assert np.isnan(requests.cpu_s).all()


def test_an_overloaded_process_is_saturated_and_loses_no_request(folder: Path) -> None:
    service = service_of(parse_target("python app.py"), parse_routes([]), TargetSettings(InstanceSize(256, 512)))
    live = LiveSettings(folder / "state", ejection=None)
    made = Observer(service, 1, live, rates=(120.0,), level_s=20.0, wakes=False).observe()
    (stage,) = made.loads
    assert_every_request_has_an_outcome(made)
    assert stage.ended_by.startswith("saturated"), stage.ended_by
    assert stage.duration_s < 20.0
    expected = stage.rate_rps * stage.duration_s
    assert len(stage.requests) == pytest.approx(expected, abs=5 * np.sqrt(expected) + 0.1 * expected)


def test_wakes_of_an_idle_process_are_observed(folder: Path) -> None:
    service = service_of(parse_target("python app.py"), parse_routes([]), TargetSettings())
    live = LiveSettings(folder / "state", ejection=None)
    made = Observer(service, 1, live, rates=(5.0,), level_s=3.0).observe()
    assert len(made.wakes) >= 3
    assert min(made.wakes) >= CPU_S * 0.9


def test_an_image_is_observed_on_the_port_that_it_exposes(folder: Path) -> None:
    image = changed_image("EXPOSE 9000", "ENV PORT=9000 BEHAVIOUR=normal")
    made = observe(image, ["/"], state=folder / "state", duration_max=20.0).data
    assert_every_request_has_an_outcome(made)
    assert made.target == f"image {image}"
    assert made.limits.by == "container engine"
    assert made.starts[0].launch_s > 0.0


def test_a_folder_with_a_dockerfile_is_built_and_observed(folder: Path) -> None:
    project = folder / "site"
    project.mkdir()
    server = 'CMD ["sh", "-c", "trap exit TERM; httpd -f -p 8000 -h /site & wait"]'
    lines = [f"FROM {shell_image()}", "COPY index.html /site/", "EXPOSE 8000", server]
    (project / "Dockerfile").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (project / "index.html").write_text("hello\n", encoding="utf-8")
    try:
        made = observe("./site", state=folder / "state", duration_max=20.0).data
    finally:
        subprocess.run(["docker", "rmi", tag_of(project)], capture_output=True, check=False)
    assert_every_request_has_an_outcome(made)
    assert made.loads[0].requests.served.all()


def simulator(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "simulator", "observe", *words, "--state", str(folder / "state")]


def test_an_interrupt_keeps_what_was_measured(folder: Path) -> None:
    command = simulator(folder, "python app.py", "-o", "shop.observation.zip")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder) as run:
        assert run.stderr is not None
        rows = (line for line in iter(run.stderr.readline, "") if line.lstrip()[:1].isdigit())
        next(rows)  # the first level has been played
        run.send_signal(signal.SIGINT)
        out, _ = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 130
    assert "written  shop.observation.zip" in out
    made = read_observation(folder / "shop.observation.zip")
    assert 1 <= len(made.loads) <= 3
    assert any(note.startswith("The observation was interrupted") for note in made.notes)


def test_a_folder_is_observed_in_one_command(folder: Path) -> None:
    project = folder / "shop"
    project.mkdir()
    shutil.move(folder / "app.py", project / "app.py")
    config = "version: 1.0\nruntime: python311\nbuild:\n  commands:\n    build:\n      - python3 -m compileall -q .\n"
    (project / "apprunner.yaml").write_text(f"{config}run:\n  command: python3 app.py\n", encoding="utf-8")
    command = simulator(folder, "shop", "--duration-max", "20s", "--route", "/x")
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    assert "level   offered" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines() if line.lstrip()[:1].isdigit())
    with zipfile.ZipFile(folder / "shop.observation.zip") as archive:
        document = json.loads(archive.read("observation.json"))
    assert document["routes"][0]["name"] == "GET /x"
    assert document["target"].startswith("folder ")
    assert "next     simulator calibrate shop.observation.zip" in done.stdout


def test_a_service_that_fails_is_an_error_that_names_the_response(folder: Path) -> None:
    command = simulator(folder, "python app.py", "--route", "POST /x", "--duration-max", "20s", "-q")
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=PATIENCE_S, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: POST /x has status 501 at 2/s, must be served: another route (--route)")
    assert not (folder / "python.observation.zip").exists()


def test_a_program_that_does_not_start_is_an_error(folder: Path) -> None:
    (folder / "app.py").write_text("raise SystemExit('no database')", encoding="utf-8")
    command = simulator(folder, "python app.py", "-q")
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=PATIENCE_S, check=False)
    assert done.returncode == 3
    assert "no database" in done.stderr


def test_a_server_that_runs_already_is_observed_and_left_alone(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    variables = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port)}  # noqa: TID251 the tests' own door
    with subprocess.Popen([sys.executable, "app.py"], cwd=folder, env=variables) as server:
        wait_until(lambda: listener_of(port) == server.pid)
        made = observe(f"http://127.0.0.1:{port}/x", state=folder / "state", duration_max=20.0).data
        assert server.poll() is None
        server.kill()
    assert_every_request_has_an_outcome(made)
    assert [route.name for route in made.routes] == ["GET /x"]
    assert (made.starts, made.wakes, made.limits.by) == ((), (), "")
    stage = made.loads[0]
    served = int(stage.settled.served.sum())
    assert stage.cpu_s > 0.5 * CPU_S * served  # from /proc, in ticks of 10 ms
    assert made.notes[0].startswith("The server ran already")
