"""SourceConfiguration of a create or update request: validated, with defaults, merged with the current one."""

from __future__ import annotations

import re
from typing import Any, Final

from simulator.control.rejections import invalid
from simulator.model.resources.runtime_support import is_supported
from simulator.model.resources.secret_reference import parse_reference
from simulator.model.resources.service_configuration import PORT, Block

_RESERVED_PREFIX: Final = "AWSAPPRUNNER"  # facts 1.6
_PORT: Final = re.compile(r"^[1-9][0-9]{0,4}\Z")
_PORT_MAX: Final = 65535
_PUBLIC: Final = "public.ecr.aws/"
_KINDS: Final = ("CodeRepository", "ImageRepository")


def completed_source(given: Block, before: Block | None, *, account: str, now: float) -> Block:
    """Return the complete SourceConfiguration; `before` is the service's current one, None for a new service.

    Raises:
        ApiError: InvalidRequestException.
    """
    # ASSUMPTION: an update that names a repository replaces its block; only CodeConfiguration, which is required on
    # create only (facts 1.6), AuthenticationConfiguration and AutoDeploymentsEnabled stay if they are not named. An
    # update on AWS with only a part of ImageConfiguration would settle it.
    kind = _kind_of(given, before)
    if kind == "ImageRepository":
        return _image_source(given, before, account)
    repository = _code_repository(given.get(kind), (before or {}).get(kind), new=before is None, now=now)
    return _without_nothing(
        {
            "CodeRepository": repository,
            "AutoDeploymentsEnabled": _kept("AutoDeploymentsEnabled", given, before, True),
            "AuthenticationConfiguration": _kept("AuthenticationConfiguration", given, before, None),
        }
    )


def _kind_of(given: Block, before: Block | None) -> str:
    named = [kind for kind in _KINDS if kind in given]
    if before is None:
        if len(named) != 1:
            raise invalid("SourceConfiguration must have either CodeRepository or ImageRepository, and not both.")
        return named[0]
    own = next(kind for kind in _KINDS if kind in before)
    if any(kind != own for kind in named):
        raise invalid(f"SourceConfiguration must have {own}: a service stays with code or with an image.")
    return own


# --- images ----------------------------------------------------------------------------------------------------------


def _image_source(given: Block, before: Block | None, account: str) -> Block:
    repository = given["ImageRepository"] if "ImageRepository" in given else (before or {})["ImageRepository"]
    identifier, public = repository["ImageIdentifier"], repository["ImageRepositoryType"] == "ECR_PUBLIC"
    if public is not identifier.startswith(_PUBLIC):
        raise invalid(
            f"ImageRepositoryType = {repository['ImageRepositoryType']}, must be "
            f"{'ECR' if public else 'ECR_PUBLIC'} for the image {identifier}."
        )
    authentication = _image_authentication(given, before, public=public)
    return _without_nothing(
        {
            "ImageRepository": repository | _image_settings(repository.get("ImageConfiguration")),
            "AutoDeploymentsEnabled": _image_deploys(given, before, identifier, account),
            "AuthenticationConfiguration": authentication,
        }
    )


def _image_authentication(given: Block, before: Block | None, *, public: bool) -> Block | None:
    role = given.get("AuthenticationConfiguration", {}).get("AccessRoleArn")
    if public:
        if role is not None:
            raise invalid("AuthenticationConfiguration.AccessRoleArn must not be given for an image of ECR Public.")
        return None
    authentication: Block | None = _kept("AuthenticationConfiguration", given, before, None)
    if not (authentication or {}).get("AccessRoleArn"):
        raise invalid("AuthenticationConfiguration.AccessRoleArn must be given for an image of ECR.")
    return authentication


def _image_deploys(given: Block, before: Block | None, identifier: str, account: str) -> bool:
    """Return whether the image is deployed automatically, possible only with the account's own ECR (facts 6.7, 7)."""
    possible = identifier.startswith(f"{account}.dkr.ecr.")
    if given.get("AutoDeploymentsEnabled") and not possible:
        if identifier.startswith(_PUBLIC):
            raise invalid(
                "App Runner doesn't support automatic deployments for an image in an ECR Public repository.",
                hint="AutoDeploymentsEnabled must be false",
            )
        # ASSUMPTION: this text; AWS's is not public. A request with another account's image would settle it.
        raise invalid("AutoDeploymentsEnabled = true, must be false for an image of another account's ECR.")
    return possible and bool(_kept("AutoDeploymentsEnabled", given, before, True))


# --- source code -----------------------------------------------------------------------------------------------------


def _code_repository(given: Block | None, before: Block | None, *, new: bool, now: float) -> Block:
    repository: Block = given if given is not None else (before or {})
    if not repository["RepositoryUrl"]:
        raise invalid("CodeRepository.RepositoryUrl must not be empty.")
    if not repository["SourceCodeVersion"]["Value"]:
        raise invalid("CodeRepository.SourceCodeVersion.Value must be the name of a branch.")
    directory = repository.get("SourceDirectory", "/")
    if not directory.startswith("/") or ".." in directory.split("/"):
        raise invalid(f"SourceDirectory = {directory!r}, must be an absolute path within the repository.")
    code = repository.get("CodeConfiguration") or (before or {}).get("CodeConfiguration")
    if code is None:
        raise invalid("CodeRepository.CodeConfiguration must be given for a new service.")
    if code["ConfigurationSource"] == "API":
        values = code.get("CodeConfigurationValues")
        if values is None:
            raise invalid("CodeConfigurationValues must be given when ConfigurationSource is API.")
        if new and not is_supported(values["Runtime"], now):
            raise invalid(f"Runtime = {values['Runtime']}, must be a supported one: its end of support has passed.")
        code = code | {"CodeConfigurationValues": _run_settings(values)}
    return repository | {"CodeConfiguration": code}


# --- common to both kinds --------------------------------------------------------------------------------------------


def _image_settings(given: Block | None) -> Block:
    # ASSUMPTION: responses omit it until it is set, because otherwise Terraform, whose block is optional and not
    # computed, would plan to remove it. Describing a service that was created without it would settle it.
    return {} if given is None else {"ImageConfiguration": _run_settings(given)}


def _run_settings(given: Block) -> Block:
    # ASSUMPTION: no limit on the number of variables: the limit of 50 is documented for the console only (facts 19.2,
    # roadmap#29). A CreateService with 51 would settle it.
    settings: Block = {"Port": PORT} | given
    if not _PORT.match(settings["Port"]) or int(settings["Port"]) > _PORT_MAX:
        raise invalid(f"Port = {settings['Port']!r}, must be 1 to {_PORT_MAX}.")
    variables = settings.get("RuntimeEnvironmentVariables", {})
    secrets = settings.get("RuntimeEnvironmentSecrets", {})
    for name in (*variables, *secrets):
        if name.startswith(_RESERVED_PREFIX) or name == "PORT":
            raise invalid(f"The name {name!r} of an environment variable is reserved.")
    for name, reference in secrets.items():
        # ASSUMPTION: it is rejected; facts 8 has nothing about a name that is in both.
        if name in variables:
            raise invalid(f"{name!r} must be either in RuntimeEnvironmentVariables or in RuntimeEnvironmentSecrets.")
        try:
            parse_reference(reference)
        except ValueError as error:
            raise invalid(f"RuntimeEnvironmentSecrets.{name}: {error}") from error
    return settings


def _kept(member: str, given: Block, before: Block | None, default: Any) -> Any:
    if given.get(member) is not None:
        return given[member]
    return (before or {}).get(member, default)


def _without_nothing(block: Block) -> Block:
    return {name: value for name, value in block.items() if value is not None}
