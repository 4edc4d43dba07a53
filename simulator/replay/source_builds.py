"""Builds a scenario's applications from source code before the run begins; they then run as processes or containers.

They are built before the run so that the build does not affect the measurement. The scenario defines the duration of
builds during the run, as it does other durations (`build` of a source).
"""

from __future__ import annotations

from simulator.builds.artifact import BuildArtifact, Builder, BuildSteps, SourceDescription
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.application_spec import ApplicationSpec, ContainerSpec, ProcessSpec


def needs_builds(scenario: ScenarioSpec) -> bool:
    """Return True if an application of the scenario must be built from source code."""
    return any(given.source_code is not None for given in _applications(scenario))


async def with_builds(scenario: ScenarioSpec, builder: Builder, steps: BuildSteps) -> ScenarioSpec:
    """Return the scenario with built applications in place of source code.

    Secrets of an apprunner.yaml become those of the service, unless the scenario sets them itself.

    Raises:
        BuildFailed: if an application cannot be built.
    """
    services = {}
    for name, service in scenario.services.items():
        application, built = await _built(service.application, builder, steps)
        secrets = {**built.secrets, **service.secrets} if built is not None else service.secrets
        services[name] = service.model_copy(update={"application": application, "secrets": secrets})
    timeline = []
    for event in scenario.timeline:
        deploy = event.deploy
        if deploy is not None and deploy.application is not None:
            application, _ = await _built(deploy.application, builder, steps)
            deploy = deploy.model_copy(update={"application": application})
        timeline.append(event.model_copy(update={"deploy": deploy}))
    return scenario.model_copy(update={"services": services, "timeline": tuple(timeline)})


def _applications(scenario: ScenarioSpec) -> list[ApplicationSpec]:
    deployed = [event.deploy.application for event in scenario.timeline if event.deploy is not None]
    return [*(service.application for service in scenario.services.values()), *filter(None, deployed)]


async def _built(
    given: ApplicationSpec, builder: Builder, steps: BuildSteps
) -> tuple[ApplicationSpec, BuildArtifact | None]:
    source = given.source_code
    if source is None:
        return given, None
    built = await builder.build(
        SourceDescription(str(source.folder.absolute()), source.branch, source.directory), steps
    )
    # A built application is not a section of a file, so the rules for sections do not apply to it.
    if built.image:
        container = ContainerSpec.model_construct(
            image=built.image, command=built.command, port=built.port, environment=built.environment, egress="DEFAULT"
        )
        return given.model_copy(update={"source_code": None, "container": container}), built
    process = ProcessSpec.model_construct(
        command=built.command, environment=built.environment, working_directory=built.folder
    ).with_set_up(built.set_up)
    return given.model_copy(update={"source_code": None, "process": process}), built
