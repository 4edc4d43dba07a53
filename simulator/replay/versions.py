"""The versions of a scenario's services, and the application that each of them runs.

A version is an image digest or a commit. The next deployment of a service uses the newest version; a service that is
rolled back, paused or resumed keeps its version.
"""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from typing import Final

from simulator.fleet.applications import Application
from simulator.replay.applications import application_of, simulated_application, simulated_part
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.deploy_spec import DeploySpec
from simulator.scenario.sections.service_spec import ServiceSpec
from simulator.world.clock import ClockKind
from simulator.world.distributions import Constant
from simulator.world.random_streams import RandomStreams

EXIT_CODE: Final = 1  # exit code of a version that fails at its start

_NEVER: Final = Constant(1e9)  # seconds until such a version listens
_DIGEST_DIGITS: Final = 64
_COMMIT_DIGITS: Final = 40


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a service. `fails` is the value of that key of the deployment in the timeline."""

    name: str
    spec: ServiceSpec
    fails: str | None = None


class Versions:
    """The versions of all services; the newest version of a service is the last one."""

    def __init__(self, scenario: ScenarioSpec, streams: RandomStreams, clock: ClockKind) -> None:
        self._streams = streams
        self._clock = clock
        self._pushed: dict[str, list[Version]] = {}
        for name, spec in scenario.services.items():
            self._add(name, spec, None)

    def push(self, deploy: DeploySpec) -> Version:
        """Add a new version, which becomes the newest one."""
        spec = self.newest(deploy.service).spec
        if deploy.application is not None:
            spec = spec.model_copy(update={"application": deploy.application})
        return self._add(deploy.service, spec, deploy.fails)

    def knows(self, service: str) -> bool:
        return service in self._pushed

    def newest(self, service: str) -> Version:
        return self._pushed[service][-1]

    def named(self, service: str, name: str) -> Version:
        return next(version for version in self._pushed[service] if version.name == name)

    def application(self, version: Version) -> Application:
        """Return the application that instances of this version run.

        In real time a faulty version of a real application is a real process that fails.
        """
        given, wake = version.spec.application, version.spec.wake.distribution
        application = application_of(given, self._clock, wake, version.spec.throttling)
        if version.fails not in {"start", "health_check"}:
            return application
        simulated = simulated_part(given, self._clock)
        if simulated is not None:
            application = simulated_application(simulated, wake, given.downstream, version.spec.throttling)
            if version.fails == "start":
                return dataclasses.replace(application, exit_code=EXIT_CODE)
            return dataclasses.replace(application, start_up=_NEVER)
        code = f"raise SystemExit({EXIT_CODE})" if version.fails == "start" else "import signal; signal.pause()"
        from simulator.fleet.process.environment import ProcessApplication  # noqa: PLC0415 for real instances

        return ProcessApplication((sys.executable, "-c", code))

    def _add(self, service: str, spec: ServiceSpec, fails: str | None) -> Version:
        versions = self._pushed.setdefault(service, [])
        is_code = spec.source.repository is not None
        length = _COMMIT_DIGITS if is_code else _DIGEST_DIGITS
        digits = self._streams.identifier("version", service, len(versions), length=length)
        versions.append(Version(digits if is_code else f"sha256:{digits}", spec, fails))
        return versions[-1]
