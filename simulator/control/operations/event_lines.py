"""Texts of the event log, the deployment log and the EventBridge events (facts 2.4, 6.5, 9, 11.1, 11.4)."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from simulator.model.health import HEALTHY_LINE, performing_line
from simulator.model.resources.operation import OperationType
from simulator.model.resources.phase import Phase
from simulator.model.resources.service_configuration import ServiceConfiguration


@dataclass(frozen=True, slots=True)
class OperationWords:
    """Texts about one type of operation.

    `event`: the stem of EventBridge's operationStatus; the others are EventBridge's messages and log lines.
    """

    event: str
    started: str
    completed: str
    failed: str


def _words(event: str, noun: str) -> OperationWords:
    failed = f"{noun} failed. For details, see service logs."
    return OperationWords(event, f"{noun} started.", f"{noun} completed successfully.", failed)


WORDS: Final = MappingProxyType(
    {
        OperationType.CREATE_SERVICE: _words("CreateService", "Service creation"),
        OperationType.UPDATE_SERVICE: _words("UpdateService", "Service update"),
        OperationType.START_DEPLOYMENT: _words("Deployment", "Deployment"),
        OperationType.PAUSE_SERVICE: _words("PauseService", "Service pause"),
        OperationType.RESUME_SERVICE: _words("ResumeService", "Service resume"),
        OperationType.DELETE_SERVICE: _words("DeleteService", "Service deletion"),
    }
)
# follows "Service update completed successfully."
NEW_APPLICATION: Final = " New application and configuration is deployed."
NEW_CONFIGURATION: Final = " New configuration is deployed."

DEPLOYS: Final = frozenset({OperationType.CREATE_SERVICE, OperationType.UPDATE_SERVICE, OperationType.START_DEPLOYMENT})


def completed_text(operation: OperationType, *, new_application: bool) -> str:
    text = WORDS[operation].completed
    if operation is not OperationType.UPDATE_SERVICE:
        return text
    return text + (NEW_APPLICATION if new_application else NEW_CONFIGURATION)


def phase_lines(
    phase: Phase, configuration: ServiceConfiguration, *, creates: bool, port: int | None = None
) -> tuple[str, ...]:
    """Return the lines of both logs when a deployment reaches `phase`.

    `creates`: True for the service's first deployment. `port`: the port from an apprunner.yaml, which the configuration
    does not contain.
    """
    lines = _IMAGE_LINES if configuration.is_image else _SOURCE_LINES
    if phase is Phase.BEGUN and creates and not configuration.is_image and configuration.deploys_automatically:
        return ("Successfully created pipeline for automatic deployments.",)
    if phase is Phase.BUILDING:
        return lines.get(phase, ()) if _reads_file(configuration) else lines.get(phase, ())[-1:]
    if phase is Phase.PROVISIONING:
        # ASSUMPTION: the word for private services; only the line for public ones has been observed (facts 2.4).
        kind = "publicly" if configuration.is_public else "privately"
        return (f"Provisioning instances and deploying image for {kind} accessible service.",)
    if phase is Phase.HEALTH_CHECKING:
        return (performing_line(configuration.health, port or configuration.port),)
    return lines.get(phase, ())


def deployment_begins(configuration: ServiceConfiguration) -> str:
    return f"Starting to deploy your application {_what(configuration)}."


def deployment_failed(configuration: ServiceConfiguration, reason: str) -> tuple[str, ...]:
    """Return the last lines of the deployment log."""
    return (
        f"Deployment failed. Failure reason: {reason}",
        f"Failed to deploy your application {_what(configuration)}.",
    )


def _what(configuration: ServiceConfiguration) -> str:
    return "image" if configuration.is_image else "source code"


def _reads_file(configuration: ServiceConfiguration) -> bool:
    repository = configuration.repository
    return repository is not None and repository["CodeConfiguration"]["ConfigurationSource"] == "REPOSITORY"


_ROUTES: Final = {
    Phase.HEALTHY: (HEALTHY_LINE,),
    Phase.ROUTED: ("Successfully routed incoming traffic to application.",),
}
_IMAGE_LINES: Final = {
    Phase.BEGUN: ("Starting to pull your application image.",),
    Phase.SOURCE_READY: ("Successfully pulled your application image from ECR.",),
} | _ROUTES
_SOURCE_LINES: Final = {
    Phase.SOURCE_PULLED: ("Successfully pulled source code.",),
    Phase.BUILDING: (
        "Reading apprunner.yaml config file.",
        "Successfully Validate configuration file.",
        "Starting source code build.",
    ),
    Phase.SOURCE_READY: ("Successfully built your application source code.",),
} | _ROUTES
