"""Scale-outs and deployments of a simulated application with an image, on both backends of virtual time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.lab.compiled.compiled_backend import compiled_run
from simulator.model.instance import InstanceState
from simulator.records.events import EventLogged, InstanceMoved
from simulator.replay.runner import Run, play
from simulator.report.report import RunRecord
from simulator.scenario.scenario import read_scenario

TEXT = """
duration: 4 min
services:
  web:
    min_size: 1
    max_size: 5
    policy: {{name: scheduled, schedule: [{{at: 0s, instances: 1}}, {{at: 20s, instances: 3}},
      {{at: 90s, instances: 1}}, {{at: 140s, instances: 3}}]}}
    application: {{simulated: {{start_up: 2s, io: 10ms{image}}}}}
traffic: [{{clock: {{rate: 1/s}}}}]
{more}
"""
IMAGE = "layers: {base: 100 MB, app: 50 MB}, bandwidth: 10 MB/s"
DEPLOY = """
timeline:
  - at: 100s
    deploy:
      application: {simulated: {start_up: 2s, io: 10ms, image: {layers: {base: 100 MB, app-2: 20 MB}, PLACED}}}
"""


def played(image: str, backend: Callable[[Any], Run] = Run, more: str = "") -> RunRecord:
    given = f", image: {{{image}}}" if image else ""
    return play(backend(read_scenario(TEXT.format(image=given, more=more))))


def ready_s(record: RunRecord) -> dict[int, float]:
    """When each instance was launched."""
    return {
        event.instance: round(float(event.at_s), 3)
        for event in record.events
        if isinstance(event, InstanceMoved) and event.after is InstanceState.STARTING and event.at_s > 0
    }


def lines(record: RunRecord) -> list[str]:
    return [event.line for event in record.events if isinstance(event, EventLogged) and "image ready" in event.line]


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param(Run, id="event-loop"),
        pytest.param(compiled_run, id="compiled", marks=pytest.mark.slow),  # compiles the kernel
    ],
)
@pytest.mark.parametrize(
    ("placed", "pulls_s"),
    [
        ("", [15, 15, 15, 15]),
        (", placement: spread, machines: 1", [0, 0, 0, 0]),
        (", placement: spread, machines: 3", [15, 15, 0, 0]),
        (", placement: spread, machines: 3, keep: 10s", [15, 15, 15, 15]),
        (", placement: pack, per_machine: 2", [0, 15, 0, 0]),
    ],
)
def test_each_scale_out_waits_for_the_layers_that_its_machines_lack(
    placed: str, pulls_s: list[float], backend: Callable[[Any], Run]
) -> None:
    plain, pulling = (ready_s(played(image, backend)) for image in ("", IMAGE + placed))
    assert list(pulling) == list(plain) == [2, 3, 4, 5]
    assert [pulling[number] - plain[number] for number in plain] == pytest.approx(pulls_s)


def test_a_deployed_version_pulls_the_layers_that_machines_lack() -> None:
    placed = "placement: spread, machines: 1"
    record = played(f"{IMAGE}, {placed}", more=DEPLOY.replace("PLACED", f"bandwidth: 10 MB/s, {placed}"))
    assert any("2.00 s, 20.0 MB of 120 MB pulled" in line for line in lines(record)), lines(record)
