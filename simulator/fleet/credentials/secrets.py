"""Secrets: references are resolved to values of environment variables once, when a service is deployed.

A value never appears in a message, a log or an exception: it is passed from its source to the environment of instances
only. A failure of a source is reported by its error code, without its text or traceback.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import yaml

from simulator.model.resources.secret_reference import ParameterReference, Reference, SecretReference, parse_reference

FILE_BYTES_MAX: Final = 1024 * 1024
# Hint for users who give the name of a Secrets Manager secret (facts 19.2).
_BARE: Final = " (a bare name is an SSM parameter's; a secret of Secrets Manager is named by its ARN)"


class SecretsError(Exception):
    """References could not be resolved; the message lists each variable with the reason."""


class NoSecretError(Exception):
    """One reference could not be resolved. The message says why and contains no part of any value."""


class SecretSource(Protocol):
    """A source of secret values."""

    async def text(self, reference: Reference) -> str:
        """Return the whole secret or parameter.

        Raises:
            NoSecretError: if it has no value.
        """


class SecretsPlace(NamedTuple):
    """Location of a run's secrets: the file if it is set, else the AWS endpoint."""

    file: Path | None = None
    endpoint: str | None = None
    region: str = "us-east-1"

    def source(self) -> SecretSource:
        """Return a source that reads this location.

        Raises:
            ValueError: if neither is set, or the file is not usable.
        """
        if self.file is not None:
            return FileSecrets(self.file)
        if self.endpoint is not None:
            return AwsSecrets(self.endpoint, self.region)
        msg = "secrets = none, must be in a file or at an endpoint"
        raise ValueError(msg)


async def resolve(references: Mapping[str, str], source: SecretSource) -> dict[str, str]:
    """Return the value of every variable.

    Raises:
        SecretsError: if any reference is malformed or has no value; the message names every such variable.
    """
    values: dict[str, str] = {}
    problems: list[str] = []
    for variable, text in references.items():
        try:
            reference = parse_reference(text)
            values[variable] = _selected(reference, await source.text(reference))
        except (ValueError, NoSecretError) as error:
            bare = _BARE if isinstance(error, NoSecretError) and not text.startswith("arn:") else ""
            problems.append(f"{variable} ({text}): {error}{bare}")
    if problems:
        raise SecretsError("secrets could not be resolved: " + "; ".join(problems))
    return values


class FileSecrets:
    """A YAML or JSON file that maps the ARN or name of each secret and parameter to its text, or to an object.

    An object is the value of a JSON secret. If a reference requests a version, its value is looked up under the key
    `ARN::version-stage:version-id`.
    """

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            ValueError: if it is not a mapping from strings, or is too large.
        """
        self._path = path
        raw = path.read_bytes()[: FILE_BYTES_MAX + 1]
        try:
            given = yaml.safe_load(raw) if len(raw) <= FILE_BYTES_MAX else None
        except (yaml.YAMLError, UnicodeDecodeError):
            given = None  # the parser's message would contain the line, and thereby a value
        if not isinstance(given, dict) or not all(isinstance(name, str) for name in given):
            msg = (
                f"secrets_file = {str(path)!r}, must be a YAML or JSON mapping from references to values, at most 1 MiB"
            )
            raise ValueError(msg)
        self._values: dict[str, Any] = given

    async def text(self, reference: Reference) -> str:
        name = reference.arn if isinstance(reference, SecretReference) else reference.name
        if isinstance(reference, SecretReference) and (reference.version_stage or reference.version_id):
            name = f"{name}::{reference.version_stage}:{reference.version_id}"
        if name not in self._values:
            msg = f"{self._path} has no {name}"
            raise NoSecretError(msg)
        value = self._values[name]
        return value if isinstance(value, str) else json.dumps(value)


class AwsSecrets:
    """A source that reads Secrets Manager and SSM at an AWS-compatible endpoint.

    Credentials come from botocore's usual sources (environment, profile). `region` applies to references that contain
    none.
    """

    def __init__(self, endpoint: str, region: str) -> None:
        from aiobotocore.session import get_session  # noqa: PLC0415 half a second of import for who needs it

        self._session: Any = get_session()
        self._endpoint = endpoint
        self._region = region

    async def text(self, reference: Reference) -> str:
        if isinstance(reference, ParameterReference):
            given = await self._ask("ssm", reference, "get_parameter", {"Name": reference.name, "WithDecryption": True})
            return str(given["Parameter"]["Value"])
        request = {
            "SecretId": reference.arn,
            "VersionStage": reference.version_stage,
            "VersionId": reference.version_id,
        }
        given = await self._ask(
            "secretsmanager", reference, "get_secret_value", {name: value for name, value in request.items() if value}
        )
        if "SecretString" not in given:
            msg = "it is binary, but a variable must be text"
            raise NoSecretError(msg)
        return str(given["SecretString"])

    async def _ask(self, service: str, reference: Reference, call: str, request: Mapping[str, Any]) -> Any:
        from aiobotocore.config import AioConfig  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            async with self._session.create_client(
                service,
                region_name=reference.region or self._region,
                endpoint_url=self._endpoint,
                config=AioConfig(connect_timeout=5, read_timeout=10, retries={"max_attempts": 1}),
            ) as client:
                return await getattr(client, call)(**request)
        except ClientError as error:
            msg = f"{self._endpoint} answers {error.response.get('Error', {}).get('Code', 'an error')}"
            raise NoSecretError(msg) from None  # do not chain: the cause may contain the request
        except (BotoCoreError, OSError) as error:
            msg = f"{self._endpoint} cannot be reached: {type(error).__name__}"
            raise NoSecretError(msg) from None


def _selected(reference: Reference, text: str) -> str:
    """Return the member that the reference's json-key selects; without a json-key, the whole secret (facts 8)."""
    if isinstance(reference, ParameterReference) or not reference.json_key:
        return text
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict) or reference.json_key not in given:
        msg = f"it is not a JSON object with the key {reference.json_key!r}"
        raise NoSecretError(msg) from None
    value = given[reference.json_key]
    return value if isinstance(value, str) else json.dumps(value)
