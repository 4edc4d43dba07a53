"""The build instructions for a source, from apprunner.yaml or from the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from simulator.builds.artifact import CodeValues
from simulator.builds.config.file import PORT_VARIABLE, ConfigFile
from simulator.builds.runtimes import RUNTIMES, BuildKind, Runtime


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """How to build and run a source.

    `version`: the value of `runtime-version`. `build_variables` are set only for the build, `variables` only for the
    application. `notes`: log lines about parts of the file that have no effect.
    """

    runtime: Runtime
    build: tuple[str, ...]
    start: str
    port: int
    pre_build: tuple[str, ...] = ()
    post_build: tuple[str, ...] = ()
    pre_run: tuple[str, ...] = ()
    version: str | None = None
    port_variable: str = ""
    build_variables: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @classmethod
    def of_file(cls, config: ConfigFile) -> Self:
        runtime, commands, run = config.of_runtime, config.build.commands, config.run
        return cls(
            runtime,
            commands.build,
            run.command,
            int(run.network.port),
            pre_build=commands.pre_build,
            post_build=commands.post_build,
            pre_run=run.pre_run,
            version=run.runtime_version,
            port_variable=run.network.env if run.network.env and run.network.env != PORT_VARIABLE else "",
            build_variables={each.name: each.value for each in config.build.env},
            variables={each.name: each.value for each in run.env if each.name != PORT_VARIABLE},
            secrets={each.name: each.value_from for each in run.secrets},
            notes=_without_effect(config),
        )

    @classmethod
    def of_values(cls, values: CodeValues) -> Self:
        """Make a build plan from the API's values, which have at most one build command and one start command."""
        return cls(
            RUNTIMES[values.runtime],
            (values.build_command,) if values.build_command else (),
            values.start_command,
            values.port,
            variables=values.variables,
            secrets=values.secrets,
        )

    @property
    def commands(self) -> tuple[str, ...]:
        """All build commands, in the order of their first run."""
        return (*self.pre_build, *self.build, *(self.pre_run if self.is_revised else ()), *self.post_build)

    @property
    def is_revised(self) -> bool:
        return self.runtime.kind is BuildKind.REVISED

    def inputs(self) -> dict[str, Any]:
        """Return the part of the build plan that determines what is built; the rest determines how it runs."""
        return {
            "runtime": self.runtime.name,
            "pre-build": self.pre_build,
            "build": self.build,
            "post-build": self.post_build,
            "pre-run": self.pre_run if self.is_revised else (),
            "variables": dict(self.build_variables),
        }


def _without_effect(config: ConfigFile) -> tuple[str, ...]:
    run, notes = config.run, list[str]()
    if run.network.env == PORT_VARIABLE:
        notes.append(f"run.network.env: {PORT_VARIABLE} changes nothing: {PORT_VARIABLE} has the port anyway.")
    if any(each.name == PORT_VARIABLE for each in run.env):
        port = run.network.port
        notes.append(f"{PORT_VARIABLE} in run.env has no effect: {PORT_VARIABLE} is that of run.network, {port}.")
    return tuple(notes)
