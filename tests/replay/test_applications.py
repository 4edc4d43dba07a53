"""The application of a scenario file, as the driver of each clock launches it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simulator.fleet.docker.config import DockerApplication
from simulator.fleet.process.environment import ProcessApplication
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.replay.applications import application_of, simulated_part
from simulator.scenario.sections.application_spec import ApplicationSpec
from simulator.world.clock import ClockKind
from simulator.world.distributions import Constant

SIMULATED = {"io": "100ms"}
PROCESS = {"command": "true --now", "environment": {"A": 1}}
CONTAINER = {"image": "web", "command": "true", "port": 3000}


def section(**given: Any) -> ApplicationSpec:
    return ApplicationSpec.model_validate(given)


@pytest.mark.parametrize("real", [{}, {"process": PROCESS}, {"container": CONTAINER}])
def test_virtual_time_runs_the_simulated_application(real: dict[str, Any]) -> None:
    given = section(simulated=SIMULATED, **real)
    application = application_of(given, ClockKind.VIRTUAL, Constant(0.5))
    assert isinstance(application, SimulatedApplication)
    assert (application.io.mean, application.wake) == (0.1, Constant(0.5))
    assert (simulated_part(given, ClockKind.REAL) is None) == bool(real)


def test_real_time_runs_the_real_application() -> None:
    given = section(simulated=SIMULATED, process=PROCESS)
    assert application_of(given, ClockKind.REAL) == ProcessApplication(("true", "--now"), {"A": "1"}, Path())
    given = section(simulated=SIMULATED, container=CONTAINER)
    assert application_of(given, ClockKind.REAL) == DockerApplication("web", ("true",), {}, 3000, "DEFAULT")


def test_real_time_runs_the_simulated_application_if_there_is_no_other() -> None:
    assert isinstance(application_of(section(simulated=SIMULATED), ClockKind.REAL), SimulatedApplication)


def test_source_code_that_was_not_built_is_rejected(tmp_path: Path) -> None:
    given = ApplicationSpec.model_validate({"source_code": {"folder": "."}}, context={"folder": tmp_path})
    with pytest.raises(ValueError, match="must be left out where source code is not built"):
        application_of(given, ClockKind.REAL)
