"""The image of a service in its registry: it is found and pulled into the engine; failures get App Runner's wording.

The version of a revision is the image's name with its digest. The image that the engine has under this name is App
Runner's copy, with which a paused service resumes without its registry. If the engine no longer has it, it is pulled
again.
"""

from __future__ import annotations

from typing import Final, Protocol

from simulator.control.operations.workload import ServiceRevision, WorkloadFailed, copy_failed
from simulator.fleet.credentials.assumed_role import NoCredentialsError
from simulator.fleet.docker.engine import Engine, EngineRejected, Image
from simulator.fleet.registries.image_pull import FoundImage, ImageTooLarge, find_image, pull_image
from simulator.fleet.registries.registry_client import RegistryFailure, RegistryRejected
from simulator.fleet.registries.registry_map import RegistryPlace
from simulator.model.images import ImageIdentifier

INVALID_ROLE: Final = "Invalid Access Role in AuthenticationConfiguration."
NO_IMAGE: Final = "ECR image doesn't exist."

_PREFIX: Final = "[AppRunner] "  # prefix of the lines of the deployment log


class PullSteps(Protocol):
    """Receives the progress of a pull."""

    def pulls(self, size_bytes: int) -> None: ...

    def log(self, line: str) -> None: ...


async def pulled_image(
    engine: Engine, place: RegistryPlace, revision: ServiceRevision, identifier: ImageIdentifier, steps: PullSteps
) -> tuple[Image, str]:
    """Pull the image to which the identifier refers now, or that of the revision's version. Return image and version.

    Raises:
        WorkloadFailed: if it cannot be pulled, with the line of App Runner's log and another line with the reason.
        EngineGone: if the engine does not answer.
    """
    if "@" in revision.version:
        identifier = ImageIdentifier(f"{identifier.text.partition('@')[0]}@{revision.version.partition('@')[2]}")
    found = await _found(place, revision, identifier)
    steps.pulls(found.resolved.size_bytes)
    if found.is_foreign:  # App Runner pulls it, and it crashes at the start (facts 5.2)
        steps.log(f"{_PREFIX}The image is for {found.resolved.platform}, and App Runner runs linux/amd64.")
    try:
        image = await pull_image(engine, found, lambda line: steps.log(_PREFIX + line))
    except ImageTooLarge as error:
        raise copy_failed(f"{error}.") from error
    except EngineRejected as error:
        raise copy_failed(f"the engine cannot pull {found.name}: {error}.") from error
    return image, found.name


async def _found(place: RegistryPlace, revision: ServiceRevision, identifier: ImageIdentifier) -> FoundImage:
    try:
        return await find_image(place, identifier, revision.configuration.access_role_arn)
    except NoCredentialsError as error:
        raise _failed(INVALID_ROLE if error.is_denied else f"{error}.", error) from error
    except RegistryRejected as error:
        raise _failed(_reason(error), error) from error
    except ImageTooLarge as error:
        raise copy_failed(f"{error}.") from error


def _failed(reason: str, error: Exception) -> WorkloadFailed:
    """Return the failure with App Runner's reason, followed by the registry's answer if that differs."""
    answer = f"{error}."
    return copy_failed(reason, *((answer,) if answer != reason else ()))


def _reason(error: RegistryRejected) -> str:
    """Return App Runner's reason for an error answer of a registry."""
    if error.failure is RegistryFailure.MISSING:
        return NO_IMAGE
    # ASSUMPTION: a role that may be assumed but not pull gets the text of a role that may not be assumed: users report
    # it for both (facts 19.6). Settled by a role without ecr:BatchGetImage.
    return INVALID_ROLE if error.failure is RegistryFailure.DENIED else f"{error}."
