"""`simulator fault`: faults at the services of a running `simulator serve`."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from tests.cli.front.asking import Asked
from tests.cli.platform.test_serve import ok, serving


def rejection(*words: str) -> str:
    done = CliRunner().invoke(app, ["fault", *words])
    assert done.exit_code == 2, done.output
    return done.output


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("wire_fault: {kind: latency}", "must be set: latency needs a delay"),
        ("wire_fault: {kind: latancy, delay: 1s}", "wire_fault.kind = latancy, must be "),
        ("wire_falt: {kind: reset}", "wire_falt = "),
        ("deploy: {}", "must be a known key: kill_instance, recycle, maintenance, slow_starts, fail_health_checks"),
        ("latency", "must be"),
    ],
)
def test_an_invalid_fault_is_an_error_before_a_simulator_is_called(tmp_path: Path, fault: str, told: str) -> None:
    assert told in rejection("begin", fault, "--state", str(tmp_path))


def test_without_a_simulator_there_is_nothing_to_disturb(tmp_path: Path) -> None:
    assert "no simulator runs with it" in rejection("list", "--state", str(tmp_path))
    assert "NUMBER = 'x', must be the number of a fault, or all" in rejection("end", "x", "--state", str(tmp_path))


def test_a_fault_changes_what_clients_of_serve_see(tmp_path: Path) -> None:
    config, state = tmp_path / "serve.yaml", tmp_path / "state"
    config.write_text("applications: {hello: {simulated: {}}}", encoding="utf-8")
    where = ("--state", str(state))
    with serving(state, "--config", str(config)) as served:
        service = Asked(served, state)
        assert service.get().status == 200
        assert ok("fault", "begin", "wire_fault: {kind: status, status: 418}", *where) == (
            "fault 1: hello: status 418 for 100 % of the requests\n"
        )
        assert service.get().status == 418
        ok("fault", "begin", "slow_starts: {extra: 9s, for: 1h}", *where)
        listed = ok("fault", "list", *where).splitlines()
        assert listed[0] == "fault 1: hello: status 418 for 100 % of the requests"
        assert listed[1].startswith("fault 2: hello: starts take 9s longer, for another ")
        assert "service = 'hallo'" in rejection("begin", "kill_instance: {service: hallo}", *where)
        assert "fault = 7, must be the number of an active one: 1, 2" in rejection("end", "7", *where)
        assert ok("fault", "end", "all", *where) == "hello: no more status\nhello: starts take 0ms longer\n"
        assert service.get().status == 200
        assert ok("fault", "begin", "kill_instance: {}", *where) == "hello: instance 1 killed\n"
